# SPDX-License-Identifier: MIT
"""What only its owner may know: in files, in logs, on sockets, and in the memory of the workers."""
import contextlib
import os
import shutil
import socket
import stat
import time
from pathlib import Path

import pytest

from dais import eventually
from dais.mailbox import Mailbox
from dais.rtmp import RtmpClient
from dais.server import build_folder
from dais.wait import at_once

PASSWORD = "a very secret password"
CONNECTIONS = 24


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_others_read_nothing_of_the_data(server):
    assert mode(server.data) & 0o007 == 0
    secrets = server.data / "secrets"
    assert mode(secrets) == 0o700
    made = {path.name: path for path in secrets.iterdir()}
    assert set(made) == {"auth.jwt", "streams.stream_keys"}
    assert all(mode(path) == 0o600 for path in made.values())
    assert mode(server.data / "run" / "control.sock") == 0o600
    for pid in (server.worker_pid, server.postgres_pid):
        assert os.stat(f"/proc/{pid}").st_uid == secrets.stat().st_uid


def test_another_user_does_not_reach_the_control_socket(server):
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    pid = os.fork()
    if pid == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            with socket.socket(socket.AF_UNIX) as conn:
                conn.connect(str(server.data / "run" / "control.sock"))
            os._exit(0)
        except PermissionError:
            os._exit(13)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 13


def every_way_in(server, box):
    """Uses each kind of secret once, right and wrong; returns all of them."""
    admin = server.user(role="admin", password=PASSWORD)
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    secrets = {PASSWORD, admin.token, stream["streamKey"]}
    for key in (stream["streamKey"], "sk_wrong_but_secret"):
        encoder = RtmpClient(server)
        encoder.connect()
        encoder.publish(key)
        encoder.close()
        secrets.add(key)
    new_key = admin.post(f"/api/streams/{stream['id']}/regenerate-key", {}).json["streamKey"]
    machine = admin.post("/api/auth/keys", {"name": "robot", "scopes": ["admin"]}).expect(201).json
    server.api(machine["key"]).get("/api/users").expect(200)
    invited = admin.post("/api/invitations", {}).json
    secrets |= {new_key, machine["key"], *(v for k, v in invited.items() if k in ("code", "token"))}
    email = admin.user["email"]
    for body in ({"email": email, "password": "wrong but secret 1"},
                 {"email": "nobody@example.org", "password": "wrong but secret 2"},
                 {"email": email, "password": ["wrong but secret 3"]}):
        assert server.api().post("/api/auth/login", body).status in (400, 401)
    for token in ("garbage.but.secret", admin.token[:-3] + "abc", "dais_wrong_but_secret"):
        server.api(token).get("/api/auth/me").expect(401)
        secrets.add(token)
    secrets |= {f"wrong but secret {n}" for n in (1, 2, 3)}
    server.api().post("/api/auth/password/forgot", {"email": email}).expect(202)
    reset = box.token(email)
    changed = {"token": reset, "password": "another secret password"}
    server.api().post("/api/auth/password/reset", changed).expect(200)
    server.api().post("/api/auth/password/reset", changed)  # used up: refused, and not told
    return secrets | {reset, "another secret password"}


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_secrets_stand_in_no_log_and_no_process_list(own_server, tmp_path, form):
    with Mailbox(tmp_path) as box:
        server = own_server(start=False, env={"DAIS_LOG_LEVEL": "debug", "DAIS_LOG_FORMAT": form})
        crasher = server.folder / "crasher.so"
        shutil.copy(build_folder() / "tests" / "plugins" / "crasher.so", crasher)
        crasher.chmod(0o644)
        server.config = ("http:\n  access_log: true\nplugins:\n  auth:\n"
                         "    {email_verification: \"off\", public_url: \"https://x.example.org/\"}\n"
                         f"  mail: {{url: \"smtp://127.0.0.1:{box.port}\", from: a@example.org}}\n"
                         f"  streams: {{}}\n  rtmp: {{}}\n  crasher: {{path: {crasher}}}\n")
        server.start()
        secrets = every_way_in(server, box)
        said = server.api().get("/metrics").expect(200).text
        for pid in (server.supervisor_pid, server.worker_pid, server.postgres_pid):
            said += Path(f"/proc/{pid}/cmdline").read_text()
        with contextlib.suppress(OSError):  # what a crash tells holds none either
            server.api("token.of.the.crash").get("/crasher/null", headers={"Authorization":
                                                                           "Bearer in.the.crash"})
        eventually(server.is_ready)
        said += server.cli("plugin", "list").stdout + server.cli("describe").stdout
        for name in (server.data / "secrets").iterdir():
            secrets.add(name.read_text(errors="replace").strip())
    said += server.log() + (server.data / "log" / "postgres.log").read_text()
    said += "".join(path.read_text() for path in (server.data / "run").glob("*.txt"))
    assert said.count("client_request") > 10, "the access log was read"
    for secret in secrets | {"in.the.crash", "token.of.the.crash"}:
        assert len(secret) > 8
        assert secret not in said


def test_the_password_of_the_database_stands_in_no_log(own_server):
    url = "postgres://dais:the-database-secret@127.0.0.1:1/dais"
    server = own_server(start=False, env={"DATABASE_URL": url, "JWT_SECRET": "s" * 40 + "jwt",
                                          "DAIS_LOG_LEVEL": "debug", "STREAM_KEY_SECRET": "k" * 40})
    server.start(wait=False)
    eventually(lambda: "refused" in server.log() or "cannot" in server.log())
    said = server.log() + server.cli("describe").stdout + server.cli("doctor").stdout
    assert "the-database-secret" not in said
    assert "s" * 40 + "jwt" not in said
    if server.process.poll() is not None:
        server.process = None


def test_a_logout_reaches_all_workers_within_250_ms(server):
    user = server.user()
    callers = [user.with_token(user.token) for _ in range(CONNECTIONS)]
    known = server.metric("dais_identity_cache_hits_total")
    for _ in range(2):
        for caller in callers:  # each stays on its worker, which remembers the token now
            caller.get("/api/auth/me").expect(200)
    assert server.metric("dais_identity_cache_hits_total") >= known + CONNECTIONS
    callers[0].post("/api/auth/logout").expect(200)
    begin = time.monotonic()
    eventually(lambda: all(c.get("/api/auth/me").status == 401 for c in callers))
    assert time.monotonic() - begin <= at_once()
    for caller in callers:
        caller.close()
