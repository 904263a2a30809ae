# SPDX-License-Identifier: MIT
"""Every route of the running server × everything that does not fit: a problem document with a
status of 4xx that names the field, and never an error of the server."""
import contextlib
import http.client
import json
from urllib.parse import quote

import pytest

from dais import Reply, Server, routes

UNLIMITED = """
rates:
  login: {user: 0, address: 0}
  write: {user: 0, address: 0}
"""
BODY_BYTES_MAX = 1048576
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def house():
    with Server(config=UNLIMITED) as server:
        yield House(server)


class House:
    """A server, its routes, and for each route somebody who may call it."""

    def __init__(self, server):
        self.server = server
        self.nobody = server.api()
        self.routes = routes.load(self.nobody)
        self.callers = {role: server.user(role=role)
                        for role in ("attendee", "speaker", "moderator", "admin")}
        self.owned = {}

    def caller(self, route):
        if route.access == "public":
            return self.nobody
        if route.access == "user":
            return self.callers["attendee"]
        if route.access == "owner":
            return self.callers["admin"]
        return next(self.callers[role] for role in self.callers if role in route.roles)

    def path(self, route, **values):
        """The route's path; where its owner is asked for, that of something there is."""
        if route.access == "owner" and not values:
            name = next(iter(route.path_fields))
            if name not in self.owned.setdefault(route.path, {}):
                self.owned[route.path][name] = routes.new_resource(route, self.caller(route))
            values = self.owned[route.path]
        return route.at(**values)

    def with_bodies(self):
        return [route for route in self.routes if route.body]


class Wrongs:
    """Collects what was answered otherwise than it should be."""

    def __init__(self):
        self.found = []
        self.count = 0

    def check(self, what, reply, field=None, statuses=(400,)):
        self.count += 1
        problem = self._problem(reply, field, statuses)
        if problem:
            self.found.append(f"{what}: {problem}; got {reply.status} {reply.body[:200]!r}")

    @staticmethod
    def _problem(reply, field, statuses):
        if reply.status not in statuses:
            return f"should be {statuses}"
        if reply.headers.get("content-type") != "application/problem+json":
            return "is no problem document"
        document = reply.json
        if document["status"] != reply.status or not document["code"] or not document["title"]:
            return "the document is not complete"
        if field is not None and document.get("field") != field:
            return f"should name {field}"
        return None

    def none(self, at_least):
        assert not self.found, f"{len(self.found)} of {self.count}:\n" + "\n".join(self.found[:40])
        assert self.count >= at_least


@pytest.fixture
def wrongs():
    return Wrongs()


def send(house, route, body, headers=None):
    return house.caller(route).request(route.method, house.path(route), body=body,
                                       headers=JSON if headers is None else headers)


def test_bodies_that_are_no_json(house, wrongs):
    bodies = {"half": b'{"a":', "no JSON": b"hello", "an array": b"[]", "a text": b'"x"', "a number": b"5",
              "null": b"null", "NaN": b"NaN", "deep": b'{"a":' + b"[" * routes.DEEP + b"]" * routes.DEEP + b"}",
              "deeper": b"[" * 20000, "two values": b"{} {}", "UTF-16": '{"a":1}'.encode("utf-16"),
              "a comment": b"{/**/}"}
    for route in house.with_bodies():
        for name, body in bodies.items():
            wrongs.check(f"{route} {name}", send(house, route, body))
    wrongs.none(at_least=100)


def send_huge(house, route):
    """The server says no before the body came, so not all of it can be sent."""
    head = (f"{route.method} {route.at()} HTTP/1.1\r\nHost: test\r\n"
            f"Content-Type: application/json\r\nContent-Length: {BODY_BYTES_MAX + 9}\r\n\r\n")
    with house.server.connect() as wire:
        with contextlib.suppress(ConnectionError):
            wire.sendall(head.encode() + b'{"a":"' + b"x" * BODY_BYTES_MAX + b'"}')
        answer = http.client.HTTPResponse(wire)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, headers, answer.read())


def test_bodies_that_are_too_large(house, wrongs):
    for route in house.with_bodies():
        wrongs.check(f"{route} huge", send_huge(house, route), statuses=(413,))
    wrongs.none(at_least=10)


def test_bodies_of_another_type(house, wrongs):
    for route in house.with_bodies():
        body = json.dumps(routes.example_object(route.body)).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"):
            wrongs.check(f"{route} as {kind!r}", send(house, route, body, {"Content-Type": kind}),
                         statuses=(415,))
    wrongs.none(at_least=40)


