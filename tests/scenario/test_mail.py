# SPDX-License-Identifier: MIT
"""Letters: a real mail server that takes, refuses, hangs, vanishes, and a server that is ended."""
import itertools
import time

import pytest

from dais import eventually
from dais.mailbox import Mailbox
from dais.server import Server
from dais.wait import at_once, scale

CONFIG = """
plugins:
  auth: {{}}
  mail:
    url: {url}
    from: noreply@example.org
    from_name: Däis
    timeout_s: 1
    retry_s: 1
    attempts: 3
    recipient_max: 5
{more}"""
PASSWORD = "a secret of the mail server"

_names = itertools.count(1)


def config(box, more="", host="127.0.0.1"):
    return CONFIG.format(url=f"smtp://{host}:{box.port}", more=more)


def address():
    return f"reader{next(_names)}@example.com"


def send(server, to):
    done = server.cli("mail", "test", to)
    assert done.returncode == 0, done.stdout + done.stderr
    return to


@pytest.fixture(scope="module")
def post(tmp_path_factory):
    """A server and its mail server, shared by the tests that leave both as they were."""
    with Mailbox(tmp_path_factory.mktemp("mail")) as box, Server(config=config(box)) as server:
        yield server, box


def test_without_a_mail_server_letters_are_printed(server):
    to = send(server, address())
    line = eventually(lambda: [x for x in server.log().splitlines() if to in x])[0]
    assert "mail printed, not sent" in line and "This server can send letters." in line


def test_a_letter_arrives_as_it_was_written(post):
    server, box = post
    letter = box.letter(send(server, address()))
    assert letter.sender == "noreply@example.org"
    assert letter["From"] == "Däis <noreply@example.org>"
    assert letter["Subject"] == "A test letter of Dais"
    assert letter.get_content() == "This server can send letters.\r\n"
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime.utcoffset().total_seconds() == 0
    assert b"\n" not in letter.raw.replace(b"\r\n", b"")
    eventually(lambda: server.metric("dais_mail_sent_total") >= 1)


def test_each_of_many_letters_arrives_once(post):
    server, box = post
    readers = [send(server, address()) for _ in range(12)]
    for reader in readers:
        box.letter(reader)
    assert [len(box.to(reader)) for reader in readers] == [1] * len(readers)


def test_a_refusal_for_now_is_tried_again_as_the_same_letter(post):
    server, box = post
    failed = server.metric("dais_mail_failed_attempts_total") or 0
    box.refuse("RCPT", "451 4.7.1 greylisted")
    box.refuse("DATA", "452 4.3.1 no room")
    seen = len(box.seen)
    letter = box.letter(send(server, address()))
    assert [shown["Message-ID"] for shown in box.seen[seen:]] == [letter["Message-ID"]] * 2
    eventually(lambda: server.metric("dais_mail_failed_attempts_total") == failed + 2)


def test_a_refusal_for_ever_is_a_dead_letter(post):
    server, box = post
    dead = server.metric("dais_mail_dead_total") or 0
    seen = len(box.seen)
    box.refuse("RCPT", "550 5.1.1 no such mailbox")
    box.refuse("DATA", "554 5.7.1 spam")
    nobody = send(server, address())
    eventually(lambda: server.metric("dais_mail_dead_total") == dead + 1)
    suspect = send(server, address())
    eventually(lambda: server.metric("dais_mail_dead_total") == dead + 2)
    assert not box.to(nobody) and not box.to(suspect)
    assert len(box.seen) == seen + 1
    assert nobody not in server.log()


def test_attempts_are_bounded(post):
    server, box = post
    dead = server.metric("dais_mail_dead_total") or 0
    box.refuse("RCPT", *["421 4.3.2 later"] * 3)
    send(server, address())
    eventually(lambda: server.metric("dais_mail_dead_total") == dead + 1, 20)


def test_a_recipient_gets_so_many_letters_an_hour(post):
    server, box = post
    reader = address()
    for _ in range(5):
        send(server, reader)
    refused = server.cli("mail", "test", reader.upper())
    assert refused.returncode == 1 and "too many" in refused.stderr
    box.letter(reader, count=5)


