# SPDX-License-Identifier: MIT
"""Every event of the running server × everything that does not fit, over /ws and Socket.IO: an
answer with a problem of 4xx that names the field, never an error of the server, and the connection
goes on. What is no message at all ends the connection with the code that says so.
"""
import json

import pytest

from dais import Server, event_rows, routes
from dais.events import Events
from dais.plugins import row
from dais.routes import UNKNOWN_FIELD
from dais.socketio import SocketIO
from dais.websocket import BINARY, TEXT, frame

UNLIMITED = """workers: 2
rates:
  login: {user: 0, address: 0}
  connect: {address: 0}
  event: {connection: 0, user: 0, address: 0}
"""
MESSAGE_BYTES_MAX = 1048576
NO_OBJECTS = {"an array": [], "a text": "x", "a number": 5, "a truth": True, "null": None}


class House:
    """A server and its events that take fields; whoever sends is an administrator."""

    def __init__(self, server):
        self.server = server
        self.token = server.user(role="admin").token
        self.rows = [found for found in event_rows.load(server.api()) if found.data]

    def over_ws(self):
        return [found for found in self.rows if found.is_envelope]

    def over_socketio(self):
        return [found for found in self.rows if not found.is_envelope
                and found.plugin != event_rows.CORE]


@pytest.fixture(scope="module", params=["bundled", "talk"])
def house(request):
    running = Server(config=UNLIMITED)
    if request.param == "talk":
        running.config += f"plugins:\n  auth: {{}}\n{row(running, 'talk')}"
    with running:
        yield House(running)


class Wrongs:
    """Collects what was answered otherwise than it should be."""

    def __init__(self):
        self.found = []
        self.count = 0

    def check(self, what, answer, field=None):
        self.count += 1
        problem = answer.get("error", {})
        if answer.get("ok") is not False or problem.get("status") != 400:
            self.found.append(f"{what}: should be 400, got {answer}")
        elif not problem.get("code") or not problem.get("title"):
            self.found.append(f"{what}: the problem is not complete: {problem}")
        elif field is not None and problem.get("field") != field:
            self.found.append(f"{what}: should name {field}: {problem}")

    def none(self, at_least):
        assert not self.found, f"{len(self.found)} of {self.count}:\n" + "\n".join(self.found[:40])
        assert self.count >= at_least


@pytest.fixture
def wrongs():
    return Wrongs()


def cases_of(found):
    """What does not fit: a name, data as JSON, and the field that is to be named (None: any)."""
    whole = routes.example_object(found.data)
    yield "unknown field", json.dumps(dict(whole, **{UNKNOWN_FIELD: 1})), UNKNOWN_FIELD
    for what, value in NO_OBJECTS.items():
        if value is not None or found.data.get("required"):
            yield what, json.dumps(value), None
    for name in found.data.get("required", []):
        yield f"without {name}", json.dumps({k: v for k, v in whole.items() if k != name}), name
        yield f"{name} null", json.dumps(dict(whole, **{name: None})), name
    for name, schema in found.data["properties"].items():
        for what, value in routes.misfits(schema):
            yield f"{name} {what}", json.dumps(dict(whole, **{name: value})), name
        again = f"{json.dumps(name)}:{json.dumps(routes.example(schema))}"
        yield f"{name} twice", f"{json.dumps(whole)[:-1]},{again}}}", name


def test_data_that_does_not_fit_over_ws(house, wrongs):
    with Events(house.server, token=house.token) as client:
        for found in house.over_ws():
            for number, (what, data, field) in enumerate(cases_of(found)):
                client.ws.send('{"event":%s,"data":%s,"id":%d}'
                               % (json.dumps(found.name), data, number))
                wrongs.check(f"{found} {what}", client.answer(number), field)
    wrongs.none(at_least=40)


def test_data_that_does_not_fit_over_socketio(house, wrongs):
    with SocketIO(house.server) as client:
        joined = set()
        for found in house.over_socketio():
            if found.space not in joined:
                assert client.connect(found.space, {"token": house.token}).kind == 0
                joined.add(found.space)
            prefix = "" if found.space == "/" else found.space + ","
            for number, (what, data, field) in enumerate(cases_of(found)):
                client.send(f"2{prefix}{number}[{json.dumps(found.name)},{data}]")
                wrongs.check(f"{found} {what}", client.ack(number, found.space)[0], field)
            client.send(f"2{prefix}77[{json.dumps(found.name)},{{}},{{}}]")
            wrongs.check(f"{found} two arguments", client.ack(77, found.space)[0])
    wrongs.none(at_least=40)


def test_without_an_id_the_problem_is_an_event(house):
    with Events(house.server, token=house.token) as client:
        for found in house.over_ws():
            client.send(found.name, {UNKNOWN_FIELD: 1})
            told = client.event("error")["data"]
            assert told["event"] == found.name and told["error"]["field"] == UNKNOWN_FIELD


NO_ENVELOPES = {
    "half": '{"event":"auth"', "no JSON": "hello", "an array": "[]", "a text": '"x"', "a number": "5",
    "null": "null", "empty": "", "nothing in it": "{}", "event is a number": '{"event":5}',
    "event is null": '{"event":null}', "event is empty": '{"event":"","id":1}',
    "event is long": '{"event":"%s","id":1}' % ("x" * 4000), "event with NUL": '{"event":"\\u0000","id":1}',
    "id is a list": '{"event":"auth","id":[]}', "id is a truth": '{"event":"auth","id":true}',
    "event twice": '{"event":"a","event":"b"}', "two values": '{"event":"a"} {}',
    "deep": '{"event":"a","data":' + "[" * 2000 + "]" * 2000 + "}",
    "unpaired surrogate": '{"event":"\\ud800"}', "NaN": '{"event":"auth","data":NaN}',
    "a comment": '{"event":"a"/**/}',
}


@pytest.mark.parametrize("what", NO_ENVELOPES)
def test_what_is_no_envelope_is_told_and_the_connection_goes_on(house, what):
    with Events(house.server, token=house.token) as client:
        client.ws.send(NO_ENVELOPES[what])
        told = client.recv()
        problem = told["error"] if told["event"] == "ack" else told["data"]["error"]
        assert told["event"] in ("ack", "error") and 400 <= problem["status"] < 500
        assert client.problem("no:such:event")["status"] == 404


@pytest.mark.parametrize("number", ["-1", "0", "1.5", "1e3", str(2 ** 53), str(2 ** 70), '""', '"a\\"b"'])
def test_an_id_comes_back_as_it_was(house, number):
    with Events(house.server) as client:
        client.ws.send('{"event":"no:such:event","id":%s}' % number)
        told = client.recv()
        if told["event"] == "ack":
            assert told["id"] == json.loads(number)
        else:
            assert told["data"]["error"]["status"] == 400


def test_bytes_that_are_no_text_end_the_connection(house):
    for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b'{"event":"\xf4\x90\x80\x80"}', b"a\xc3"):
        with Events(house.server) as client:
            client.ws.socket.sendall(frame(TEXT, text))
            assert client.wait_closed() == 1007


def test_a_message_that_is_too_long_ends_the_connection(house):
    with Events(house.server) as client:
        client.ws.socket.sendall(frame(TEXT, b'"' + b"x" * MESSAGE_BYTES_MAX + b'"')[:4096])
        assert client.wait_closed() == 1009


def test_binary_messages_end_the_connection(house):
    with Events(house.server) as client:
        client.ws.socket.sendall(frame(BINARY, b"{}"))
        assert client.wait_closed() == 1003
