# SPDX-License-Identifier: MIT
"""What only its owner may know: in files, in logs, on sockets, and in the memory of the workers."""
import os
import socket
import stat
import time
from pathlib import Path

import pytest

from dais import eventually
from dais.rtmp import RtmpClient
from dais.wait import scale

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


def test_secrets_stand_in_no_log_and_no_process_list(own_server):
    server = own_server(config="log:\n  level: debug\nhttp:\n  access_log: true\n")
    admin = server.user(role="admin", password=PASSWORD)
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    for key in (stream["streamKey"], "sk_wrong_but_secret"):
        encoder = RtmpClient(server)
        encoder.connect()
        encoder.publish(key)
        encoder.close()
    said = server.log() + (server.data / "log" / "postgres.log").read_text()
    said += server.api().get("/metrics").expect(200).text
    for pid in (server.supervisor_pid, server.worker_pid, server.postgres_pid):
        said += Path(f"/proc/{pid}/cmdline").read_text()
    for secret in (PASSWORD, admin.token, stream["streamKey"], "sk_wrong_but_secret"):
        assert secret not in said


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
    assert time.monotonic() - begin <= 0.25 * scale()
    for caller in callers:
        caller.close()
