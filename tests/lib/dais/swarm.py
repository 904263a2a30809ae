# SPDX-License-Identifier: MIT
"""Members of rooms who come and go, by hundreds in one thread: each checks what it gets.

    swarm = Swarm(server, members=300, rooms=10)
    swarm.run(seconds=10)          # asyncio.run inside
    assert swarm.problems == []

A member keeps to one room. It leaves at random moments, in the midst of whatever goes on, comes back
with the place of the last event that it has seen, and holds the server to it: every event once, in
order, none missing. It speaks what it is told: /ws, or Socket.IO by polling, by WebSocket or from
one to the other.
"""
import asyncio
import json
import random
import struct
from urllib.parse import quote

from .server import LOCALHOST
from .wait import scale
from .websocket import BINARY, CLOSE, PING, PONG, TEXT, frame

ADDRESSES = 32
SEPARATOR = "\x1e"
STUCK_S = 15.0
KIND = "bench"


class Ended(Exception):
    """The server ended a connection."""


class Wire:
    """One connection from one of many loopback addresses; HTTP requests, or frames."""

    @classmethod
    async def open(cls, server, number):
        wire = cls()
        wire.reader, wire.writer = await asyncio.open_connection(
            LOCALHOST, server.port, local_addr=(f"127.0.1.{number % ADDRESSES + 1}", 0))
        return wire

    async def _head(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), headers

    async def request(self, method, path, body=b""):
        """The body of a 200, as text."""
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: swarm\r\nContent-Type: text/plain\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        status, headers = await self._head()
        text = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if status != 200:
            raise Ended(f"{method} {path}: {status} {text[:200]!r}")
        return text.decode()

    async def upgrade(self, path):
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: swarm\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        status, headers = await self._head()
        if status != 101:
            text = await self.reader.readexactly(int(headers.get("content-length", 0)))
            raise Ended(f"{path}: {status} {text[:200]!r}")

    def say(self, text):
        self.writer.write(frame(TEXT, text.encode()))

    async def texts(self):
        """The text messages, until the server ends the connection."""
        rest = b""
        while data := await self.reader.read(65536):
            rest += data
            while (cut := self._cut(rest)):
                opcode, payload, rest = cut
                if opcode == TEXT:
                    yield payload.decode()
                elif opcode == PING:
                    self.writer.write(frame(PONG, payload))
                elif opcode == CLOSE:
                    raise Ended(f"closed with {struct.unpack('>H', payload[:2])[0]}")
                elif opcode == BINARY:
                    raise Ended("a binary frame")
        raise Ended("the connection ended")

    @staticmethod
    def _cut(data):
        if len(data) < 2:
            return None
        size, begin = data[1], 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(data) < begin:
                return None
            size = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + size:
            return None
        return data[0] & 15, data[begin:begin + size], data[begin + size:]

    def drop(self, abruptly=True):
        """Leaves: with a reset or in TCP's order, never in the protocol's."""
        if abruptly:
            self.writer.transport.abort()
        else:
            self.writer.close()


class Talk:
    """One connection of a member, in one way of speaking. `run` gives (event, data) pairs and ends
    with Ended; what `send` sends is answered by a pair ("ack", answer)."""

    def __init__(self, server, number, hello):
        self.server = server
        self.number = number
        self.hello = hello  # guest or token, and resume
        self.wires = []
        self.receivers = None

    async def wire(self):
        self.wires.append(await Wire.open(self.server, self.number))
        return self.wires[-1]

    def drop(self):
        for wire in self.wires:
            wire.drop(random.random() < 0.5)


