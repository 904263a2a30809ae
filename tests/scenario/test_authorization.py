# SPDX-License-Identifier: MIT
"""Every route of the running server × everybody who may come: who is let in follows from the row's
access and roles alone.

Whether somebody was let in shows without doing anything: with a body or a query that does not fit,
who may call the route is told so (400), everybody else is refused before (401, 403). Only routes
without any input are really called, by callers and on things made for that.
"""
import time
from urllib.parse import quote

import pytest

from dais import Server, eventually, routes
from dais.jwt import signed_again

SECRET = "a secret of this test, long enough"
CONFIG = """
rates:
  login: {user: 0, address: 0}
  write: {user: 0, address: 0}
"""
ROLES = ("attendee", "speaker", "moderator", "admin")
REFUSED = (401, 403)

# Who comes → the roles that count for him; None: nobody that is known.
CALLERS = {
    "none": None,
    "garbage": None,
    "forged": None,
    "expired": None,
    "revoked": None,
    "attendee": {"attendee"},
    "speaker": {"speaker"},
    "moderator": {"moderator"},
    "admin": {"admin"},
    "creator": {"attendee", "creator"},
    "owner": {"attendee", "creator"},
    "other owner": {"attendee", "creator"},
}


class House:
    """A server, its routes and its people."""

    def __init__(self, server):
        self.server = server
        self.nobody = server.api()
        self.routes = routes.load(self.nobody)
        self.admin = server.user(role="admin")
        self.people = {"none": self.nobody, "admin": self.admin}
        for role in ROLES[:-1]:
            self.people[role] = server.user(role=role)
        for name in ("creator", "owner", "other owner"):
            self.people[name] = self.new_creator()
        token = self.people["attendee"].token
        now = int(time.time())
        self.people["garbage"] = server.api("abc.def.ghi")
        self.people["forged"] = server.api(signed_again(token, "b" * 40))
        self.people["expired"] = server.api(signed_again(token, SECRET, iat=now - 100, exp=now - 10))
        self.people["revoked"] = self.logged_out()
        self.owned = {}

    def new_creator(self):
        user = self.server.user()
        path = f"/api/users/{user.user['id']}/creator"
        self.admin.patch(path, {"status": "approved"}).expect(200)
        return user

    def new_person(self, who):
        """Somebody like `who`, made for one call."""
        if CALLERS[who] is None:
            return self.people[who]
        if "creator" in CALLERS[who]:
            return self.new_creator()
        return self.server.user(role=who)

    def logged_out(self):
        caller = self.server.user()
        caller.post("/api/auth/logout").expect(200)
        eventually(lambda: all(caller.with_token(caller.token).get("/api/auth/me").status == 401
                               for _ in range(10)), what="all workers know")
        return caller

    def resource(self, route, owner):
        """Something of this owner; made once where the call does not change it."""
        if not touches_nothing(route):
            return routes.new_resource(route, owner)
        if route.path not in self.owned:
            self.owned[route.path] = routes.new_resource(route, owner)
        return self.owned[route.path]


@pytest.fixture(scope="module")
def house():
    with Server(config=CONFIG, env={"JWT_SECRET": SECRET}) as server:
        yield House(server)


def touches_nothing(route):
    return bool(route.method == "GET" or route.body or route.query_fields)


def is_expendable(route):
    """Whether the call is a real one that may end its caller's session or account."""
    return not (touches_nothing(route) or (route.path_fields and route.access != "owner"))


def is_let_in(route, who):
    """What the row says of it."""
    roles = CALLERS[who]
    if roles is None:
        return route.access == "public" and who == "none"
    if route.access in ("public", "user") or roles & route.roles:
        return True
    return route.access == "owner" and who == "owner"


def call(house, route, who):
    """The call that shows it, and the statuses that mean that he was let in."""
    caller = house.people[who]
    owner = house.people["owner"]
    if is_expendable(route) and route.access != "owner":
        caller = house.new_person(who)
    elif is_expendable(route) and routes.is_account(route):
        owner = house.new_creator()
        caller = owner if who == "owner" else caller
    values = {}
    if route.access == "owner":
        values[next(iter(route.path_fields))] = house.resource(route, owner)
    elif route.path_fields and not route.body and not route.query_fields:
        values = misfits_of(route)
    path = route.at(**values)
    if route.body:
        return caller.request(route.method, path, {routes.UNKNOWN_FIELD: 1}), (400,)
    if route.query_fields:
        return caller.request(route.method, f"{path}?{routes.UNKNOWN_FIELD}=1"), (400,)
    if values and route.access != "owner":
        return caller.request(route.method, path), (400, 414)
    return caller.request(route.method, path), (200, 201, 202, 204, 302, 404, 409)


def misfits_of(route):
    """A path in which one parameter does not fit; what fits, where everything does."""
    for name, schema in route.path_fields.items():
        for _, value in routes.text_misfits(schema):
            if value:
                return {name: quote(value, safe="")}
    return {}


@pytest.mark.parametrize("who", CALLERS)
def test_who_may_call_a_route(house, who):
    wrong = []
    for route in house.routes:
        reply, welcomed = call(house, route, who)
        expected = welcomed if is_let_in(route, who) else (401,) if CALLERS[who] is None else (403,)
        if reply.status not in expected:
            wrong.append(f"{route} ({route.access} {sorted(route.roles)}): {reply.status}, "
                         f"expected {expected}: {reply.body[:160]!r}")
        elif reply.status in REFUSED and reply.headers["content-type"] != "application/problem+json":
            wrong.append(f"{route}: {reply.status} is no problem document")
    assert not wrong, f"{len(wrong)} of {len(house.routes)}:\n" + "\n".join(wrong)
    assert len(house.routes) > 20


def test_every_owners_route_has_a_resource(house):
    for route in house.routes:
        if route.access == "owner":
            assert routes.new_resource(route, house.new_creator())


def test_what_is_refused_names_no_secret(house):
    """Whoever is refused learns no more than that."""
    for who in ("garbage", "forged", "expired", "revoked"):
        body = house.people[who].get("/api/auth/me").expect(401).text
        assert house.people[who].token not in body and "signature" not in body
