# SPDX-License-Identifier: MIT
"""New code comes ten times a second, and no client notices: connections stay, nothing is lost."""
import json
import os
import threading
import time

import pytest

from dais import Server, eventually
from dais.engineio import EngineIO
from dais.events import Events
from dais.plugins import copy_plugin, row
from dais.reload import Reloader, put
from dais.socketio import SocketIO
from dais.wait import scale

RELOAD_MS = 100
SECONDS = float(os.environ.get("DAIS_SOAK_SECONDS", "5"))


@pytest.fixture
def server():
    running = Server()
    running.config = ("workers: 4\nlimits:\n  log_lines_per_second: 1000\n  plugin_loads: 10000\n"
                      "rates: {event: {connection: 0, user: 0, address: 0}}\n"
                      "plugins:\n" + row(running, "talk") + row(running, "protocol_echo"))
    running.start(reloads=False)
    yield running
    running.stop()
    running.remove()


class Busy(threading.Thread):
    """Says something and waits for the answer, over and over, on one connection."""

    def __init__(self, until):
        super().__init__()
        self.until, self.count, self.failure = until, 0, None

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.say(self.count)
                self.count += 1
        except Exception as failure:  # told by the test
            self.failure = f"{type(self).__name__} after {self.count}: {failure!r}"


class BusyEvents(Busy):
    def __init__(self, server, until):
        super().__init__(until)
        self.client = Events(server)
        self.client.ask("talk:join", {"to": "busy"})

    def say(self, i):
        assert self.client.ask("talk:say", {"text": str(i)})["text"] == str(i)


class BusySocket(Busy):
    def __init__(self, server, until):
        super().__init__(until)
        self.client = SocketIO(server)
        self.client.connect()
        self.client.call("talk:join", {"to": "busy"})

    def say(self, i):
        assert self.client.call("message-with-ack", i, "x", ack=i) == [i, "x"]
        self.client.emit("message", i)
        assert self.client.event("message-back") == [i]


class BusyEndpoint(Busy):
    def __init__(self, server, until):
        super().__init__(until)
        self.client, _ = EngineIO(server).open_websocket()

    def say(self, i):
        self.client.send(f"4{i}")
        while (message := self.client.recv()) == "2":
            self.client.send("3")
        assert message == f"4{i}"


class BusyPolls(Busy):
    def __init__(self, server, until):
        super().__init__(until)
        self.eio = EngineIO(server)
        self.sid = self.eio.open()

    def say(self, i):
        self.eio.push(self.sid, f"4{i}")
        packets = self.eio.poll(self.sid)
        if "2" in packets:
            packets.remove("2")
            self.eio.push(self.sid, "3")
            packets += [] if packets else self.eio.poll(self.sid)
        assert packets == [f"4{i}"]


class Speaker(Busy):
    """Tells a room; the members count."""

    def __init__(self, server, until):
        super().__init__(until)
        self.client = Events(server)

    def say(self, i):
        self.client.ask("talk:shout", {"to": "crowd", "text": str(i)})


class Member(threading.Thread):
    def __init__(self, server):
        super().__init__()
        self.client, self.heard = Events(server), []
        self.client.ask("talk:join", {"to": "crowd"})

    def run(self):
        while (said := self.client.event("talk:heard"))["data"]["text"] != "end":
            self.heard.append((said["seq"], said["data"]["text"]))


def test_no_client_notices(server):
    until = time.monotonic() + SECONDS
    kinds = [BusyEvents, BusySocket, BusyEndpoint, BusyPolls, BusyEvents, BusySocket]
    clients = [kind(server, until) for kind in kinds]
    speaker = Speaker(server, until)
    members = [Member(server) for _ in range(4)]
    reloader = Reloader(server, RELOAD_MS).start()
    for thread in [*clients, *members, speaker]:
        thread.start()
    for thread in [*clients, speaker]:
        thread.join()
    reloads = reloader.stop()
    speaker.client.ask("talk:shout", {"to": "crowd", "text": "end"})
    for member in members:
        member.join(10 * scale())
    failures = [thread.failure for thread in [*clients, speaker] if thread.failure]
    assert not failures
    assert all(thread.count > 10 for thread in clients)
    assert reloads > 10
    expected = [(i + 1, str(i)) for i in range(speaker.count)]
    assert [member.heard == expected for member in members] == [True] * 4


def test_what_is_under_way_ends_in_its_code(server):
    """An event that waits is answered by the code that took it, while newer code answers others."""
    with Events(server) as slow, Events(server) as quick:
        slow.send("talk:wait", {"number": 1500, "text": "late"}, id=1)
        quick.ask("talk:say", {"text": "a"})
        reloaded = server.cli("plugin", "reload", "talk")
        assert reloaded.returncode == 0, reloaded.stdout + reloaded.stderr
        assert quick.ask("talk:say", {"text": "b"})["text"] == "b"
        assert slow.answer(1)["data"]["text"] == "late"


def test_new_code_whose_events_fail_is_taken_back(server):
    put(copy_plugin(server, "talk_failing"), copy_plugin(server, "talk"))
    assert server.cli("plugin", "reload", "talk").returncode == 0
    with Events(server) as client:
        assert client.problem("talk:say", {"text": "a"})["code"] == "internal"
        eventually(lambda: client.call("talk:say", {"text": "a"})["ok"])
        assert "the former code serves again" in server.cli("plugin", "list").stdout


def test_old_code_ends(server):
    with Events(server) as client:
        for _ in range(5):
            server.cli("plugin", "reload", "talk")
            client.ask("talk:say", {"text": "a"})
        eventually(lambda: server.log().count('event="generation ended"') >= 5)
        assert json.dumps(client.ask("talk:join", {"to": "x"}))