def test_bodies_that_lack_what_is_required(house, wrongs):
    for route in house.with_bodies():
        whole = routes.example_object(route.body)
        for name in route.body.get("required", []):
            body = {key: value for key, value in whole.items() if key != name}
            wrongs.check(f"{route} without {name}", send(house, route, json.dumps(body).encode()), name)
            body[name] = None
            wrongs.check(f"{route} {name} null", send(house, route, json.dumps(body).encode()), name)
        if route.body.get("required"):
            for body in (b"", b"{}"):
                wrongs.check(f"{route} {body!r}", send(house, route, body), route.body["required"][0])
    wrongs.none(at_least=10)


def test_fields_that_do_not_fit(house, wrongs):
    for route in house.with_bodies():
        for name, schema in route.body["properties"].items():
            for what, value in routes.misfits(schema):
                body = dict(routes.example_object(route.body), **{name: value})
                wrongs.check(f"{route} {name} {what} {str(value)[:20]!r}",
                             send(house, route, json.dumps(body).encode()), name)
    wrongs.none(at_least=100)


def test_fields_that_nobody_knows(house, wrongs):
    for route in house.with_bodies():
        body = dict(routes.example_object(route.body), **{routes.UNKNOWN_FIELD: 1})
        wrongs.check(f"{route} unknown field", send(house, route, json.dumps(body).encode()),
                     routes.UNKNOWN_FIELD)
    wrongs.none(at_least=10)


def test_fields_that_are_given_twice(house, wrongs):
    for route in house.with_bodies():
        whole = json.dumps(routes.example_object(route.body))
        for name, schema in route.body["properties"].items():
            again = f"{json.dumps(name)}:{json.dumps(routes.example(schema))}"
            wrongs.check(f"{route} {name} twice", send(house, route, f"{whole[:-1]},{again}}}".encode()),
                         name)
    wrongs.none(at_least=20)


def test_texts_that_are_no_utf8(house, wrongs):
    broken = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xc3"]
    for route in house.with_bodies():
        for name, schema in route.body["properties"].items():
            if schema.get("type") != "string":
                continue
            for text in broken:
                body = b'{"%s":"%s"}' % (name.encode(), text)
                wrongs.check(f"{route} {name} {text!r}", send(house, route, body))
    wrongs.none(at_least=50)


def test_paths_that_do_not_fit(house, wrongs):
    for route in house.routes:
        for name, schema in route.path_fields.items():
            cases = [(what, quote(value, safe="")) for what, value in routes.text_misfits(schema)]
            cases += [("no UTF-8", "%ff"), ("broken escape", "%zz"), ("NUL", "%00"), ("a slash", "a%2Fb")]
            for what, value in cases:
                if value == "":
                    continue  # another path
                reply = house.caller(route).request(route.method, route.at(**{name: value}))
                told = name if "%" not in value else None
                wrongs.check(f"{route} {name} {what}", reply, told)
            reply = house.caller(route).request(route.method, route.at(**{name: "x" * 4000}))
            wrongs.check(f"{route} {name} long", reply, statuses=(414,))
    wrongs.none(at_least=100)


def test_queries_that_do_not_fit(house, wrongs):
    for route in house.routes:
        if not route.query_fields:
            continue
        cases = [("unknown", f"{routes.UNKNOWN_FIELD}=1", routes.UNKNOWN_FIELD)]
        for name, schema in route.query_fields.items():
            fits = quote(str(routes.example(schema)), safe="")
            cases += [(what, f"{name}={quote(value, safe='')}", name)
                      for what, value in routes.text_misfits(schema)]
            cases += [("twice", f"{name}={fits}&{name}={fits}", name),
                      ("no UTF-8", f"{name}=%ff", name), ("NUL", f"{name}=%00", name)]
        for what, query, field in cases:
            reply = house.caller(route).request(route.method, f"{house.path(route)}?{query}")
            wrongs.check(f"{route}?{query[:40]} {what}", reply, field)
    wrongs.none(at_least=40)


def test_what_no_table_describes(house):
    """Bodies and queries nobody asked for: whatever is answered, it is no error of the server."""
    failed = []
    for route in house.routes:
        if route.method != "GET":
            continue
        for body, query in ((b"\xff\xfe", "a=%00"), (b"{}", "%ff=%ff&&==;"), (b"x" * 100000, "a" * 1000)):
            path = f"{house.path(route)}?{query}"
            reply = house.caller(route).request(route.method, path, body=body, headers=JSON)
            if reply.status >= 500:
                failed.append(f"{route}: {reply}")
    assert not failed, "\n".join(failed)
