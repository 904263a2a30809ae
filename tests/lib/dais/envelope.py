# SPDX-License-Identifier: MIT
"""A client of `/ws`: events with their data, and the answers to them."""
import json
import time
from urllib.parse import urlencode

from .wait import scale
from .websocket import WebSocket


class Socket:
    """One connection. Events that come while something else is waited for are kept in their order."""

    def __init__(self, server, token=None, headers=None, connection=None, **query):
        if token:
            query["token"] = token
        path = "/ws" + ("?" + urlencode(query) if query else "")
        self.ws = WebSocket(connection or server.connect(), path, headers)
        self.kept = []
        self.count = 0

    def send(self, event, data=None, number=None):
        message = {"event": event}
        if data is not None:
            message["data"] = data
        if number is not None:
            message["id"] = number
        self.ws.send(json.dumps(message))

    def ask(self, event, data=None):
        """Sends an event with an id and returns the whole answer."""
        self.count += 1
        self.send(event, data, str(self.count))
        while True:
            message = json.loads(self.ws.recv())
            if message["event"] == "ack" and message["id"] == str(self.count):
                return message
            self.kept.append(message)

    def done(self, event, data=None):
        """As ask, for what has to go well; the data of the answer."""
        answer = self.ask(event, data)
        assert answer["ok"], answer
        return answer.get("data")

    def next(self, event, check=lambda data: True, timeout_s=10.0):
        """The data of the next event of that name that `check` likes; others are kept."""
        for index, message in enumerate(self.kept):
            if message["event"] == event and check(message["data"]):
                del self.kept[index]
                return message["data"]
        deadline = time.monotonic() + timeout_s * scale()
        while True:
            self.ws.socket.settimeout(max(0.01, deadline - time.monotonic()))
            message = json.loads(self.ws.recv())
            if message["event"] == event and check(message["data"]):
                return message["data"]
            self.kept.append(message)

    def drop(self):
        self.ws.drop()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.drop()
