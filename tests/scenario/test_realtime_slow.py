# SPDX-License-Identifier: MIT
"""Clients that stop reading: what they cost is bounded, and the others do not notice."""
import json
import socket

import pytest

from dais.crowd import configure
from dais.envelope import Socket
from dais.processes import rss_bytes
from dais.server import LOCALHOST
from dais.wait import scale
from dais.websocket import Closed

STALLED = 10
TEXT = "x" * 16000
MESSAGES_MAX = 2000
BUDGET = 256 * 1024
RING = 4 * 1024 * 1024
RSS_NOISE = 4 * 1024 * 1024
SLOW = 4000


@pytest.fixture
def server(own_server):
    return configure(own_server(start=False), workers=1).start()


@pytest.fixture
def members(server):
    """Makes clients that are in the room: members(count, small=True) lets the kernel keep little."""
    made = []

    def make(count, small=False):
        for _ in range(count):
            connection = socket.socket()
            if small:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((LOCALHOST, server.port))
            made.append(Socket(server, connection=connection))
            made[-1].state = made[-1].done("bench:join", {"room": "room"})
        return made[-count:]

    yield make
    for member in made:
        member.drop()


def say(publisher, readers, number):
    """One event, which those who read have got when this returns."""
    publisher.done("bench:say", {"room": "room", "number": number, "text": TEXT})
    for reader in readers:
        assert reader.next("bench:message")["number"] == number


def rest(member):
    """The numbers of the events that are still there for a member, and the code behind them."""
    numbers = []
    try:
        while True:
            message = json.loads(member.ws.recv())
            if message["event"] == "bench:message":
                assert message["seq"] == message["data"]["number"]
                numbers.append(message["seq"])
    except Closed as closed:
        return numbers, closed.code


def test_who_stops_reading_is_closed_to_resume(server, members):
    readers, stalled = members(3), members(STALLED, small=True)
    publisher = Socket(server)
    before = rss_bytes(server.worker_pid)
    said = 0
    while server.metric("dais_link_slow_closed_total") < STALLED:
        assert said < MESSAGES_MAX
        for _ in range(10):
            said += 1
            say(publisher, readers, said)
    if scale() == 1:  # the memory of sanitizers is another matter
        grown = rss_bytes(server.worker_pid) - before
        assert grown < STALLED * BUDGET + RING + RSS_NOISE
    for member in stalled:
        numbers, code = rest(member)
        assert code == SLOW
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) < said
        back = Socket(server)
        joined = back.done("bench:join", {"room": "room", "epoch": member.state["epoch"],
                                          "seq": len(numbers)})
        assert (joined["resumed"], joined["replayed"]) == ("replayed", said - len(numbers))
        for number in range(len(numbers) + 1, said + 1):
            assert back.next("bench:message")["number"] == number
        back.drop()
    publisher.drop()


def test_what_may_be_dropped_is_and_nobody_is_closed(server, members):
    (reader,), (stalled,) = members(1), members(1, small=True)
    publisher = Socket(server)
    said = 0
    while not server.metric("dais_link_messages_dropped_total"):
        assert said < MESSAGES_MAX
        for _ in range(10):
            said += 1
            publisher.done("bench:send-droppable", {"number": said, "text": TEXT})
            assert reader.next("bench:message")["number"] == said
    say(publisher, [reader], said + 1)  # a durable one, behind what was kept
    numbers = [stalled.next("bench:message")["number"]]
    while numbers[-1] <= said:
        numbers.append(stalled.next("bench:message")["number"])
    assert numbers == sorted(set(numbers)) and len(numbers) <= said
    assert server.metric("dais_link_slow_closed_total") == 0
    publisher.drop()
