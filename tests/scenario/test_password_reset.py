# SPDX-License-Identifier: MIT
"""Passwords that were forgotten: a letter, its link, and who else might want to use it."""
import itertools
import statistics
import threading
import time

import pytest

from dais import eventually
from dais.mailbox import Mailbox
from dais.server import Server
from dais.wait import at_once, scale

OLD, NEW = "the old password", "the new password"
CONFIG = """
plugins:
  mail:
    url: smtp://127.0.0.1:{port}
    from: noreply@example.org
    recipient_max: 1000
  auth:
    email_verification: "off"
    public_url: https://live.example.org/app/
    reset_life_s: {life_s}
"""

_names = itertools.count(1)


@pytest.fixture(scope="module")
def post(tmp_path_factory):
    with Mailbox(tmp_path_factory.mktemp("reset")) as box:
        with Server(config=CONFIG.format(port=box.port, life_s=3600)) as server:
            yield server, box


def account(server):
    email = f"forgetful{next(_names)}@example.com"
    body = {"email": email, "password": OLD}
    caller = server.api(server.api().post("/api/auth/register", body).expect(201).json["token"])
    caller.email = email
    return caller


def forgot(server, email):
    return server.api().post("/api/auth/password/forgot", {"email": email})


def reset(server, token, password=NEW):
    return server.api().post("/api/auth/password/reset", {"token": token, "password": password})


def login(server, email, password):
    return server.api().post("/api/auth/login", {"email": email, "password": password})


def test_a_link_sets_a_password_and_ends_every_login(post):
    server, box = post
    user = account(server)
    others = [server.api(user.token) for _ in range(8)]  # spread over the workers
    for caller in others:
        caller.get("/api/auth/me").expect(200)
    assert forgot(server, user.email.upper()).expect(202).json == {"ok": True}
    letter = box.letter(user.email)
    assert letter["Subject"] == "Set a new password"
    assert "https://live.example.org/app/reset/?token=" in letter.get_content()
    reset(server, box.token(user.email)).expect(200)
    begin = time.monotonic()
    eventually(lambda: all(caller.get("/api/auth/me").status == 401 for caller in others))
    assert time.monotonic() - begin <= at_once()
    login(server, user.email, OLD).expect(401)
    assert login(server, user.email, NEW).expect(200).json["user"]["emailVerified"]
    assert box.letter(user.email, 2)["Subject"] == "Your password was changed"


def test_a_reset_removes_keys_of_who_had_the_account(post):
    server, box = post
    user = account(server)
    body = {"name": "stays behind", "scopes": ["attendee"]}
    key = server.api(user.post("/api/auth/keys", body).expect(201).json["key"])
    key.get("/api/auth/me").expect(200)
    forgot(server, user.email).expect(202)
    reset(server, box.token(user.email)).expect(200)
    eventually(lambda: key.get("/api/auth/me").status == 401)


def test_a_link_opens_once(post):
    server, box = post
    user = account(server)
    forgot(server, user.email).expect(202)
    token = box.token(user.email)
    reset(server, token).expect(200)
    again = reset(server, token, "a third password").expect(400).json
    assert again["field"] == "token"
    login(server, user.email, NEW).expect(200)


def test_of_two_who_use_a_link_at_once_one_wins(post):
    server, box = post
    user = account(server)
    forgot(server, user.email).expect(202)
    token = box.token(user.email)
    start, statuses = threading.Barrier(4), {}

    def use(number):
        start.wait()
        statuses[number] = reset(server, token, f"password number {number}").status

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses.values()) == [200, 400, 400, 400]
    winner = next(number for number, status in statuses.items() if status == 200)
    login(server, user.email, f"password number {winner}").expect(200)


def test_a_new_link_replaces_the_older_one(post):
    server, box = post
    user = account(server)
    forgot(server, user.email).expect(202)
    older = box.token(user.email)
    forgot(server, user.email).expect(202)
    newer = box.token(user.email, 2)
    reset(server, older).expect(400)
    reset(server, newer).expect(200)


def test_tokens_of_nobody_open_nothing(post):
    server, _ = post
    for token in ("A" * 43, "x", "' OR 1=1 --"):
        assert reset(server, token).expect(400).json["field"] == "token"
    assert reset(server, "A" * 43, "short").expect(400).json["field"] == "password"


def test_a_weak_password_does_not_use_the_link_up(post):
    server, box = post
    user = account(server)
    forgot(server, user.email).expect(202)
    token = box.token(user.email)
    reset(server, token, "short").expect(400)
    reset(server, token).expect(200)


def test_unknown_addresses_are_answered_alike(post):
    server, box = post
    known, times = [account(server).email for _ in range(12)], {True: [], False: []}
    unknown = [f"nobody{next(_names)}@example.com" for _ in known]
    forgot(server, unknown.pop()).expect(202)
    answers = set()
    for pair in zip(known, unknown):
        for is_known, email in zip((True, False), pair):
            begin = time.monotonic()
            reply = forgot(server, email)
            times[is_known].append(time.monotonic() - begin)
            answers.add((reply.status, reply.body))
    assert answers == {(202, b'{"ok":true}')}
    assert not any(box.to(email) for email in unknown)
    middle = {is_known: statistics.median(taken) for is_known, taken in times.items()}
    assert abs(middle[True] - middle[False]) < 0.02 * scale()


def test_asking_too_often_waits_whether_there_is_an_account_or_not(post):
    server, _ = post
    for email in (account(server).email, f"nobody{next(_names)}@example.com"):
        replies = [forgot(server, email) for _ in range(7)]
        assert [reply.status for reply in replies[:5]] == [202] * 5
        assert replies[-1].status == 429 and int(replies[-1].headers["retry-after"]) >= 1


def test_no_token_stands_in_a_log(post):
    server, box = post
    user = account(server)
    forgot(server, user.email).expect(202)
    token = box.token(user.email)
    reset(server, token).expect(200)
    said = server.log() + (server.data / "log" / "postgres.log").read_text()
    assert token not in said and user.email not in said and NEW not in said


def test_a_link_ends_by_itself(own_server, tmp_path):
    with Mailbox(tmp_path) as box:
        server = own_server(config=CONFIG.format(port=box.port, life_s=1))
        user = account(server)
        forgot(server, user.email).expect(202)
        token = box.token(user.email)
        begin = time.monotonic()
        while time.monotonic() - begin < 1.1:  # the one thing that is waited for is time
            server.api().get("/healthz")
        reset(server, token).expect(400)
        login(server, user.email, OLD).expect(200)


def test_without_a_mailer_nothing_is_promised(own_server):
    server = own_server(config="plugins:\n  auth: {}\n")
    for email in ("a@example.org", server.user().user["email"]):
        assert "no letters" in forgot(server, email).expect(503).json["detail"]
