# SPDX-License-Identifier: MIT
"""Rooms where people talk, by every way there is.

    with House() as house, house.room() as room:
        anna = room.way("anna", "socketio")       # or "ws" or "http"
        berta = room.join("berta")                # a socket that is in the room
        said = anna.done("send", message="Hello")
        assert berta.next("chat:message") == said

People are known by their names and made when they are first named; "owner" owns the rooms, "guest"
is nobody. What a way is asked for is a verb of VERBS; its fields are those of the event, and are put
into the path of the route where they belong there.
"""
import itertools
import json
import os
import uuid
from dataclasses import dataclass, field

from .envelope import Socket
from .plugins import row
from .server import Server
from .socketio import SocketIO

WAYS = ("http", "ws", "socketio")
SOCKETS = ("ws", "socketio")
NOBODY = str(uuid.UUID(int=0))
MARK = ("room", "epoch", "seq")

CONFIG = """workers: {workers}
limits: {{plugin_loads: 10000}}
rates:
  login: {{user: 0, address: 0}}
  write: {{user: 0, address: 0}}
  read: {{user: 0, address: 0}}
  connect: {{address: 0}}
  event: {{connection: 0, user: 0, address: 0}}
plugins:
  auth: {{}}
  streams: {{}}
  chat: {chat}
"""

_numbers = itertools.count(1)


@dataclass
class Verb:
    """One thing that may be done to a room, as a route and as an event."""

    method: str
    path: str
    event: str
    body: dict = field(default_factory=dict)  # what the route takes besides
    data: dict = field(default_factory=dict)  # what the event takes besides


ROOM = "/api/chat/rooms/{roomId}"
VERBS = {
    "send": Verb("POST", "/api/chat/session/{roomId}", "chat:send"),
    "pin": Verb("PATCH", "/api/chat/{messageId}/pin", "chat:pin", body={"pinned": True}),
    "unpin": Verb("PATCH", "/api/chat/{messageId}/pin", "chat:unpin", body={"pinned": False}),
    "edit": Verb("PATCH", "/api/chat/{messageId}", "chat:edit"),
    "delete": Verb("DELETE", "/api/chat/{messageId}", "chat:delete"),
    "react": Verb("PUT", "/api/chat/{messageId}/reaction", "chat:react"),
    "report": Verb("POST", "/api/chat/{messageId}/report", "chat:report"),
    "typing": Verb("POST", ROOM + "/typing", "chat:typing"),
    "settings": Verb("PATCH", ROOM + "/settings", "chat:settings"),
    "clear": Verb("DELETE", ROOM + "/messages", "chat:clear"),
    "bar": Verb("PUT", ROOM + "/bars/{userId}", "chat:bar"),
    "unbar": Verb("DELETE", ROOM + "/bars/{userId}", "chat:unbar"),
    "appoint": Verb("PUT", ROOM + "/moderators/{userId}", "chat:moderator", data={"value": True}),
    "dismiss": Verb("DELETE", ROOM + "/moderators/{userId}", "chat:moderator",
                    data={"value": False}),
    "resolve": Verb("PATCH", "/api/chat/reports/{reportId}", "chat:report:resolve"),
}
OF_A_MESSAGE = {name for name, verb in VERBS.items() if "{messageId}" in verb.path}


class Answer:
    """What was answered, in whatever way: `data` when it went well, else `problem`."""

    def __init__(self, data, problem, status, retry_after):
        self.data = data
        self.problem = problem
        self.status = problem["status"] if problem else status
        self.retry_after = retry_after
        self.ok = problem is None

    def __repr__(self):
        return f"<{self.status} {self.problem or self.data}>"


