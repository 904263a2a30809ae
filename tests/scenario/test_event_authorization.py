# SPDX-License-Identifier: MIT
"""Every event of the running server × everybody who may connect, over /ws and Socket.IO: who is
let in follows from the row's access and roles alone.

Whether somebody was let in shows without doing anything: with data that does not fit, who may send
the event is told so (400), everybody else is refused before (401, 403). Only events that take no
fields are really sent.
"""
import time

import pytest

from dais import Server, event_rows, eventually
from dais.events import Events
from dais.jwt import signed_again
from dais.plugins import row
from dais.routes import UNKNOWN_FIELD
from dais.socketio import SocketIO
from dais.websocket import Refused

SECRET = "a secret of this test, long enough"
UNLIMITED = """workers: 2
rates:
  login: {user: 0, address: 0}
  write: {user: 0, address: 0}
  connect: {address: 0}
  event: {connection: 0, user: 0, address: 0}
"""
ROLES = ("attendee", "speaker", "moderator", "admin")
# Who comes → the roles that count for him; None: a guest.
CALLERS = {"none": None, **{role: {role} for role in ROLES}, "creator": {"attendee", "creator"}}
BAD_TOKENS = ("garbage", "forged", "expired", "revoked")


class House:
    """A server, its events and its people's tokens."""

    def __init__(self, server):
        self.server = server
        self.rows = [found for found in event_rows.load(server.api())
                     if found.plugin != event_rows.CORE]
        self.tokens = {"none": None, **{role: server.user(role=role).token for role in ROLES}}
        creator = server.user()
        server.user(role="admin").patch(f"/api/users/{creator.user['id']}/creator",
                                        {"status": "approved"}).expect(200)
        self.tokens["creator"] = creator.token
        token, now = self.tokens["attendee"], int(time.time())
        self.tokens["garbage"] = "abc.def.ghi"
        self.tokens["forged"] = signed_again(token, "b" * 40)
        self.tokens["expired"] = signed_again(token, SECRET, iat=now - 100, exp=now - 10)
        self.tokens["revoked"] = self.logged_out()

    def logged_out(self):
        caller = self.server.user()
        caller.post("/api/auth/logout").expect(200)
        eventually(lambda: all(caller.with_token(caller.token).get("/api/auth/me").status == 401
                               for _ in range(10)), what="all workers know")
        return caller.token


@pytest.fixture(scope="module", params=["bundled", "talk"])
def house(request):
    running = Server(config=UNLIMITED, env={"JWT_SECRET": SECRET})
    if request.param == "talk":
        running.config += f"plugins:\n  auth: {{}}\n{row(running, 'talk')}"
    with running:
        yield House(running)


def expected_of(found, who):
    """The status of the refusal that the row asks for; None: he is let in."""
    roles = CALLERS[who]
    if found.access == "public":
        return None
    if roles is None:
        return 401
    return None if found.access == "user" or roles & found.roles else 403


def status_over_ws(house, found, who):
    token = house.tokens[who]
    with Events(house.server, **({"token": token} if token else {})) as client:
        return status_of(found, client.call(found.name, data_for(found)))


def status_over_socketio(house, found, who):
    token = house.tokens[who]
    with SocketIO(house.server) as client:
        answer = client.connect(found.space, {"token": token} if token else None)
        if answer.kind == 4:
            return answer.data["data"]["status"]
        data = data_for(found)
        args = [] if data is None else [data]
        return status_of(found, client.call(found.name, *args, space=found.space)[0])


def data_for(found):
    return {UNKNOWN_FIELD: 1} if found.data else None


def status_of(found, answer):
    """What was answered; None: he was let in."""
    if answer.get("ok"):
        return 200 if found.data else None
    problem = answer["error"]
    if found.data and problem["status"] == 400 and problem.get("field") == UNKNOWN_FIELD:
        return None
    return problem["status"] if found.data or problem["status"] in (401, 403) else None


@pytest.mark.parametrize("who", CALLERS)
def test_who_may_send_an_event(house, who):
    wrong = []
    for found in house.rows:
        status = (status_over_ws if found.is_envelope else status_over_socketio)(house, found, who)
        if status != expected_of(found, who):
            wrong.append(f"{found} ({found.access} {sorted(found.roles)}): {status}, "
                         f"expected {expected_of(found, who)}")
    assert not wrong, f"{len(wrong)} of {len(house.rows)}:\n" + "\n".join(wrong)
    assert len(house.rows) >= 8


@pytest.mark.parametrize("how", ["query", "header"])
@pytest.mark.parametrize("which", BAD_TOKENS)
def test_a_bad_token_is_refused_before_the_101(house, which, how):
    token = house.tokens[which]
    query = {"token": token} if how == "query" else {}
    headers = {} if query else {"Authorization": f"Bearer {token}"}
    with pytest.raises(Refused) as caught:
        Events(house.server, headers=headers, **query)
    refusal = caught.value.reply.expect(401)
    assert refusal.headers["content-type"] == "application/problem+json"
    assert token not in refusal.text and "signature" not in refusal.text


@pytest.mark.parametrize("which", BAD_TOKENS)
def test_a_bad_token_as_the_first_message_is_the_end(house, which):
    with Events(house.server) as client:
        problem = client.problem("auth", {"token": house.tokens[which]})
        assert problem["status"] == 401 and house.tokens[which] not in str(problem)
        assert client.wait_closed() == 4003


@pytest.mark.parametrize("which", BAD_TOKENS)
def test_a_bad_token_of_socketio_is_refused(house, which):
    with SocketIO(house.server) as client:
        answer = client.connect(auth={"token": house.tokens[which]})
        assert answer.kind == 4 and answer.data["data"]["status"] == 401
        assert house.tokens[which] not in str(answer.data)


@pytest.mark.parametrize("which", BAD_TOKENS)
def test_a_bad_refresh_leaves_what_there_is(house, which):
    with Events(house.server, token=house.tokens["speaker"]) as client:
        assert client.problem("auth:refresh", {"token": house.tokens[which]})["status"] == 401
        other = client.problem("auth:refresh", {"token": house.tokens["admin"]})
        assert other["status"] == 403 and other["field"] == "token"
        found = next(found for found in house.rows if found.is_envelope and found.data)
        assert status_of(found, client.call(found.name, data_for(found))) is None


def test_one_answer_is_enough_for_all_sockets_of_a_token():
    """A role that changes is known to all tabs, and the provider is not asked for each of them."""
    running = Server()
    running.config = ("workers: 1\nlimits: {token_checks: 1}\n"
                      f"plugins:\n  auth: {{}}\n{row(running, 'talk')}")
    with running:
        user, admin = running.user(), running.user(role="admin")
        tabs = [Events(running, token=user.token) for _ in range(20)]
        assert all(tab.problem("talk:admin", {"text": "a"})["status"] == 403 for tab in tabs)
        asked = running.metric("dais_identity_verified_total")
        admin.patch(f"/api/users/{user.user['id']}/role", {"role": "admin"}).expect(200)
        eventually(lambda: tabs[-1].call("talk:admin", {"text": "a"})["ok"], what="the role counts")
        assert all(tab.ask("talk:admin", {"text": "a"})["role"] == "admin" for tab in tabs)
        assert running.metric("dais_identity_verified_total") - asked <= 5
        for tab in tabs:
            tab.ws.drop()
