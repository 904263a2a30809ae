# SPDX-License-Identifier: MIT
"""A server that may open few files: it refuses in time, says so once, and goes on."""
import subprocess

import pytest

from dais import Server, eventually
from dais.envelope import Socket
from dais.websocket import Refused

FILES = 200
CLIENTS = 250


@pytest.fixture
def poor(request):
    """A server whose limit of open files is low."""
    server = Server(config="workers: 2\n")
    request.addfinalizer(server.remove)
    server.start()
    request.addfinalizer(server.stop)
    subprocess.run(["prlimit", "--pid", str(server.supervisor_pid), f"--nofile={FILES}:{FILES}"],
                   check=True)
    before = server.worker_pid
    server.kill(before)  # the next server process inherits the limit
    eventually(lambda: server.worker_pid != before and server.is_ready())
    return server


def test_sockets_are_refused_before_descriptors_run_out(poor):
    clients, refused = [], 0
    for _ in range(CLIENTS):
        try:
            clients.append(Socket(poor))
        except Refused as error:
            error.reply.expect(503)
            refused += 1
    assert refused > 0 and len(clients) > FILES / 2
    assert poor.metric("dais_http_connections_refused_total") == refused
    assert poor.log().count("file descriptors run out") == 1
    for client in clients:
        client.done("live:browse")
    poor.api().get("/api/streams").expect(200)  # requests and the database have room
    for client in clients:
        client.drop()
    eventually(lambda: poor.metric("dais_sockets") == 0)
    with Socket(poor) as late:
        late.done("live:browse")


def test_connections_are_refused_before_descriptors_run_out(poor):
    wires = [poor.connect() for _ in range(CLIENTS)]
    eventually(lambda: "file descriptors run out" in poor.log())
    for wire in wires:
        wire.close()
    eventually(lambda: poor.api().get("/api/streams").status == 200)
    assert poor.metric("dais_http_connections_refused_total") > 0