class Http:
    """Requests of somebody."""

    kind = "http"

    def __init__(self, server, token, room):
        self.api = server.api(token)
        self.room = room

    def do(self, verb, **fields):
        row_ = VERBS[verb]
        if "{roomId}" in row_.path:
            fields.setdefault("roomId", self.room.id)
        path = row_.path.format_map(fields)
        rest = {name: value for name, value in fields.items() if f"{{{name}}}" not in row_.path}
        body = {**row_.body, **rest}
        if row_.method == "DELETE":
            return self.call(row_.method, path, query=rest)
        return self.call(row_.method, path, body)

    def call(self, method, path, body=None, query=None):
        reply = self.api.request(method, path, body, query=query)
        document = reply.json if reply.body else None
        retry = reply.headers.get("retry-after")
        if reply.status < 400:
            return Answer(document, None, reply.status, None)
        assert reply.headers["content-type"] == "application/problem+json", reply
        return Answer(None, document, reply.status, int(retry) if retry else None)

    def done(self, verb, **fields):
        answer = self.do(verb, **fields)
        assert answer.ok, answer
        return answer.data

    def drop(self):
        self.api.close()


class _Events:
    """What both kinds of sockets have in common; `room` is the one that is meant."""

    room = None
    joined = None  # what the join was answered

    def do(self, verb, **fields):
        row_ = VERBS[verb]
        if "{roomId}" in row_.path:
            fields.setdefault("roomId", self.room.id)
        return self.call(row_.event, {**row_.data, **fields})

    def call(self, event, data=None):
        answer = self.ask(event, data)
        problem = answer.get("error")
        assert answer["ok"] is (problem is None), answer
        return Answer(answer.get("data"), problem, 200, problem and problem.get("retryAfter"))

    def done(self, verb, **fields):
        answer = self.do(verb, **fields)
        assert answer.ok, answer
        return answer.data

    def enter(self, event="chat:join", data=None):
        """Joins the room; what is numbered from then on is seen."""
        answer = self.call(event, data or {"roomId": self.room.id})
        assert answer.ok, answer
        self.joined = answer.data
        return self

    def none(self, event):
        """Nothing of that name came before the answer to what is asked now."""
        self.call("chat:nothing")
        found = [message for message in self.kept if message["event"] == event]
        assert not found, found

    def taken(self, event):
        """The data of all events of that name so far, which are forgotten."""
        self.call("chat:nothing")
        found = [message["data"] for message in self.kept if message["event"] == event]
        self.kept = [message for message in self.kept if message["event"] != event]
        return found


class Ws(_Events, Socket):
    """A socket of /ws."""

    kind = "ws"


class Io(_Events, Socket):
    """A socket of Socket.IO, which reads as one of /ws."""

    kind = "socketio"

    def __init__(self, server, token=None, **hello):
        if token:
            hello["token"] = token
        self.io = SocketIO(server)
        self.ws = _Packets(self.io)
        self.kept = []
        self.count = 0
        answer = self.io.connect(auth=hello or None)
        assert answer.kind == 0, answer

    def send(self, event, data=None, number=None):
        self.io.emit(event, *([] if data is None else [data]), ack=number)

    def drop(self):
        self.io.drop()


class _Packets:
    """The packets of Socket.IO as the envelopes of /ws."""

    def __init__(self, io):
        self.io = io
        self.socket = io.ws.socket

    def recv(self):
        while True:
            packet = self.io.packet()
            if packet.kind == 3:
                return json.dumps({"event": "ack", "id": str(packet.id), **packet.data[0]})
            if packet.kind == 2:
                name, data = packet.data
                mark = {key: data.pop(key) for key in MARK} if "epoch" in data else {}
                return json.dumps({"event": name, "data": data, **mark})


