# SPDX-License-Identifier: MIT
"""Engine.IO v4 by hand: polls that can be held and dropped, WebSockets, packets as they are."""
import http.client
import json

from .api import Reply
from .server import LOCALHOST
from .wait import eventually, scale
from .websocket import Closed, WebSocket

SEPARATOR = "\x1e"


class Poll:
    """One request on a connection of its own, whose answer is waited for when it is wanted."""

    def __init__(self, port, method, path, body=None, headers=None):
        self.connection = http.client.HTTPConnection(LOCALHOST, port, timeout=10 * scale())
        self.connection.request(method, path, body=body, headers=headers or {})

    def reply(self):
        """The answer; the connection is closed then."""
        try:
            answer = self.connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, headers, answer.read())
        finally:
            self.connection.close()

    def drop(self):
        """Leaves before the answer came."""
        self.connection.close()


class EngineIO:
    """One path of a server that speaks Engine.IO. Every request is a connection of its own, so that
    with several workers it arrives at any of them."""

    def __init__(self, server, path="/engine.io/"):
        self.server = server
        self.path = path

    def url(self, sid=None, transport="polling", version="4", **query):
        words = {"EIO": version, "transport": transport, "sid": sid, **query}
        return self.path + "?" + "&".join(f"{name}={value}" for name, value in words.items()
                                          if value is not None)

    def request(self, method="GET", sid=None, body=None, headers=None, **query):
        """Sends a request; see Poll."""
        data = body.encode() if isinstance(body, str) else body
        return Poll(self.server.port, method, self.url(sid, **query), data, headers)

    def get(self, sid=None, **options):
        return self.request("GET", sid, **options).reply()

    def post(self, sid, body, **options):
        return self.request("POST", sid, body, **options).reply()

    def poll(self, sid):
        """The packets of one poll."""
        return self.get(sid).expect(200).text.split(SEPARATOR)

    def push(self, sid, *packets):
        """Sends packets by one POST."""
        assert self.post(sid, SEPARATOR.join(packets)).expect(200).text == "ok"

    def handshake(self, **query):
        """Opens a session by polling; what the server said of it."""
        text = self.get(**query).expect(200).text
        assert text[0] == "0", text
        return json.loads(text[1:])

    def open(self):
        """The sid of a new session by polling."""
        return self.handshake()["sid"]

    def websocket(self, sid=None, **query):
        """A WebSocket: a new session, or one more way of `sid`."""
        return WebSocket.open(self.server, self.url(sid, "websocket", **query))

    def open_websocket(self):
        """A WebSocket and the sid of its new session."""
        ws = self.websocket()
        text = ws.recv()
        assert text[0] == "0", text
        return ws, json.loads(text[1:])["sid"]

    def upgraded(self):
        """A session that began by polling and goes on by WebSocket: both."""
        sid = self.open()
        ws = self.websocket(sid)
        ws.send("2probe")
        assert ws.recv() == "3probe"
        ws.send("5")
        return ws, sid

    def wait_gone(self, sid, timeout_s=2.0):
        """Returns when the server does not know the session any more."""
        eventually(lambda: self._is_gone(sid), timeout_s, what="the session is gone")

    def _is_gone(self, sid):
        reply = self.get(sid)
        return reply.status == 400 and reply.json["code"] == 1


def wait_closed(ws):
    """Reads until the server closes, for another reason than a silent heart: the code, or None."""
    try:
        while True:
            if ws.recv() == "2":
                ws.send("3")
    except Closed as closed:
        return closed.code
    except OSError:
        return None  # it closed while the heart beat