class Envelope(Talk):
    """/ws"""

    async def run(self):
        words = {name: value if isinstance(value, str) else json.dumps(value)
                 for name, value in self.hello.items()}
        self.ws = await self.wire()
        await self.ws.upgrade("/ws?" + "&".join(f"{k}={quote(v)}" for k, v in words.items()))
        yield "open", None
        async for text in self.ws.texts():
            message = json.loads(text)
            name = message["event"]
            if name == "ack":
                yield name, message
            else:
                yield name, {**message["data"], **{key: message[key] for key in
                                                   ("room", "epoch", "seq") if key in message}}

    async def send(self, event, data):
        self.ws.say(json.dumps({"event": event, "id": 1, "data": data}))


class Packets(Talk):
    """Socket.IO, whatever carries it."""

    async def put(self, packet):
        """Sends one packet of Engine.IO."""
        self.ws.say(packet)

    async def send(self, event, data):
        await self.put("420" + json.dumps([event, data]))

    async def take(self, packet):
        """What a packet says, for `run`; None: nothing."""
        if packet == "2":
            await self.put("3")
        elif packet.startswith("0{"):
            self.sid = json.loads(packet[1:])["sid"]
            await self.put("40" + json.dumps(self.hello))
        elif packet.startswith("40"):
            return "open", None
        elif packet.startswith("42"):
            return tuple(json.loads(packet[2:]))
        elif packet.startswith("430"):
            return "ack", json.loads(packet[3:])[0]
        elif packet == "1" or packet.startswith("4"):
            raise Ended(f"packet {packet}")
        return None

    async def by_websocket(self):
        async for text in self.ws.texts():
            if (said := await self.take(text)):
                yield said

    async def run(self):
        self.ws = await self.wire()
        await self.ws.upgrade("/socket.io/?EIO=4&transport=websocket")
        async for said in self.by_websocket():
            yield said


class Polling(Packets):
    """Socket.IO by long polls."""

    PATH = "/socket.io/?EIO=4&transport=polling"
    ws = None

    async def put(self, packet):
        if self.ws:
            await super().put(packet)
            return
        await self.posts.request("POST", f"{self.PATH}&sid={self.sid}", packet.encode())

    async def poll(self, sid=""):
        for packet in (await self.gets.request("GET", self.PATH + sid)).split(SEPARATOR):
            if (said := await self.take(packet)):
                yield said

    async def run(self):
        self.gets, self.posts = await self.wire(), await self.wire()
        async for said in self.poll():
            yield said
        while not self.over():
            async for said in self.poll(f"&sid={self.sid}"):
                yield said

    def over(self):
        return False


class Upgrading(Polling):
    """Socket.IO by long polls first, then by a WebSocket."""

    upgraded = None  # the task that probes

    async def probe(self):
        wire = await self.wire()
        await wire.upgrade(f"/socket.io/?EIO=4&transport=websocket&sid={self.sid}")
        wire.say("2probe")
        head = await wire.reader.readexactly(2)
        answer = await wire.reader.readexactly(head[1])
        if answer != b"3probe":
            raise Ended(f"the probe was answered {answer!r}")
        return wire

    def over(self):
        """Whether the last poll has ended since the probe was answered."""
        if not self.upgraded:
            self.upgraded = asyncio.ensure_future(self.probe())
        return self.upgraded.done()

    async def run(self):
        async for said in super().run():
            yield said
        self.ws = self.upgraded.result()
        self.ws.say("5")
        async for said in self.by_websocket():
            yield said

    def drop(self):
        if self.upgraded and not self.upgraded.cancel() and not self.upgraded.cancelled():
            self.upgraded.exception()  # it was told to nobody, because the member left before
        super().drop()


