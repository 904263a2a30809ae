# SPDX-License-Identifier: MIT
"""Keys for machines, and invitations."""
import threading
import uuid

import pytest

from dais import eventually

PASSWORD = "correct horse battery"


def make_key(user, scopes=("attendee",), **more):
    return user.post("/api/auth/keys", {"name": "robot", "scopes": list(scopes), **more})


def register(server, **more):
    body = {"email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD, **more}
    return server.api().post("/api/auth/register", body)


def test_a_key_is_shown_once_and_stored_as_a_hash(accounts):
    user = accounts.user()
    key = make_key(user).expect(201).json
    assert key["key"].startswith("dais_") and key["scopes"] == ["attendee"]
    listed = user.get("/api/auth/keys").expect(200).json["keys"]
    assert [row["id"] for row in listed] == [key["id"]] and "key" not in listed[0]
    secret = key["key"].removeprefix("dais_")
    dump = accounts.sql(f"SELECT k::text FROM auth.api_keys k WHERE id = '{key['id']}'")[0][0]
    assert secret not in dump
    machine = accounts.api(key["key"])
    assert machine.get("/api/auth/me").expect(200).json["id"] == user.user["id"]
    assert key["key"] not in accounts.log() and secret not in accounts.log()
    eventually(lambda: user.get("/api/auth/keys").json["keys"][0]["lastUsedAt"])


def test_a_key_does_what_its_scopes_say(accounts):
    admin = accounts.user(role="admin")
    weak = accounts.api(make_key(admin, ["moderator"]).expect(201).json["key"])
    weak.get("/api/creator-requests").expect(200)
    weak.get("/api/users").expect(403)
    strong = accounts.api(make_key(admin, ["admin"]).expect(201).json["key"])
    strong.get("/api/users").expect(200)
    user = accounts.user()
    assert make_key(user, ["speaker"]).expect(403).json["field"] == "scopes"
    assert make_key(user, ["creator"]).expect(403).json["field"] == "scopes"
    assert make_key(user, ["root"]).expect(400).json["field"] == "scopes"
    assert make_key(user, []).expect(400).json["field"] == "scopes"


def test_a_key_is_never_more_than_its_maker(accounts):
    admin, other = accounts.user(role="admin"), accounts.user(role="admin")
    machine = accounts.api(make_key(admin, ["admin", "attendee"]).expect(201).json["key"])
    machine.get("/api/users").expect(200)
    other.patch(f"/api/users/{admin.user['id']}/role", {"role": "attendee"}).expect(200)
    machine.soon("/api/users", 403)
    machine.get("/api/auth/me").expect(200)
    other.patch(f"/api/users/{admin.user['id']}/status", {"status": "disabled"}).expect(200)
    machine.soon("/api/auth/me", 401)


@pytest.mark.parametrize("method, path, body", [
    ("POST", "/api/auth/keys", {"name": "more", "scopes": ["attendee"]}),
    ("GET", "/api/auth/keys", None),
    ("DELETE", "/api/auth/keys/{id}", None),
    ("PUT", "/api/auth/password", {"oldPassword": PASSWORD, "newPassword": "new password"}),
    ("DELETE", "/api/auth/sessions", None),
    ("DELETE", "/api/auth/sessions/{id}", None),
    ("POST", "/api/auth/logout", None),
    ("DELETE", "/api/users/{id}", None),
])
def test_a_key_changes_nothing_that_opens_the_account(accounts, method, path, body):
    user = accounts.user(role="admin")
    machine = accounts.api(make_key(user, ["admin"]).expect(201).json["key"])
    path = path.format(id=user.user["id"])
    assert "key" in machine.request(method, path, body).expect(403).json["detail"]
    user.get("/api/auth/me").expect(200)


def test_a_removed_key_opens_nothing(accounts):
    user, stranger = accounts.user(), accounts.user()
    key = make_key(user).expect(201).json
    machine = accounts.api(key["key"])
    machine.get("/api/auth/me").expect(200)
    stranger.delete(f"/api/auth/keys/{key['id']}").expect(404)
    user.delete(f"/api/auth/keys/{key['id']}").expect(204)
    machine.soon("/api/auth/me", 401)
    accounts.api(key["key"] + "x").get("/api/auth/me").expect(401)
    accounts.api("dais_").get("/api/auth/me").expect(401)


def test_an_expired_key_opens_nothing(accounts):
    user = accounts.user()
    key = make_key(user, expiresInDays=1).expect(201).json
    accounts.sql(f"UPDATE auth.api_keys SET expires_at = now() WHERE id = '{key['id']}'")
    accounts.api(key["key"]).get("/api/auth/me").expect(401)


def test_keys_made_at_once_keep_the_bound(accounts):
    user = accounts.user()  # the server allows three
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(
        make_key(accounts.api(user.token)).status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 3 + [409] * 3


@pytest.fixture(scope="module")
def private():
    """A server that lets in by invitation alone."""
    from dais import Server
    server = Server(config="workers: 2\nplugins: {auth: {registration: invitation}}\n").start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture(scope="module")
def host(private):
    return private.user(role="moderator")


def test_registration_by_invitation(private, host):
    assert register(private).expect(403).json["field"] == "invitation"
    assert register(private, invitation="inv_made_up").expect(403).json["field"] == "invitation"
    made = host.post("/api/invitations", {"role": "speaker"}).expect(201).json
    assert made["code"].startswith("inv_") and made["usesMax"] == 1
    assert register(private, invitation=made["code"]).expect(201).json["user"]["role"] == "speaker"
    register(private, invitation=made["code"]).expect(403)
    listed = host.get("/api/invitations").expect(200).json["invitations"][0]
    assert listed["id"] == made["id"] and listed["uses"] == 1 and "code" not in listed


def test_an_invitation_for_one_address(private, host):
    email = f"{uuid.uuid4().hex}@example.org"
    code = host.post("/api/invitations", {"email": email, "uses": 5}).expect(201).json["code"]
    register(private, invitation=code).expect(403)
    register(private, invitation=code, email=email.upper()).expect(201)


def test_a_taken_address_costs_no_use(private, host):
    code = host.post("/api/invitations", {}).expect(201).json["code"]
    register(private, invitation=code, email=host.user["email"]).expect(409)
    register(private, invitation=code).expect(201)


def test_nobody_invites_above_his_own_role(private, host):
    assert host.post("/api/invitations", {"role": "admin"}).expect(403).json["field"] == "role"
    private.user().post("/api/invitations", {}).expect(403)


def test_invitations_end_and_are_taken_back(private, host):
    over = host.post("/api/invitations", {}).expect(201).json
    private.sql(f"UPDATE auth.invitations SET expires_at = now() WHERE id = '{over['id']}'")
    register(private, invitation=over["code"]).expect(403)
    other = private.user(role="moderator")
    made = host.post("/api/invitations", {}).expect(201).json
    other.delete(f"/api/invitations/{made['id']}").expect(404)
    host.delete(f"/api/invitations/{made['id']}").expect(204)
    register(private, invitation=made["code"]).expect(403)


def test_an_invitation_is_worth_what_its_maker_may_give(private):
    """Who was a moderator does not come back as one by a code that he has kept."""
    admin, maker = private.user(role="admin"), private.user(role="moderator")
    body = {"role": "moderator", "uses": 9}
    code = maker.post("/api/invitations", body).expect(201).json["code"]
    register(private, invitation=code).expect(201)
    place = f"/api/users/{maker.user['id']}"
    admin.request("PATCH", f"{place}/role", {"role": "attendee"}).expect(200)
    register(private, invitation=code).expect(403)
    admin.request("PATCH", f"{place}/role", {"role": "moderator"}).expect(200)
    register(private, invitation=code).expect(201)
    admin.request("PATCH", f"{place}/status", {"status": "disabled"}).expect(200)
    register(private, invitation=code).expect(403)


def test_the_last_use_goes_to_one(private, host):
    made = host.post("/api/invitations", {"uses": 2}).expect(201).json
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(
        register(private, invitation=made["code"]).status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 2 + [403] * 4
    listed = host.get("/api/invitations").json["invitations"]
    assert next(row for row in listed if row["id"] == made["id"])["uses"] == 2


def test_closed_registration(own_server):
    server = own_server(config="workers: 1\nplugins: {auth: {registration: closed}}\n")
    code = server.user(role="admin").post("/api/invitations", {}).expect(201).json["code"]
    register(server).expect(403)
    register(server, invitation=code).expect(403)
