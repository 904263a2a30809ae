# SPDX-License-Identifier: MIT
"""Clients as people use them: socket.io-client of JavaScript, python-socketio of Debian."""
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
import socketio

from dais import Server, eventually
from dais.protocol_echo import configure
from dais.wait import scale

CLIENT = Path(__file__).with_name("socketio_client.mjs")
BYTES = [[1, 2, 3], [4, 5], [6]]


def start(workers=4):
    """Hearts beat at their usual pace: a client that is busy is not dead."""
    return configure(Server(), workers, eio_ping_interval_ms=2000, eio_ping_timeout_ms=20000,
                     sio_connect_ms=5000)


@pytest.fixture(scope="module")
def server():
    with start() as running:
        yield running


def node(server, name):
    """Runs one of the client's scenarios."""
    return subprocess.Popen(["node", CLIENT, server.url, name], stdout=subprocess.PIPE, text=True,
                            env=dict(os.environ, PATIENCE_MS=str(int(8000 * scale()))))


def run(server, name):
    client = node(server, name)
    out, _ = client.communicate()
    assert client.returncode == 0
    return json.loads(out)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_socket_io_client(server, transport):
    assert run(server, transport) == {
        "transport": transport, "greeted": [{"a": 1} if transport == "polling" else {}],
        "echoed": [1, "2", {"3": [True]}], "acked": ["a", {"b": None}], "bytes": BYTES}


def test_socket_io_client_upgrades(server):
    before = server.metric("dais_eio_upgrades_total")
    assert run(server, "upgrade") == {"began": ["polling"], "now": "websocket", "ordered": True}
    assert server.metric("dais_eio_upgrades_total") == before + 1
    assert server.metric("dais_eio_sessions_total") > before


def test_socket_io_client_polls_a_burst(server):
    assert run(server, "burst") == list(range(100))


def test_socket_io_client_asks_for_its_token_again(server):
    assert run(server, "auth_function") == {
        "first": [{"attempt": 1}], "second": [{"attempt": 2}]}


def test_socket_io_client_in_namespaces(server):
    assert run(server, "namespaces") == {
        "refused": "Invalid namespace", "greeted": [{"here": 1}], "different": True,
        "echoed": "still"}


def test_socket_io_client_with_retries(server):
    assert run(server, "retries") == [2]


def test_socket_io_client_comes_back_after_a_restart():
    server = start(2)
    with server:
        client = node(server, "restart")
        assert client.stdout.readline() == '"ready"\n'
        server.stop()
        server.start()
        out, _ = client.communicate()
        told = json.loads(out)
        assert told["reason"] in ("transport close", "transport error")  # the latter while it polled
        assert told["back"] == ["meanwhile"]


class Echo:
    """A client of python-socketio and what it has heard."""

    def __init__(self, server, transport, **options):
        self.client = socketio.Client(reconnection=False)
        self.heard, self.greeted = [], []
        self.client.on("message-back", lambda *args: self.heard.append(args))
        self.client.on("auth", self.greeted.append)
        self.client.connect(server.url, transports=[transport], **options)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.client.disconnect()


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_python_socketio(server, transport):
    with Echo(server, transport, auth={"token": "x"}) as echo:
        assert echo.client.transport() == transport
        eventually(lambda: echo.greeted == [{"token": "x"}])
        echo.client.emit("message", (1, {"2": b"\1\2"}))
        eventually(lambda: echo.heard == [(1, {"2": b"\1\2"})])
        assert echo.client.call("message-with-ack", "a", timeout=5) == "a"
        assert echo.client.call("message-with-ack", b"\0\1", timeout=5) == b"\0\1"


def test_python_socketio_polls_a_burst(server):
    """More than 16 packets in one body end its transport: 40 events of one turn all arrive."""
    with Echo(server, "polling") as echo:
        for i in range(40):
            echo.client.emit("message", i)
        eventually(lambda: len(echo.heard) == 40)
        assert sorted(args[0] for args in echo.heard) == list(range(40))  # a thread for each
        assert echo.client.connected


def test_python_socketio_in_namespaces(server):
    client = socketio.Client(reconnection=False)
    greeted = threading.Event()
    client.on("auth", lambda data: greeted.set(), namespace="/custom")
    client.connect(server.url, namespaces=["/", "/custom"], wait_timeout=5)
    try:
        assert greeted.wait(5 * scale())
        assert set(client.namespaces) == {"/", "/custom"}
    finally:
        client.disconnect()


def test_python_socketio_is_refused(server):
    client = socketio.Client(reconnection=False)
    errors = []
    client.on("connect_error", errors.append, namespace="/random")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, namespaces=["/random"], wait_timeout=2)
    assert errors == [{"message": "Invalid namespace"}] or errors == ["Invalid namespace"]
