# SPDX-License-Identifier: MIT
"""Plugins are reloaded while many clients are there, and none of them notices.

With DAIS_SOAK the load is a multiple, and a stream is live meanwhile (script/soak reload).
"""
import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from dais import Hls, Publisher, eventually, processes
from dais.control import Refused
from dais.reload import put, reload
from dais.server import build_folder
from dais.wait import scale

SOAK = "DAIS_SOAK" in os.environ
PLUGINS = ("auth", "streams", "hls", "rtmp")
IDLE = 500
PER_SECOND = 2000 if SOAK else 500
ROUNDS = 100 if SOAK else 20
ASKERS = 5
TICK_S = 0.02
PLAYERS = 10

CONFIG = """workers: 2
rates: {read: {user: 0, address: 0}, media: {user: 0, address: 0}}
limits: {plugin_loads: 10000}
plugins:
"""


def request(path, token=None):
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: dais\r\n{authorization}\r\n".encode()


class Connection:
    """A kept connection that counts what is not answered with 200."""

    def __init__(self, server):
        self._socket = server.connect()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, text):
        self._socket.sendall(text)

    def status(self):
        """Reads one answer."""
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])
        while len(self._rest) < length:
            self._read()
        self._rest = self._rest[length:]
        return int(head.split()[1])

    def _read(self):
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("closed by the server")
        self._rest += part

    def close(self):
        self._socket.close()


class Asker(threading.Thread):
    """Asks at a fixed rate over kept connections until it is told to stop."""

    def __init__(self, server, requests, per_second):
        super().__init__(daemon=True)
        self.conns = [Connection(server) for _ in range(max(1, int(per_second * TICK_S)))]
        self.requests = requests
        self.over = threading.Event()
        self.answers = {}
        self.problem = None
        self.longest_ms = 0.0

    def run(self):
        due = time.monotonic()
        turn = 0
        while not self.over.wait(max(0, due - time.monotonic())):
            due += TICK_S
            turn += 1
            try:
                self._ask(self.requests[turn % len(self.requests)])
            except OSError as error:
                self.problem = repr(error)
                return

    def _ask(self, text):
        began = time.monotonic()
        for conn in self.conns:
            conn.send(text)
        for conn in self.conns:
            status = conn.status()
            self.answers[status] = self.answers.get(status, 0) + 1
        self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)

    def finish(self):
        self.over.set()
        self.join()
        for conn in self.conns:
            conn.close()


class Player(threading.Thread):
    """Follows a live playlist; a segment that is late or missing is a stall."""

    def __init__(self, server, playback_id):
        super().__init__(daemon=True)
        self.hls = Hls(server, playback_id)
        self.api = server.api()
        self.over = threading.Event()
        self.segments = 0
        self.problem = None

    def run(self):
        try:
            self._play()
        except (AssertionError, OSError) as error:
            self.problem = repr(error)

    def _play(self):
        last, seen = None, time.monotonic()
        while not self.over.wait(0.5):
            playlist = self.hls.media()[0]
            fresh = [s for s in playlist.segments if last is None or s.sequence > last]
            assert not any(s.discontinuity for s in fresh), "a discontinuity"
            assert last is None or not fresh or fresh[0].sequence == last + 1, "a gap"
            for segment in fresh[-3:] if last is None else fresh:
                self.api.get_url(segment.url).expect(200)
                last, seen = segment.sequence, time.monotonic()
                self.segments += 1
            limit_s = 3 * playlist.target_duration_s * scale()
            assert time.monotonic() - seen < limit_s, f"no segment for {limit_s} s"


@pytest.fixture
def server(own_server):
    """The bundled plugins from files of this test's own, which it may replace."""
    made = own_server(start=False)
    made.config = CONFIG
    for name in PLUGINS:
        put(build_folder() / "plugins" / f"{name}.so", made.folder / f"{name}.so")
        made.config += f"  {name}: {{path: {made.folder}/{name}.so}}\n"
    return made.start()


def bad_files(name):
    """What must be refused, each for a reason of its own."""
    whole = (build_folder() / "plugins" / f"{name}.so").read_bytes()
    others = Path(os.environ.get("DAIS_TEST_PLUGINS", build_folder() / "tests" / "plugins"))
    return [b"", b"\x7fELF", whole[:len(whole) // 2], whole[:-1],
            *((others / f"versioned_{variant}.so").read_bytes()
              for variant in ("no_build_id", "static_tls", "extra_export", "other_abi", "1"))]


def throw_bad_file(server, name, turn):
    path = server.folder / f"{name}.so"
    choice = bad_files(name)
    path.unlink()
    path.write_bytes(choice[turn % len(choice)])
    path.chmod(0o644)
    with pytest.raises(Refused):
        reload(server, name)
    put(build_folder() / "plugins" / f"{name}.so", path)


def reload_all(server):
    """The rounds of reloads; what each took in ms, and how much memory each left."""
    took, before = [], None
    for turn in range(ROUNDS):
        if turn == ROUNDS // 5:  # what grows to its size has done so
            before = processes.rss_bytes(server.worker_pid)
        for name in PLUGINS:
            if turn % 4 == PLUGINS.index(name):
                throw_bad_file(server, name, turn)
            took.append(reload_patiently(server, name))
    count = (ROUNDS - ROUNDS // 5) * len(PLUGINS)
    return sorted(took), (processes.rss_bytes(server.worker_pid) - before) / count


def reload_patiently(server, name):
    """A live stream keeps the code that it began with; others must end first where there are many."""
    def done():
        try:
            return reload(server, name)[1]
        except Refused as refused:
            assert "generations of it live already" in refused.message, refused
            return None
    return eventually(done, 20)


def start_live(server, admin):
    """With a soak: a publisher and its players."""
    if not SOAK:
        return None, []
    stream = server.stream(admin)
    publisher = Publisher(f"{server.rtmp_url}/{stream['streamKey']}")
    eventually(lambda: Hls(server, stream["playbackId"]).media()[0].segments, 30)
    players = [Player(server, stream["playbackId"]) for _ in range(PLAYERS)]
    for player in players:
        player.start()
    return publisher, players


def end_live(publisher, players):
    for player in players:
        player.over.set()
        player.join()
    assert [player.problem for player in players if player.problem] == []
    assert all(player.segments > 3 for player in players)
    if publisher:
        assert publisher.running(), publisher.log()
        publisher.stop()


def test_reload_under_load(server):
    admin = server.user(role="admin")
    idle = [Connection(server) for _ in range(IDLE)]
    publisher, players = start_live(server, admin)
    asked = [request("/api/streams"), request("/api/auth/sessions", admin.token),
             request("/api/version"), request("/api/auth/me", admin.token)]
    askers = [Asker(server, asked, PER_SECOND / ASKERS) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    took, grown = reload_all(server)
    for asker in askers:
        asker.finish()
    end_live(publisher, players)

    answers = sum(sum(asker.answers.values()) for asker in askers)
    print(f"{len(took)} reloads: median {took[len(took) // 2]} ms, longest {took[-1]} ms, "
          f"{grown / 1024:.0f} KiB each; {answers} requests, the slowest "
          f"{max(asker.longest_ms for asker in askers):.0f} ms")
    assert [asker.problem for asker in askers if asker.problem] == []
    assert {status for asker in askers for status in asker.answers} == {200}
    assert grown <= 250 * 1024 or scale() > 1
    for conn in idle:  # kept all the time
        conn.send(request("/api/version"))
        assert conn.status() == 200
        conn.close()
