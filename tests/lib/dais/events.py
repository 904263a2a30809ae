# SPDX-License-Identifier: MIT
"""A client of `/ws`: events, answers, errors."""
import json
from urllib.parse import urlencode

from .websocket import WebSocket


class Events:
    """One connection to `/ws`; what does not concern a call is kept for `event`."""

    def __init__(self, server, connection=None, headers=None, path="/ws", **query):
        url = path + ("?" + urlencode(query) if query else "")
        self.ws = WebSocket(connection or server.connect(), url, headers)
        self.kept = []
        self._ids = 0

    def send(self, event, data=None, **more):
        """Sends without waiting; `id` asks for an answer."""
        message = {"event": event, **({} if data is None else {"data": data}), **more}
        self.ws.send(json.dumps(message))

    def recv(self):
        return json.loads(self.ws.recv())

    def answer(self, number):
        """The answer to `number`, whole."""
        return self._next(lambda m: m["event"] == "ack" and m["id"] == number)

    def call(self, event, data=None):
        """Sends and waits: the answer, whole."""
        self._ids += 1
        self.send(event, data, id=self._ids)
        return self.answer(self._ids)

    def ask(self, event, data=None):
        """As call: the data of an answer that says ok."""
        answer = self.call(event, data)
        assert answer["ok"] is True, answer
        return answer.get("data")

    def problem(self, event, data=None):
        """As call: the problem of an answer that says no."""
        answer = self.call(event, data)
        assert answer["ok"] is False, answer
        return answer["error"]

    def event(self, name):
        """The next message with that event, whole."""
        return self._next(lambda m: m["event"] == name)

    def _next(self, wanted):
        for i, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(i)
        while not wanted(message := self.recv()):
            self.kept.append(message)
        return message

    def wait_closed(self):
        return self.ws.wait_closed()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.ws.drop()