class Member:
    """Somebody who is in a room, most of the time."""

    def __init__(self, swarm, number):
        self.swarm = swarm
        self.number = number
        self.speaks = swarm.ways[number % len(swarm.ways)]
        self.room = f"r{number // len(swarm.ways) % swarm.rooms}"
        self.guest = f"guest{number // 3}"  # three of them are one viewer, if they share the room
        self.epoch = None                   # None: never was in the room for certain
        self.seq = 0
        self.here = False                   # it is in the room, as far as it knows
        self.waiting = []                   # events that came before the first join's answer
        self.timer = None
        self.task = None
        self.counts = None

    @property
    def viewer(self):
        return self.room, self.guest

    def problem(self, text):
        self.swarm.problems.append(f"{self.number} {self.speaks.__name__} {self.room}: {text}")

    def place(self):
        return {"epoch": self.epoch, "seq": self.seq}

    def take_event(self, data):
        if self.epoch is None:
            self.waiting.append(data)
            return
        if (data["room"], data["epoch"]) != (f"{KIND}:{self.room}", self.epoch):
            self.problem(f"is told of {data['room']} {data['epoch']}, is in {self.epoch}")
        elif data["seq"] != self.seq + 1 or data["number"] != data["seq"]:
            self.problem(f"{data['seq']} (number {data['number']}) came behind {self.seq}")
        self.seq = data["seq"]
        self.swarm.deliveries[self.speaks] += 1

    def take_ack(self, answer):
        if not answer["ok"]:
            self.problem(f"the join failed: {answer}")
            return
        state = answer["data"]
        expected = "fresh" if self.epoch is None else "replayed"
        if state["resumed"] != expected:
            self.problem(f"the join is {state}, at {self.seq} of {self.epoch}")
        self.here = True
        if self.epoch is None:
            self.epoch, self.seq = state["epoch"], state["seq"]
            waiting, self.waiting = self.waiting, []
            for data in waiting:
                self.take_event(data)
        else:
            self.swarm.resumed[self.speaks] += 1
            self.swarm.replayed[self.speaks] += state["replayed"]

    def hello(self):
        """What it says of itself; the place that it left is told here or with the join."""
        hello = {"guest": self.guest}
        if self.epoch is not None and self.number % 2:
            hello["resume"] = {f"{KIND}:{self.room}": self.place()}
        return hello

    async def talk(self):
        """One connection, until it is cancelled or the server ends it."""
        self.waiting = []
        talk = self.speaks(self.swarm.server, self.number, self.hello())
        place = self.place() if self.epoch is not None and not self.number % 2 else {}
        try:
            async for name, data in talk.run():
                if name == "open":
                    await talk.send("bench:join", {"room": self.room, **place})
                elif name == "ack":
                    self.take_ack(data)
                elif name == "bench:message":
                    self.take_event(data)
                elif name == "bench:viewers":
                    self.counts = data
                else:
                    self.problem(f"{name} {data}")
        finally:
            self.here = False
            talk.drop()

    async def live(self):
        """Comes and goes until the swarm is over; a connection that the server ends is a problem."""
        while not self.swarm.over:
            self.task = asyncio.ensure_future(self.talk())
            if self.swarm.restless:
                self.timer = asyncio.get_running_loop().call_later(self.swarm.stay_s(),
                                                                   self.task.cancel)
            try:
                await self.task
            except asyncio.CancelledError:
                self.swarm.left += 1
            except (Ended, OSError, asyncio.IncompleteReadError) as error:
                self.problem(repr(error))
                return
            if self.swarm.restless:
                await asyncio.sleep(random.random() * self.swarm.away_s)

    def settle(self):
        """From now on it stays."""
        if self.timer:
            self.timer.cancel()

    def leave(self):
        self.task.cancel()


class Publisher(Envelope):
    """Says numbers to a room, the next one when the last was accepted."""

    def __init__(self, swarm, room):
        super().__init__(swarm.server, int(room[1:]), {"guest": f"publisher-{room}"})
        self.swarm = swarm
        self.room = room
        self.said = 0
        self.state = None

    async def ask(self, event, data):
        await self.send(event, data)
        name, answer = await anext(self.pairs)
        if name != "ack" or not answer["ok"]:
            raise Ended(f"{event} in {self.room}: {answer}")
        return answer.get("data")

    async def open(self):
        self.pairs = self.run()
        await anext(self.pairs)

    async def publish(self, pause_s):
        while self.swarm.restless:
            await self.ask("bench:say", {"room": self.room, "number": self.said + 1,
                                         "text": "x" * random.randrange(200)})
            self.said += 1
            await asyncio.sleep(pause_s)

    async def count(self):
        """Members and distinct viewers."""
        self.state = await self.ask("bench:count", {"room": self.room})
        return self.state["members"], self.state["viewers"]


