# SPDX-License-Identifier: MIT
"""Many who listen to a chat, and some who talk: nothing may be lost, doubled or out of order.

    crowd = Crowd(room, 60).start()
    talkers = talk(room, ("anna", "berta"), per_second=40)
    …
    said = [talker.stop() for talker in talkers]
    assert crowd.stop(sum(said)) == []

A talker says "<place> <number>": his place among the talkers, and numbers from 1, the next one when
the last was acknowledged.
"""
import asyncio
import json
import subprocess
import threading
import time

from .chat import WAYS
from .server import build_folder
from .swarm import STUCK_S, Ended, Envelope, Packets
from .wait import scale


class Listener:
    """One socket in the room: it holds the server to the numbers of the room and of each talker."""

    JOINS = (("chat:join", "roomId", "chat:message"), ("live:join", "liveStreamId", "live:message"))

    def __init__(self, crowd, number):
        self.crowd = crowd
        self.number = number
        self.speaks = (Envelope, Packets)[number % 2]
        self.join, self.key, self.message = self.JOINS[number // 2 % 2]
        self.heard = 0
        self.last = {}  # talker → number
        self.seq = None

    def problem(self, text):
        self.crowd.problems.append(f"{self.number} {self.speaks.__name__} {self.message}: {text}")

    def take_mark(self, data):
        if self.seq is not None and data["seq"] != self.seq + 1:
            self.problem(f"event {data['seq']} came behind {self.seq}")
        self.seq = data["seq"]

    def take_message(self, data):
        who, _, number = data["message"].partition(" ")
        if int(number) != self.last.get(who, 0) + 1:
            self.problem(f"{data['message']} came behind {self.last.get(who, 0)}")
        self.last[who] = int(number)
        self.heard += 1

    async def listen(self):
        room = self.crowd.room
        talk = self.speaks(room.server, self.number, {"token": self.crowd.token})
        try:
            async for name, data in talk.run():
                if name == "open":
                    await talk.send(self.join, {self.key: room.id})
                elif name == "ack" and not data["ok"]:
                    self.problem(f"the join failed: {data}")
                elif name == "ack":
                    self.crowd.joined += 1
                elif data.get("room") == room.name:
                    self.take_mark(data)
                if name == self.message:
                    self.take_message(data)
        except (Ended, OSError, asyncio.IncompleteReadError) as error:
            self.problem(repr(error))
        finally:
            talk.drop()


class Crowd:
    """All who listen, in a thread of their own."""

    def __init__(self, room, count, who="listener"):
        self.room = room
        self.token = room.house.token(who)
        self.problems = []
        self.joined = 0
        self.listeners = [Listener(self, number) for number in range(count)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    async def _main(self):
        tasks = [asyncio.ensure_future(listener.listen()) for listener in self.listeners]
        while not self._over.is_set():
            await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _until(self, check, what):
        deadline = time.monotonic() + STUCK_S * scale()
        while not check() and not self.problems:
            if time.monotonic() > deadline:
                self.problems.append(f"not in time: {what}")
            time.sleep(0.02)

    def start(self):
        """Returns when all are in the room."""
        self._thread.start()
        self._until(lambda: self.joined == len(self.listeners), "everybody joined")
        return self

    def stop(self, said):
        """Waits until everybody has heard as many messages, and a moment for what is too many; what
        was wrong."""
        self._until(lambda: all(one.heard >= said for one in self.listeners), "everybody heard all")
        time.sleep(0.1)
        self._over.set()
        self._thread.join()
        for one in self.listeners:
            if one.heard != said:
                one.problem(f"heard {one.heard} of {said}: {one.last}")
        return self.problems[:20]


class LoadCrowd:
    """The same by the load client of bench/realtime, for more of them than Python can listen to:
    half of them on /ws, half on Socket.IO."""

    def __init__(self, room, count):
        self.room = room
        self.count = count
        self.found = []
        self._clients = []

    def start(self):
        for dialect in ("envelope", "socketio"):
            self._clients.append(subprocess.Popen(
                [build_folder() / "bin" / "bench_load", "--port", str(self.room.server.port),
                 "--dialect", dialect, "--members", str(self.count // 2), "--hear",
                 "--join", "chat:join", "--data", json.dumps({"roomId": self.room.id}),
                 "--delivery", "chat:message"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            joined = json.loads(self._clients[-1].stdout.readline())
            assert joined == {"joined": self.count // 2}
        return self

    def stop(self, said):
        for client in self._clients:
            client.stdin.write(f"{said}\n")
            client.stdin.flush()
        self.found = [json.loads(client.communicate()[0]) for client in self._clients]
        members = self.count // 2
        right = {"members": members, "said": said, "deliveries": members * said, "lacking": 0,
                 "surplus": 0, "wrong": 0, "closed": 0}
        return [found for found in self.found if found != right]


class Talker(threading.Thread):
    """Somebody who talks until he is stopped; whatever fails, he says it again, on another
    connection, under the same clientMessageId. `open_way` makes the connection."""

    def __init__(self, open_way, name, period_s, patient):
        super().__init__(daemon=True)
        self.open_way = open_way
        self.name = name
        self.period_s = period_s
        self.patient = patient  # a failure is what the test is about
        self.said = []          # ids, of what was acknowledged
        self.took_s = []
        self.failures = []
        self._over = threading.Event()

    def run(self):
        way = None
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += self.period_s
            try:
                way = way or self.open_way()
                self._say(way, len(self.said) + 1)
            except Exception as error:  # of any kind: stop() tells
                self._failed(f"{way.kind if way else 'connecting'} {len(self.said) + 1}: {error!r}")
                way = None
                due = time.monotonic() + self.period_s

    def _say(self, way, number):
        began = time.monotonic()
        answer = way.do("send", message=f"{self.name} {number}",
                        clientMessageId=f"{self.name}-{number}")
        if not answer.ok:
            self._failed(repr(answer))
            return
        self.took_s.append(time.monotonic() - began)
        self.said.append(answer.data["id"])

    def _failed(self, text):
        self.failures.append(text)
        if not self.patient:
            self._over.set()

    def stop(self):
        """How many messages were acknowledged."""
        self._over.set()
        self.join()
        assert self.patient or not self.failures, self.failures
        return len(self.said)


def talk(room, people, per_second, patient=False):
    """These people talk, all together so often, by all ways."""
    talkers = [Talker(lambda who=who, way=WAYS[i % len(WAYS)]: room.way(who, way), str(i),
                      len(people) / per_second, patient)
               for i, who in enumerate(people)]
    for who in people:
        room.house.person(who)  # takes a while, and not in many threads
    for talker in talkers:
        talker.start()
    return talkers
