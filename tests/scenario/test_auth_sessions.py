# SPDX-License-Identifier: MIT
"""Login sessions by device (specification 001: session management with device tracking)."""
import threading

from dais import eventually

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def login(server, user, agent=None):
    headers = {"User-Agent": agent} if agent else {}
    body = {"email": user.user["email"], "password": PASSWORD}
    return server.api(server.api().post("/api/auth/login", body, headers=headers)
                      .expect(200).json["token"])


def sessions(caller):
    return caller.get("/api/auth/sessions").expect(200).json["sessions"]


def test_get_api_auth_sessions_shows_devices(accounts):
    user = accounts.user()
    phone = login(accounts, user, FIREFOX)
    listed = sessions(phone)
    assert [row["device"] for row in listed] == ["Firefox on Linux", "unknown device"]
    assert [row["current"] for row in listed] == [True, False]
    assert {row["address"] for row in listed} == {"127.0.0.1"}
    assert all(row["createdAt"] <= row["lastSeenAt"] < row["expiresAt"] for row in listed)
    assert [row["current"] for row in sessions(user)] == [False, True]


def test_delete_api_auth_sessions_id_ends_that_one(accounts):
    user = accounts.user()
    other = login(accounts, user)
    ended = next(row["id"] for row in sessions(user) if not row["current"])
    user.delete(f"/api/auth/sessions/{ended}").expect(204)
    other.soon("/api/auth/me", 401)
    user.get("/api/auth/me").expect(200)
    user.delete(f"/api/auth/sessions/{ended}").expect(404)
    assert len(sessions(user)) == 1


def test_nobody_ends_sessions_of_others(accounts):
    user, stranger = accounts.user(), accounts.user(role="admin")
    stranger.delete(f"/api/auth/sessions/{sessions(user)[0]['id']}").expect(404)
    user.get("/api/auth/me").expect(200)


def test_delete_api_auth_sessions_ends_all_others(accounts):
    user = accounts.user()
    others = [login(accounts, user) for _ in range(3)]
    assert user.delete("/api/auth/sessions").expect(200).json == {"ended": 3}
    for other in others:
        other.soon("/api/auth/me", 401)
    assert [row["current"] for row in sessions(user)] == [True]


def test_the_oldest_session_ends_for_a_new_one(accounts):
    user = accounts.user()  # the server allows five
    later = [login(accounts, user) for _ in range(4)]
    user.get("/api/auth/me").expect(200)
    last = login(accounts, user)
    user.soon("/api/auth/me", 401)
    assert len(sessions(last)) == 5
    later[0].get("/api/auth/me").expect(200)


def test_logins_at_once_keep_the_bound(accounts):
    user = accounts.user()
    callers = []
    threads = [threading.Thread(target=lambda: callers.append(login(accounts, user)))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = login(accounts, user)
    assert len(callers) == 4 and len(sessions(last)) == 5


def test_last_use_is_noted_by_the_minute(accounts):
    user, admin = accounts.user(), accounts.user(role="admin")
    before = sessions(user)[0]
    accounts.sql("UPDATE auth.sessions SET last_seen_at = now() - interval '2 minutes' "
                 f"WHERE id = '{before['id']}'")
    stale = sessions(user)[0]["lastSeenAt"]
    assert stale < before["lastSeenAt"]
    # Workers that know the caller ask again once his account has changed.
    admin.patch(f"/api/users/{user.user['id']}/role", {"role": "speaker"}).expect(200)
    eventually(lambda: sessions(user)[0]["lastSeenAt"] > before["lastSeenAt"], 15)
    noted = sessions(user)[0]["lastSeenAt"]
    admin.patch(f"/api/users/{user.user['id']}/role", {"role": "attendee"}).expect(200)
    assert sessions(user)[0]["lastSeenAt"] == noted


def test_a_login_that_a_new_password_overtakes_opens_nothing(accounts):
    user = accounts.user()
    change = threading.Thread(target=accounts.sql, args=(
        f"UPDATE auth.users SET password = reverse(password) WHERE id = '{user.user['id']}';"
        "SELECT pg_sleep(1)",))  # one transaction: not committed before its end
    change.start()
    eventually(lambda: accounts.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
    body = {"email": user.user["email"], "password": PASSWORD}
    accounts.api().post("/api/auth/login", body).expect(401)
    change.join()
    assert len(sessions(user)) == 1
