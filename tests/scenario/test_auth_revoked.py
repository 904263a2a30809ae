# SPDX-License-Identifier: MIT
"""What takes a right away counts on every worker within 250 ms, also on kept connections."""
import time

import pytest

from dais.wait import at_once, scale

PASSWORD = "correct horse battery"
CONNECTIONS = 16


def kept_connections(server, token, path, status=200):
    """Callers whose connections are spread over all workers, each of which knows the token."""
    callers = [server.api(token) for _ in range(CONNECTIONS)]
    for caller in callers:
        caller.get(path).expect(status)
    return callers


def time_until(callers, path, status):
    """How long after now the last of the callers got `status`."""
    began = time.monotonic()
    left = callers
    while left:
        left = [caller for caller in left if caller.get(path).status != status]
        assert time.monotonic() - began < 10 * scale(), f"{len(left)} connections never told"
    return time.monotonic() - began


def check(server, token, cause, path="/api/auth/me", status=401):
    callers = kept_connections(server, token, path)
    cause()
    took = time_until(callers, path, status)
    for caller in callers:
        caller.close()
    assert took < at_once(), f"{took * 1000:.0f} ms"


@pytest.fixture(scope="module")
def boss(accounts):
    return accounts.user(role="admin")


def test_logout_counts_everywhere(accounts):
    user = accounts.user()
    check(accounts, user.token, lambda: user.post("/api/auth/logout").expect(200))


def test_an_ended_session_counts_everywhere(accounts):
    user = accounts.user()
    other = accounts.login(user.user["email"], PASSWORD)
    check(accounts, other.token, lambda: user.delete("/api/auth/sessions").expect(200))


def test_a_taken_role_counts_everywhere(accounts, boss):
    user = accounts.user(role="admin")
    path = f"/api/users/{user.user['id']}/role"
    check(accounts, user.token, lambda: boss.patch(path, {"role": "attendee"}).expect(200),
          path="/api/users?limit=1", status=403)


def test_a_disabled_account_counts_everywhere(accounts, boss):
    user = accounts.user()
    path = f"/api/users/{user.user['id']}/status"
    check(accounts, user.token, lambda: boss.patch(path, {"status": "disabled"}).expect(200))


def test_a_removed_account_counts_everywhere(accounts, boss):
    user = accounts.user()
    path = f"/api/users/{user.user['id']}"
    check(accounts, user.token, lambda: boss.delete(path).expect(204))


def test_a_changed_password_counts_everywhere(accounts):
    user = accounts.user()
    other = accounts.login(user.user["email"], PASSWORD)
    body = {"oldPassword": PASSWORD, "newPassword": "new password"}
    check(accounts, other.token, lambda: user.put("/api/auth/password", body).expect(200))


def test_a_removed_key_counts_everywhere(accounts):
    user = accounts.user()
    key = user.post("/api/auth/keys", {"name": "robot", "scopes": ["attendee"]}).expect(201).json
    check(accounts, key["key"], lambda: user.delete(f"/api/auth/keys/{key['id']}").expect(204))


def test_a_lost_approval_counts_everywhere(accounts, boss):
    user = accounts.user()
    path = f"/api/users/{user.user['id']}/creator"
    boss.patch(path, {"status": "approved"}).expect(200)
    callers = kept_connections(accounts, user.token, "/api/auth/me")
    boss.patch(path, {"status": "none"}).expect(200)
    began = time.monotonic()
    left = callers
    while left:  # a refused attempt makes nothing, an accepted one a stream
        left = [caller for caller in left
                if caller.post("/api/streams", {"title": "Organ"}).status != 403]
    assert time.monotonic() - began < at_once()


def test_a_verb_counts_everywhere(accounts):
    user = accounts.user()
    check(accounts, user.token,
          lambda: accounts.cli("user", "disable", user.user["email"]).check_returncode())


def test_a_logout_whose_client_leaves_counts_everywhere(accounts):
    """Whether the answer can be given or not: what was done is told to every worker."""
    for _ in range(2):
        user = accounts.user()
        callers = kept_connections(accounts, user.token, "/api/auth/me")
        with accounts.connect() as conn:
            conn.sendall(f"POST /api/auth/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                         f"Authorization: Bearer {user.token}\r\n\r\n".encode())
        ended = accounts.sql("SELECT ended_at IS NOT NULL FROM auth.sessions "
                             f"WHERE user_id = '{user.user['id']}'") == [["t"]]
        if ended:
            took = time_until(callers, "/api/auth/me", 401)
            assert took < at_once(), f"{took * 1000:.0f} ms"
