# SPDX-License-Identifier: MIT
"""Socket.IO v5 by hand, on an Engine.IO of one's own: packets as they are on the wire."""
import json
import re

from .engineio import EngineIO, wait_closed
from .websocket import WebSocket

PACKET = re.compile(r"4([0-6])(?:(\d+)-)?(?:(/[^,]*),?)?(\d+)?(.*)", re.DOTALL)


class Packet:
    """A parsed packet: type, namespace, ack id (or None) and data."""

    def __init__(self, text):
        kind, count, space, number, data = PACKET.fullmatch(text).groups()
        self.kind = int(kind)
        self.count = int(count or 0)
        self.space = space or "/"
        self.id = None if number is None else int(number)
        self.data = json.loads(data) if data else None
        self.attachments = []

    def __repr__(self):
        return f"<{self.kind} {self.space} {self.id} {self.data!r} {len(self.attachments)}>"


class SocketIO:
    """One client on a WebSocket; heartbeats are answered. `send` takes packets of Socket.IO as text
    ("2[\\"hello\\"]")."""

    def __init__(self, server, path="/socket.io/", connection=None, headers=None, **query):
        self.eio = EngineIO(server, path)
        url = self.eio.url(transport="websocket", **query)
        self.ws = WebSocket(connection or server.connect(), url, headers)
        self.opened = json.loads(self.ws.recv()[1:])
        self.kept = []

    def send(self, packet, *attachments):
        self.ws.send("4" + packet)
        for attachment in attachments:
            self.ws.send(attachment)

    def raw(self):
        """The next message that is no heartbeat: text or bytes."""
        while (message := self.ws.recv()) == "2":
            self.ws.send("3")
        return message

    def packet(self):
        """The next packet, whole."""
        packet = Packet(self.raw())
        for _ in range(packet.count):
            packet.attachments.append(self.raw())
        return packet

    def connect(self, space="/", auth=None):
        """Joins a namespace; the server's answer."""
        self.send("0" + prefix(space) + ("" if auth is None else json.dumps(auth)))
        while (packet := self.packet()).kind not in (0, 4) or packet.space != space:
            self.kept.append(packet)
        return packet

    def emit(self, name, *args, space="/", ack=None):
        number = "" if ack is None else str(ack)
        self.send("2" + prefix(space) + number + json.dumps([name, *args]))

    def event(self, name=None, space="/"):
        """The arguments of the next event (of that name); what comes before is kept aside."""
        for i, packet in enumerate(self.kept):
            if _is_event(packet, name, space):
                return self.kept.pop(i).data[1:]
        while not _is_event(packet := self.packet(), name, space):
            self.kept.append(packet)
        return packet.data[1:]

    def ack(self, number, space="/"):
        """The arguments of the answer to `number`."""
        while True:
            packet = self.packet()
            if packet.kind in (3, 6) and packet.id == number and packet.space == space:
                return packet.data
            self.kept.append(packet)

    def call(self, name, *args, space="/", ack=1):
        """Emits and waits for the answer."""
        self.emit(name, *args, space=space, ack=ack)
        return self.ack(ack, space)

    def wait_closed(self):
        return wait_closed(self.ws)

    def drop(self):
        self.ws.drop()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.ws.drop()


def prefix(space):
    return "" if space == "/" else space + ","


def _is_event(packet, name, space):
    return (packet.kind in (2, 5) and packet.space == space
            and (name is None or packet.data[0] == name))