class Swarm:
    """All of them."""

    WAYS = (Envelope, Packets, Polling, Upgrading)

    def __init__(self, server, members, rooms=10, ways=WAYS, stay_s=(0.05, 3.0), away_s=0.5):
        self.server = server
        self.rooms = rooms
        self.ways = ways
        self.stay = stay_s
        self.away_s = away_s
        self.problems = []
        self.deliveries = dict.fromkeys(ways, 0)
        self.resumed = dict.fromkeys(ways, 0)
        self.replayed = dict.fromkeys(ways, 0)
        self.left = 0
        self.restless = True
        self.over = False
        self.members = [Member(self, number) for number in range(members)]
        self.publishers = {f"r{room}": Publisher(self, f"r{room}") for room in range(rooms)}

    def stay_s(self):
        return random.uniform(*self.stay)

    async def until(self, check, what):
        """Waits for what must become true."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STUCK_S * scale()
        while not check():
            if self.problems or loop.time() > deadline:
                self.problems.append(f"not in time: {what}")
                return
            await asyncio.sleep(0.05)

    def behind(self):
        return [member for member in self.members if not member.here
                or member.seq != self.publishers[member.room].said]

    async def check_counts(self, members):
        """Waits until each room has the numbers that these members make."""
        await asyncio.gather(*(self.check_count(publisher, [member for member in members
                                                            if member.room == publisher.room])
                               for publisher in self.publishers.values()))

    async def check_count(self, publisher, there):
        expected = len(there), len({member.viewer for member in there})
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STUCK_S * scale()
        while await publisher.count() != expected:
            if self.problems or loop.time() > deadline:
                self.problems.append(f"{publisher.room} has {publisher.state}, not {expected}")
                return
            await asyncio.sleep(0.1)

    async def main(self, seconds, per_second):
        for publisher in self.publishers.values():
            await publisher.open()
        lives = [asyncio.ensure_future(member.live()) for member in self.members]
        saying = [asyncio.ensure_future(publisher.publish(self.rooms / per_second))
                  for publisher in self.publishers.values()]
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end and not self.problems:
            await asyncio.sleep(0.1)
        self.restless = False
        for member in self.members:
            member.settle()
        for error in await asyncio.gather(*saying, return_exceptions=True):
            if error:
                self.problems.append(repr(error))
        await self.until(lambda: not self.behind(), "everybody has everything")
        self.problems += [f"{member.number} is at {member.seq} of {member.room}"
                          for member in self.behind()[:5]]
        await self._leave(lives)
        for publisher in self.publishers.values():
            publisher.drop()

    async def _leave(self, lives):
        """Half of them leave, then the others; the counts follow."""
        self.over = True
        await self.check_counts(self.members)
        middle = len(self.members) // 2
        first, last = self.members[:middle], self.members[middle:]
        for half, rest in ((first, last), (last, [])):
            for member in half:
                member.leave()
            await self.check_counts(rest)
        await asyncio.gather(*lives)

    def run(self, seconds, per_second=100):
        """All rooms together get `per_second` events per second."""
        asyncio.run(self.main(seconds, per_second))
        self.problems = self.problems[:20]

    def summary(self):
        said = sum(publisher.said for publisher in self.publishers.values())
        ways = ", ".join(f"{way.__name__} {self.deliveries[way]} ({self.resumed[way]} resumes, "
                         f"{self.replayed[way]} replayed)" for way in self.ways)
        return f"{said} events, {self.left} left; deliveries: {ways}"
