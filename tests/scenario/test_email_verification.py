# SPDX-License-Identifier: MIT
"""Addresses that are verified: at registration, before a login, and before a new one counts."""
import itertools
import threading

import pytest

from dais.mailbox import LINK, Mailbox
from dais.server import Server

PASSWORD = "correct horse battery"
CONFIG = """
plugins:
  mail:
    url: smtp://127.0.0.1:{port}
    from: noreply@example.org
  auth:
    email_verification: "{mode}"
    public_url: https://live.example.org
    verify_life_s: {life_s}
"""

_names = itertools.count(1)


def config(box, mode, life_s=3600):
    return CONFIG.format(port=box.port, mode=mode, life_s=life_s)


@pytest.fixture(scope="module")
def optional(tmp_path_factory):
    with Mailbox(tmp_path_factory.mktemp("optional")) as box:
        with Server(config=config(box, "optional")) as server:
            yield server, box


@pytest.fixture(scope="module")
def required(tmp_path_factory):
    with Mailbox(tmp_path_factory.mktemp("required")) as box:
        with Server(config=config(box, "required")) as server:
            yield server, box


def address():
    return f"newcomer{next(_names)}@example.com"


def register(server, email):
    return server.api().post("/api/auth/register", {"email": email, "password": PASSWORD})


def verify(server, token):
    return server.api().post("/api/auth/email/verify", {"token": token})


def resend(server, email):
    return server.api().post("/api/auth/email/resend", {"email": email})


def login(server, email):
    return server.api().post("/api/auth/login", {"email": email, "password": PASSWORD})


def change(caller, email, password=PASSWORD):
    return caller.put("/api/auth/email", {"email": email, "password": password})


def newcomer(server, box):
    email = address()
    caller = server.api(register(server, email).expect(201).json["token"])
    verify(server, box.token(email)).expect(200)
    return caller, email


def test_an_account_is_used_before_its_address_is_verified(optional):
    server, box = optional
    email = address()
    reply = register(server, email).expect(201).json
    caller = server.api(reply["token"])
    assert not caller.get("/api/auth/me").expect(200).json["emailVerified"]
    assert "https://live.example.org/verify/?token=" in box.letter(email).get_content()
    verify(server, box.token(email)).expect(200)
    assert caller.get("/api/auth/me").expect(200).json["emailVerified"]
    verify(server, box.token(email)).expect(400)


def test_a_login_says_verify_first(required):
    server, box = required
    email = address()
    assert register(server, email).expect(202).json == {"ok": True}
    assert login(server, email).expect(403).json["code"] == "unverified"
    wrong = server.api().post("/api/auth/login", {"email": email, "password": "a wrong one"})
    wrong.expect(401)
    verify(server, box.token(email)).expect(200)
    login(server, email).expect(200)


def test_an_account_made_by_the_operator_needs_no_letter(required):
    server, box = required
    user = server.user()
    assert user.user["emailVerified"]
    assert not box.to(user.user["email"])


def test_another_letter_replaces_the_first(required):
    server, box = required
    email = address()
    register(server, email).expect(202)
    first = box.token(email)
    resend(server, email).expect(202)
    second = box.token(email, 2)
    verify(server, first).expect(400)
    verify(server, second).expect(200)


def test_letters_for_nobody_and_for_verified_addresses_are_answered_alike(optional):
    server, box = optional
    _, verified = newcomer(server, box)
    unknown = address()
    bodies = {resend(server, email).expect(202).body for email in (verified, unknown)}
    assert len(bodies) == 1
    newcomer(server, box)  # whatever was to be sent before has been sent by now
    assert len(box.to(verified)) == 1 and not box.to(unknown)


def test_a_link_used_twice_at_once_verifies_once(optional):
    server, box = optional
    email = address()
    register(server, email).expect(201)
    token, start, statuses = box.token(email), threading.Barrier(4), []

    def use():
        start.wait()
        statuses.append(verify(server, token).status)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400, 400, 400]


def test_a_new_address_counts_once_it_is_verified(optional):
    server, box = optional
    caller, old = newcomer(server, box)
    new = address()
    assert change(caller, new, "a wrong one").expect(403).json["field"] == "password"
    change(caller, new).expect(202)
    token = box.token(new)
    login(server, new).expect(401)
    login(server, old).expect(200)
    verify(server, token).expect(200)
    login(server, old).expect(401)
    user = login(server, new).expect(200).json["user"]
    assert user["email"] == new and user["emailVerified"]
    assert "was changed" in box.letter(old, 2)["Subject"]


def test_what_was_sent_to_the_old_address_opens_nothing_any_more(optional):
    server, box = optional
    caller, old = newcomer(server, box)
    new = address()
    change(caller, new).expect(202)
    token = box.token(new)
    server.api().post("/api/auth/password/forgot", {"email": old}).expect(202)
    reset = LINK.search(box.letter(old, 2).get_content()).group(1)
    verify(server, token).expect(200)
    body = {"token": reset, "password": "a password of the old owner"}
    server.api().post("/api/auth/password/reset", body).expect(400)


def test_a_new_password_closes_what_the_old_one_opened(optional):
    """Whoever knew it may have asked for the account to move to an address of his own."""
    server, box = optional
    caller, email = newcomer(server, box)
    elsewhere = address()
    change(caller, elsewhere).expect(202)
    token = box.token(elsewhere)
    body = {"oldPassword": PASSWORD, "newPassword": "nobody else knows it"}
    caller.put("/api/auth/password", body).expect(200)
    verify(server, token).expect(400)
    assert caller.get("/api/auth/me").json["email"] == email


def test_an_address_with_an_account_cannot_be_taken(optional):
    server, box = optional
    caller, _ = newcomer(server, box)
    _, taken = newcomer(server, box)
    assert change(caller, taken.upper()).expect(409).json["field"] == "email"
    wanted = address()
    change(caller, wanted).expect(202)
    token = box.token(wanted)
    register(server, wanted).expect(201)  # somebody is faster
    verify(server, token).expect(409)


def test_without_verification_a_new_address_counts_at_once(own_server, tmp_path):
    with Mailbox(tmp_path) as box:
        server = own_server(config=config(box, "off"))
        email, other = address(), address()
        caller = server.api(register(server, email).expect(201).json["token"])
        change(caller, other).expect(202)
        assert login(server, other).expect(200).json["user"]["emailVerified"] is False
        assert "was changed" in box.letter(email)["Subject"]
        assert len(box.letters) == 1


def test_what_asks_for_letters_is_throttled(required):
    server, _ = required
    email = address()
    replies = [resend(server, email) for _ in range(7)]
    assert replies[0].status == 202
    assert replies[-1].status == 429 and int(replies[-1].headers["retry-after"]) >= 1
