# SPDX-License-Identifier: MIT
"""Sends that come while others are being stored share a statement; each is answered for itself."""
import json

import pytest

from dais.chat import House
from dais.postgres import Postgres

MANY = 24
WAITING = "LOCK TABLE chat.messages IN SHARE MODE"


@pytest.fixture(scope="module")
def house():
    with House(workers=1) as house:
        yield house


@pytest.fixture
def room(house):
    with house.room() as room:
        room.say("owner", "The first one")
        yield room


def text(number):
    return f'{number} "quoted" \\ {{a,b}}, NULL, \'x\' ünï 🎉'


def say_all(room, sockets, **more):
    """All say something while nothing can be stored, and are heard before anything is."""
    held = Postgres(room.server).hold(WAITING)
    try:
        for number, socket in enumerate(sockets):
            socket.send("chat:send", {"roomId": room.id, "message": text(number), **more}, "1")
        for _ in range(2):
            room.way("owner", "ws").call("chat:nothing")
    finally:
        held.communicate("ROLLBACK;\n")


def answer_of(socket):
    while True:
        message = json.loads(socket.ws.recv())
        if message["event"] == "ack":
            return message


def statements(room):
    ((count,),) = room.server.sql("SELECT count(DISTINCT (xmin::text, cmin::text)) FROM chat.messages "
                                  f"WHERE room_id = '{room.id}' AND text LIKE '%quoted%'")
    return int(count)


def test_each_gets_his_own_answer(room):
    people = ("anna", "berta", "carla")
    sockets = [room.way(people[i % 3], "ws") for i in range(MANY)]
    say_all(room, sockets)
    answers = [answer_of(socket)["data"] for socket in sockets]
    assert [answer["message"] for answer in answers] == [text(i) for i in range(MANY)]
    assert [answer["userId"] for answer in answers] == [room.house.id(people[i % 3])
                                                        for i in range(MANY)]
    assert sorted(room.texts()[1:]) == sorted(text(i) for i in range(MANY))
    assert statements(room) <= MANY / 3


def test_what_may_not_be_stored_keeps_nobody_else(room):
    room.bar("dora")
    sockets = [room.way("dora" if i % 4 == 3 else "anna", "ws") for i in range(MANY)]
    say_all(room, sockets)
    for number, socket in enumerate(sockets):
        answer = answer_of(socket)
        assert answer["ok"] is (number % 4 != 3), answer
        assert answer["ok"] or answer["error"]["status"] == 403, answer


def test_one_client_id_is_stored_once(room):
    sockets = [room.way("anna", "ws") for _ in range(MANY)]
    say_all(room, sockets, clientMessageId="the same")
    ids = {answer_of(socket)["data"]["id"] for socket in sockets}
    assert len(ids) == 1 and len(room.texts()) == 2


def test_who_goes_away_takes_nobody_along(room):
    sockets = [room.way("anna", "ws") for _ in range(MANY)]
    held = Postgres(room.server).hold(WAITING)
    try:
        for number, socket in enumerate(sockets):
            socket.send("chat:send", {"roomId": room.id, "message": text(number)}, "1")
        room.way("owner", "ws").call("chat:nothing")
        for socket in sockets[::2]:
            socket.drop()
        room.way("owner", "ws").call("chat:nothing")
    finally:
        held.communicate("ROLLBACK;\n")
    for number, socket in enumerate(sockets):
        if number % 2:
            assert answer_of(socket)["data"]["message"] == text(number)
    assert {text(i) for i in range(1, MANY, 2)} <= set(room.texts())
