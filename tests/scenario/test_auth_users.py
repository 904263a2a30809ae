# SPDX-License-Identifier: MIT
"""Accounts (specification 001): list, profile, changes, roles, shutting out, removing."""
import re
import threading
import uuid

import pytest

from dais.server import build_folder

PASSWORD = "correct horse battery"


def together(*calls):
    """Runs calls side by side; their results in order."""
    results = [None] * len(calls)

    def run(i):
        results[i] = calls[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def make_users(server, prefix, count, role="attendee"):
    """Accounts that nobody logs into, by SQL: hashing would take longer than the test."""
    server.sql("INSERT INTO auth.users (email, name, role, password) SELECT "
               f"'{prefix}' || lpad(n::text, 4, '0') || '@example.org', 'Name ' || n, '{role}', '-' "
               f"FROM generate_series(1, {count}) n")


def pages(caller, **query):
    """All rows of a list, page by page."""
    rows = []
    while True:
        page = caller.get("/api/users", query=query).expect(200).json
        assert len(page["users"]) <= query["limit"]
        rows += page["users"]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


@pytest.fixture(scope="module")
def boss(accounts):
    return accounts.user(role="admin")


def test_spec001_get_api_users(accounts, boss):
    user = accounts.user()
    listed = boss.get("/api/users", query={"limit": 1}).expect(200).json["users"]
    assert listed[0] == user.get("/api/auth/me").expect(200).json
    for role in ("attendee", "speaker", "moderator"):
        accounts.user(role=role).get("/api/users").expect(403)
    accounts.api().get("/api/users").expect(401)


def test_users_are_searched_by_the_beginning_of_address_or_name(accounts, boss):
    prefix = f"q{uuid.uuid4().hex[:8]}"
    make_users(accounts, prefix, 25)
    accounts.sql(f"UPDATE auth.users SET name = '{prefix.upper()} by name' "
                 f"WHERE email = '{prefix}0003@example.org'")  # fits twice, comes once
    accounts.sql("INSERT INTO auth.users (email, name, password) VALUES "
                 f"('{uuid.uuid4().hex}@example.org', '{prefix} only by name', '-')")
    found = pages(boss, q=prefix.upper(), limit=7)
    assert len(found) == len({row["id"] for row in found}) == 26
    assert pages(boss, q=prefix + "0011", limit=7)[0]["email"] == f"{prefix}0011@example.org"
    assert pages(boss, q=prefix + "%", limit=7) == []  # no wildcard
    assert pages(boss, q=prefix, role="admin", limit=7) == []


def test_users_are_listed_by_role_and_creator_status(accounts, boss):
    prefix = f"r{uuid.uuid4().hex[:8]}"
    make_users(accounts, prefix, 12, role="speaker")
    accounts.sql("UPDATE auth.users SET creator = 'rejected' "
                 f"WHERE email LIKE '{prefix}000%'")
    speakers = pages(boss, role="speaker", limit=5)
    assert {row["role"] for row in speakers} == {"speaker"} and len(speakers) >= 12
    rejected = pages(boss, creatorStatus="rejected", limit=4)
    assert {row["creatorStatus"] for row in rejected} == {"rejected"} and len(rejected) >= 9
    both = pages(boss, role="speaker", creatorStatus="rejected", limit=4)
    assert sum(row["email"].startswith(prefix) for row in both) == 9
    boss.get("/api/users?role=root").expect(400)


def test_pages_are_stable_under_inserts(accounts, boss):
    prefix = f"s{uuid.uuid4().hex[:8]}"
    make_users(accounts, prefix, 20)
    for query in ({"limit": 5}, {"limit": 5, "q": prefix}):
        first = boss.get("/api/users", query=query).expect(200).json
        make_users(accounts, f"{prefix}-more{len(query)}", 3)
        rest = pages(boss, **query, cursor=first["next"])
        ids = [row["id"] for row in first["users"] + rest]
        assert len(ids) == len(set(ids))
        assert sum(row["email"].startswith(prefix + "0") for row in first["users"] + rest) >= 20 - 3


@pytest.mark.parametrize("cursor", ["x", "!!", "MToA", "A" * 511, "", "A" * 600])
def test_cursors_of_others_are_refused(boss, cursor):
    assert boss.get("/api/users", query={"cursor": cursor}).expect(400).json["field"] == "cursor"


def test_a_page_costs_the_same_among_many_accounts(accounts):
    make_users(accounts, f"m{uuid.uuid4().hex[:8]}", 9999)
    accounts.sql("ANALYZE auth.users")
    # The statements as they were built: a page without a search, and one of a search.
    built = (build_folder() / "plugins" / "auth.so").read_bytes()
    page = re.search(rb"SELECT [^\0]+FROM auth.users u WHERE \$1::text IS NULL AND [^\0]+", built)
    search = re.search(rb"SELECT \* FROM \(\(SELECT [^\0]+", built)
    for statement, types, values in (
            (page.group().decode(), "text, text, bigint, int", "NULL, NULL, 3000, 50"),
            (search.group().decode(), "text, text, text, text, bigint, int",
             "'zzz', NULL, NULL, '', 0, 50")):
        plan = accounts.sql(f"SET plan_cache_mode = force_generic_plan; PREPARE p({types}) AS "
                            f"{statement}; EXPLAIN (ANALYZE, BUFFERS) EXECUTE p({values})")
        lines = "\n".join(row[0] for row in plan)
        read = sum(map(int, re.findall(r"(?:hit|read)=(\d+)", lines.split("Buffers: ")[1])[:2]))
        assert "Seq Scan" not in lines and read < 30, lines


def test_spec001_get_api_users_id(accounts, boss):
    user, other = accounts.user(), accounts.user()
    path = f"/api/users/{user.user['id']}"
    public = accounts.api().get(path).expect(200).json
    assert public["name"] == user.user["name"] and public["uid"] == user.user["uid"]
    assert {"email", "role", "creatorStatus"}.isdisjoint(public)
    assert other.get(path).expect(200).json == public
    for caller in (user, boss):
        assert caller.get(path).expect(200).json["email"] == user.user["email"]
    accounts.api().get(f"/api/users/{uuid.uuid4()}").expect(404)
    accounts.api().get("/api/users/7").expect(400)


def test_spec001_put_api_users_id(accounts, boss):
    user, other = accounts.user(), accounts.user()
    path = f"/api/users/{user.user['id']}"
    body = {"name": "Zoë", "bio": "plays", "avatarUrl": "https://a.example/z.png"}
    changed = user.put(path, body).expect(200).json
    assert {key: changed[key] for key in body} == body
    assert boss.put(path, {"bio": "played"}).expect(200).json["name"] == "Zoë"
    other.put(path, body).expect(403)
    accounts.api().put(path, body).expect(401)
    boss.put(f"/api/users/{uuid.uuid4()}", body).expect(404)


@pytest.mark.parametrize("body, field", [
    ({"avatarUrl": "javascript:alert(1)"}, "avatarUrl"),
    ({"name": ""}, "name"),
    ({"bio": "x" * 1001}, "bio"),
    ({"role": "admin"}, "role"),
    ({"email": "other@example.org"}, "email"),
])
def test_bad_changes_name_the_field(accounts, boss, body, field):
    path = f"/api/users/{boss.user['id']}"
    assert boss.put(path, body).expect(400).json["field"] == field


def test_spec001_patch_api_users_id_role(accounts, boss):
    user = accounts.user()
    path = f"/api/users/{user.user['id']}/role"
    user.patch(path, {"role": "admin"}).expect(403)
    assert boss.patch(path, {"role": "admin"}).expect(200).json["role"] == "admin"
    user.soon("/api/users?limit=1", 200)
    boss.patch(path, {"role": "attendee"}).expect(200)
    user.soon("/api/users?limit=1", 403)
    assert boss.patch(path, {"role": "root"}).expect(400).json["field"] == "role"
    boss.patch(f"/api/users/{uuid.uuid4()}/role", {"role": "admin"}).expect(404)


def test_a_disabled_account_is_shut_out_until_it_is_let_in(accounts, boss):
    user = accounts.user()
    path = f"/api/users/{user.user['id']}/status"
    body = {"email": user.user["email"], "password": PASSWORD}
    assert boss.patch(path, {"status": "disabled"}).expect(200).json["disabled"] is True
    user.soon("/api/auth/me", 401)
    accounts.api().post("/api/auth/login", body).expect(403)
    accounts.api().post("/api/auth/login", {**body, "password": "wrong"}).expect(401)
    boss.patch(path, {"status": "active"}).expect(200)
    user.soon("/api/auth/me", 401)  # the session has ended for good
    accounts.api().post("/api/auth/login", body).expect(200)


def test_an_account_is_removed_with_what_is_its_own(accounts, boss):
    user, other, third = accounts.user(), accounts.user(), accounts.user()
    path = f"/api/users/{user.user['id']}"
    other.post(f"{path}/follow").expect(204)
    user.post(f"/api/users/{third.user['id']}/follow").expect(204)
    other.delete(path).expect(403)
    user.delete(path).expect(204)
    user.soon("/api/auth/me", 401)
    boss.get(path).expect(404)
    boss.delete(path).expect(404)
    for left in (other, third):
        counts = left.get(f"/api/users/{left.user['id']}").expect(200).json
        assert counts["followers"] == counts["following"] == 0
    accounts.api().post("/api/auth/register", {"email": user.user["email"], "password": PASSWORD}
                        ).expect(201)


def test_put_api_auth_password_ends_all_other_sessions(accounts):
    user = accounts.user()
    other = accounts.login(user.user["email"], PASSWORD)
    refused = user.put("/api/auth/password", {"oldPassword": "wrong", "newPassword": "new password"})
    assert refused.expect(403).json["field"] == "oldPassword"
    other.get("/api/auth/me").expect(200)
    user.put("/api/auth/password", {"oldPassword": PASSWORD, "newPassword": "new password"}).expect(200)
    other.soon("/api/auth/me", 401)
    user.get("/api/auth/me").expect(200)
    accounts.login(user.user["email"], "new password")
    accounts.api().post("/api/auth/login", {"email": user.user["email"], "password": PASSWORD}
                        ).expect(401)


def test_the_last_administrator_stays(own_server):
    server = own_server(config="workers: 2\nplugins: {auth: {}}\n")
    one, two = server.user(role="admin"), server.user(role="admin")

    def role_of(caller, target, role):
        return caller.patch(f"/api/users/{target.user['id']}/role", {"role": role}).status

    for _ in range(5):  # each takes the right from the other, at the same moment
        statuses = together(lambda: role_of(one, two, "attendee"), lambda: role_of(two, one, "attendee"))
        assert server.sql("SELECT count(*) FROM auth.users WHERE role = 'admin'") == [["1"]]
        assert 200 in statuses and set(statuses) <= {200, 401, 403, 409}
        winner, loser = (one, two) if statuses[0] == 200 else (two, one)
        assert role_of(winner, loser, "admin") == 200
    one.soon("/api/users?limit=1", 200)
    assert role_of(one, two, "attendee") == 200
    path = f"/api/users/{one.user['id']}"
    assert role_of(one, one, "moderator") == 409
    one.patch(f"{path}/status", {"status": "disabled"}).expect(409)
    one.delete(path).expect(409)
    assert server.cli("user", "role", one.user["email"], "--role", "speaker").returncode == 1
    one.get("/api/users").expect(200)


def test_dais_user_verbs(accounts):
    user = accounts.user(role="speaker")
    email = user.user["email"]
    listed = accounts.cli("user", "list", "--q", email)
    assert listed.stdout.split()[:4] == [user.user["id"], "speaker", "active", email]
    assert accounts.cli("user", "role", email, "--role", "moderator").returncode == 0
    assert user.get("/api/auth/me").expect(200).json["role"] == "moderator"
    assert accounts.cli("user", "password", email,
                        env={"DAIS_PASSWORD": "another password"}).returncode == 0
    user.soon("/api/auth/me", 401)
    again = accounts.login(email, "another password")
    assert accounts.cli("user", "disable", email).returncode == 0
    again.soon("/api/auth/me", 401)
    assert accounts.cli("user", "disable", email, "--undo").returncode == 0
    accounts.login(email, "another password")
    missing = accounts.cli("user", "disable", "nobody@example.org")
    assert missing.returncode == 1 and "no account" in missing.stderr