class Room:
    """A room, and all who came to it; they leave with it."""

    def __init__(self, house, kind, title):
        self.house = house
        self.server = house.server
        self.kind = kind
        self.opened = []
        found = house.make[kind](title)
        self.id = found["id"]
        self.playback_id = found.get("playbackId")

    @property
    def name(self):
        return f"{self.kind}:{self.id}"

    def way(self, who, kind="http", **hello):
        """Somebody who may act, but is not in the room."""
        token = self.house.token(who)
        if kind == "http":
            way = Http(self.server, token, self)
        else:
            way = (Ws if kind == "ws" else Io)(self.server, token=token, **hello)
            way.room = self
        self.opened.append(way)
        return way

    def join(self, who="guest", kind="ws", event="chat:join", data=None, **hello):
        """Somebody who is in the room."""
        return self.way(who, kind, **hello).enter(event, data)

    def join_live(self, who, kind="ws", **hello):
        """As an app of specification 004 does."""
        return self.join(who, kind, "live:join", {"liveStreamId": self.id}, **hello)

    def say(self, who, message, **more):
        """The message as it was answered."""
        return self.way(who).done("send", message=message, **more)

    def get(self, who, path, **query):
        """GET of something below the room."""
        reply = self.way(who).api.get(ROOM.format(roomId=self.id) + path, query=query or None)
        return reply.expect(200).json

    def page(self, who="guest", **query):
        api = self.way(who).api
        return api.get(f"/api/chat/session/{self.id}", query=query or None).expect(200).json

    def messages(self, who="guest"):
        """All messages, from old to new."""
        found, query = [], {}
        while True:
            page = self.page(who, limit=100, **query)
            found = page["messages"] + found
            if "next" not in page:
                return found
            query = {"before": page["next"]}

    def ids(self, who="guest"):
        """Of what people said."""
        return [message["id"] for message in self.messages(who) if message["type"] == "comment"]

    def texts(self, who="guest"):
        """What people said on the newest page."""
        return [message["message"] for message in self.page(who)["messages"]
                if message["type"] == "comment"]

    def set(self, **settings):
        return self.way("owner").done("settings", **settings)

    def appoint(self, who):
        self.way("owner").done("appoint", userId=self.house.id(who))

    def bar(self, who, by="owner", **more):
        return self.way(by).done("bar", userId=self.house.id(who), **more)

    def shut(self):
        """A session is over, but still there."""
        assert self.kind == "session"
        self.house.person("owner").delete(f"/api/sessions/{self.id}").expect(204)

    def remove(self):
        """The stream or the session itself goes."""
        path = {"live": "/api/streams/{}", "session": "/api/sessions/{}?remove=true"}[self.kind]
        self.house.person("owner").delete(path.format(self.id)).expect(204)

    def follow(self, who, value=True):
        """Follows the owner, or no longer."""
        path = f"/api/users/{self.house.id('owner')}/follow"
        self.house.person(who).request("POST" if value else "DELETE", path).expect(204)

    def close(self):
        for way in self.opened:
            way.drop()
        self.opened = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()


class House:
    """A server with chat, its people and its rooms."""

    ROLES = {"admin": "admin", "global": "moderator", "speaker": "speaker"}
    CREATORS = ("owner", "creator")

    def __init__(self, workers=2, chat="{}", plugins=("sessions",), **options):
        self.server = Server(**options)
        self.server.config = CONFIG.format(workers=workers, chat=chat)
        for name in plugins:
            self.server.config += row(self.server, name)
        self.people = {}
        self.make = {"live": self._live, "session": self._session}

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, kind, value, trace):
        self.server.__exit__(kind, value, trace)

    def person(self, who):
        """Somebody by name; None is a guest."""
        if who == "guest":
            return None
        if who not in self.people:
            self.people[who] = self._new(who)
            if who in self.CREATORS:
                path = f"/api/users/{self.id(who)}/creator"
                self.person("admin").patch(path, {"status": "approved"}).expect(200)
        return self.people[who]

    def _new(self, who):
        if who in self.ROLES:
            return self.server.user(role=self.ROLES[who])
        account = {"email": f"{next(_numbers)}-{os.getpid()}@example.org", "name": who.title(),
                   "password": "correct horse battery"}
        made = self.server.api().post("/api/auth/register", account).expect(201).json
        caller = self.server.api(made["token"])
        caller.user = made["user"]
        return caller

    def token(self, who):
        person = self.person(who)
        return person and person.token

    def id(self, who):
        return self.person(who).user["id"]

    def room(self, kind="live", title="", **settings):
        """A new room of "owner"."""
        room = Room(self, kind, title or f"Room {next(_numbers)}")
        if settings:
            room.set(**settings)
        return room

    def _live(self, title):
        return self.person("owner").post("/api/streams", {"title": title}).expect(201).json

    def _session(self, title):
        return self.person("owner").post("/api/sessions", {"title": title}).expect(201).json
