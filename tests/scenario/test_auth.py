# SPDX-License-Identifier: MIT
"""Accounts, logins and roles (specification 001)."""
import base64
import hashlib
import hmac
import json
import threading
import uuid

import pytest

PASSWORD = "correct horse battery"


def new_email():
    return f"{uuid.uuid4().hex}@example.org"


def register(api, email=None, **more):
    return api.post("/api/auth/register",
                    {"email": email or new_email(), "password": PASSWORD, **more})


def signed(claims, header=None, key=b"x" * 32):
    """A JWT of the test's own making."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    head = part(header or {"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    mac = base64.urlsafe_b64encode(hmac.new(key, head, hashlib.sha256).digest()).rstrip(b"=")
    return (head + b"." + mac).decode()


def test_spec001_post_api_auth_register(api):
    email = new_email()
    reply = register(api, email, name="Ada").expect(201).json
    assert reply["user"]["email"] == email
    assert reply["user"]["name"] == "Ada"
    assert reply["user"]["role"] == "attendee"
    assert reply["user"]["uid"] >= 1
    assert "password" not in json.dumps(reply)
    me = api.with_token(reply["token"]).get("/api/auth/me").expect(200).json
    assert me == reply["user"]


def test_spec001_post_api_auth_login(api):
    email = new_email()
    first = register(api, email).expect(201).json
    reply = api.post("/api/auth/login", {"email": email.upper(), "password": PASSWORD})
    assert reply.expect(200).json["user"]["id"] == first["user"]["id"]
    assert reply.json["token"] != first["token"]


def test_spec001_post_api_auth_logout(api):
    caller = api.with_token(register(api).expect(201).json["token"])
    caller.get("/api/auth/me").expect(200)
    caller.post("/api/auth/logout").expect(200)
    # Told over the bus to all workers: fresh connections land on any of them.
    for _ in range(20):
        other = caller.with_token(caller.token)
        assert other.soon("/api/auth/me", 401).json["code"] == "unauthenticated"
        other.close()


def test_spec001_get_api_auth_me_needs_a_token(api):
    reply = api.get("/api/auth/me").expect(401)
    assert reply.headers["content-type"] == "application/problem+json"
    assert "bearer" in reply.headers["www-authenticate"].lower()
    assert reply.json["status"] == 401


def test_logout_ends_one_session_only(api):
    email = new_email()
    first = api.with_token(register(api, email).expect(201).json["token"])
    second = api.with_token(
        api.post("/api/auth/login", {"email": email, "password": PASSWORD}).expect(200).json["token"])
    first.post("/api/auth/logout").expect(200)
    first.soon("/api/auth/me", 401)
    second.get("/api/auth/me").expect(200)


def test_an_address_has_one_account(api):
    email = new_email()
    register(api, email).expect(201)
    reply = register(api, email.upper()).expect(409).json
    assert reply["code"] == "conflict" and reply["field"] == "email"


def test_two_registrations_at_once_make_one_account(server):
    email = new_email()
    statuses = []

    def one():
        caller = server.api()
        statuses.append(register(caller, email).status)
        caller.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 5


@pytest.mark.parametrize("body, field", [
    ({}, "email"),
    ({"email": "a@b.example"}, "password"),
    ({"email": "not an address", "password": PASSWORD}, "email"),
    ({"email": "a@b.example", "password": "short"}, "password"),
    ({"email": "a@b.example", "password": "x" * 201}, "password"),
    ({"email": 7, "password": PASSWORD}, "email"),
    ({"email": "a@b.example", "password": PASSWORD, "role": "admin"}, "role"),
    ({"email": "a@b.example", "password": PASSWORD, "name": ""}, "name"),
])
def test_bad_registrations_name_the_field(api, body, field):
    reply = api.post("/api/auth/register", body).expect(400).json
    assert reply["field"] == field
    assert reply["code"] == "invalid"


@pytest.mark.parametrize("email, password", [
    (None, "wrong password"),
    ("nobody@example.org", PASSWORD),
])
def test_wrong_logins_tell_nothing(api, email, password):
    known = new_email()
    register(api, known).expect(201)
    reply = api.post("/api/auth/login", {"email": email or known, "password": password}).expect(401)
    assert reply.json["detail"] == "the address or the password is wrong"


@pytest.mark.parametrize("token", [
    "garbage",
    "a.b.c",
    "",
    signed({"sub": str(uuid.uuid4()), "sid": str(uuid.uuid4()), "exp": 4102444800}),
    signed({"sub": "x"}, {"alg": "none"}),
    "x" * 5000,
], ids=["word", "dots", "empty", "another key", "no algorithm", "long"])
def test_bad_tokens_are_refused(api, token):
    api.with_token("-").get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).expect(401)
    # A public route refuses them as well: a caller who shows a token means to be somebody.
    api.with_token("-").get("/api/streams", headers={"Authorization": f"Bearer {token}"}).expect(401)


def test_another_servers_token_is_refused(server, own_server):
    stranger = own_server().user()
    server.api(stranger.token).get("/api/auth/me").expect(401)


def test_a_given_jwt_secret_signs_tokens(own_server):
    secret = "0123456789abcdef0123456789abcdef!"
    server = own_server(env={"JWT_SECRET": secret, "JWT_EXPIRES_IN": "2h"})
    user = server.user()
    head, _, mac = user.token.rpartition(".")
    made = hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(made).rstrip(b"=").decode() == mac
    claims = json.loads(base64.urlsafe_b64decode(head.split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 2 * 3600


def test_a_short_jwt_secret_is_refused(own_server):
    server = own_server(start=False, env={"JWT_SECRET": "too short"})
    checked = server.cli("check", env={"JWT_SECRET": "too short"})
    assert checked.returncode == 1
    assert "32" in checked.stdout + checked.stderr


def test_accounts_and_sessions_outlive_a_restart(own_server):
    server = own_server()
    user = server.user()
    server.stop()
    server.start()
    assert server.api(user.token).get("/api/auth/me").expect(200).json["role"] == "attendee"


def test_no_secret_is_logged(own_server):
    server = own_server()
    user = server.user(password="a very secret password")
    user.get("/api/auth/me").expect(200)
    log = server.log()
    assert user.token not in log and "a very secret password" not in log