def test_a_mail_server_that_hangs_stops_nothing_else(post):
    server, box = post
    box.hangs.set()
    seen = len(box.seen)
    readers = [send(server, address()) for _ in range(4)]
    eventually(lambda: len(box.seen) >= seen + 4)  # as many as are sent at once
    begin = time.monotonic()
    server.user()  # hashes a password and verifies it, in jobs too
    assert time.monotonic() - begin < at_once(1.5)
    box.hangs.clear()
    for reader in readers:
        box.letter(reader, timeout_s=15)


def test_nothing_is_lost_when_the_mail_server_is_down(post):
    server, box = post
    box.stop()
    failed = server.metric("dais_mail_failed_attempts_total") or 0
    readers = [send(server, address()) for _ in range(3)]
    eventually(lambda: server.metric("dais_mail_failed_attempts_total") >= failed + 3)
    box.start()
    for reader in readers:
        box.letter(reader)
    assert [len(box.to(reader)) for reader in readers] == [1, 1, 1]


def test_a_letter_outlives_the_server(post):
    server, box = post
    box.hangs.set()
    in_order = send(server, address())

    def attempts():
        return [shown["Message-ID"] for shown in box.seen if in_order in str(shown["To"])]
    eventually(lambda: len(attempts()) == 1)
    server.stop()  # in the midst of the attempt, which is put back
    server.start()
    eventually(lambda: len(attempts()) > 1)
    server.kill(server.worker_pid)  # this one is put back by nobody: its claim runs out
    box.hangs.clear()
    box.letter(in_order, timeout_s=15)
    assert len(set(attempts())) == 1
    eventually(server.is_ready)


def test_starttls_and_login(own_server, tmp_path):
    more = "    username: dais\n    ca_file: {}\n    tls: required\n"
    with Mailbox(tmp_path, tls=True, login=("dais", PASSWORD)) as box:
        tmp_path.chmod(0o755)
        ca_file = box.ca_file
        server = own_server(start=False, env={"MAIL_PASSWORD": PASSWORD})
        copy = server.folder / "ca.crt"
        copy.write_bytes(ca_file.read_bytes())
        copy.chmod(0o644)
        server.config = config(box, more.format(copy), host="localhost")
        server.start()
        letter = box.letter(send(server, address()))
        assert box.seen[-1].encrypted and letter.recipients

        # A wrong password is our fault, not the letter's: it waits until somebody mends it.
        box.login = ("dais", "another")
        waiting = send(server, address())
        eventually(lambda: server.metric("dais_mail_failed_attempts_total") >= 1)
        assert not box.to(waiting)
        box.login = ("dais", PASSWORD)
        box.letter(waiting)
        assert PASSWORD not in server.log()


def test_without_tls_nothing_is_sent_where_it_is_required(own_server, tmp_path):
    with Mailbox(tmp_path) as box:
        server = own_server(config=config(box, "    tls: required\n"))
        send(server, address())
        eventually(lambda: server.metric("dais_mail_dead_total") == 1 or
                   server.metric("dais_mail_failed_attempts_total"))
        assert not box.seen and server.metric("dais_mail_dead_total") == 0


@pytest.mark.parametrize("section, said", [
    ("url: http://example.org\n    from: a@b", "url must be"),
    ("url: smtp://example.org", "from is needed"),
    ("url: smtp://example.org\n    from: a@b\n    password: x", "username is needed"),
    ("url: smtp://example.org\n    from: a@b\n    tls: off\n    username: u\n    password: secret",
     "never leaves this machine without TLS"),
])
def test_a_configuration_that_cannot_work_stops_the_start(own_server, section, said):
    server = own_server(start=False, config=f"plugins:\n  mail:\n    {section}\n")
    server.start(wait=False)
    assert server.process.wait(timeout=20 * scale()) != 0
    server.process = None
    assert said in server.log() and "secret" not in server.log()
