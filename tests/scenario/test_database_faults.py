# SPDX-License-Identifier: MIT
"""The database restarts, is slow, is full: clear answers meanwhile, and nothing promised is lost."""
import itertools
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

from dais import Hls, Publisher, Server, eventually, processes
from dais.postgres import Postgres
from dais.server import build_folder
from dais.wait import scale

CONFIG = """workers: 2
rates: {read: {user: 0, address: 0}, write: {user: 0, address: 0}}
plugins:
  auth: {}
  streams: {}
  rtmp: {}
  hls: {segment_ms: 1000}
"""
FOREIGN = ("notes", "shelf", "veto")
LANES = ("batched", "pooled", "counted")


def with_notes(server):
    server.config = CONFIG
    for name in FOREIGN:
        path = server.folder / f"{name}.so"
        shutil.copy(build_folder() / "tests" / "plugins" / f"{name}.so", path)
        path.chmod(0o644)
        server.config += f"  {name}: {{path: {path}}}\n"
    return server


@pytest.fixture(name="server", scope="module")
def _server():
    with with_notes(Server()) as server:
        yield server


@pytest.fixture(name="database")
def _database(server):
    return Postgres(server)


class Writers:
    """Clients that write as fast as they can, on every lane; keeps what was promised."""

    ids = itertools.count(1)

    def __init__(self, server, count=4, lanes=LANES):
        self.server, self.lanes = server, lanes
        self.promised, self.problems, self.statuses = [], [], {}
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._write, daemon=True) for _ in range(count)]

    def _write(self):
        api = self.server.api(timeout_s=20)
        while not self.over.is_set():
            note = {"id": next(self.ids), "topic": random.randint(1, 4),
                    "other": random.randint(1, 4)}
            try:
                reply = api.post(f"/notes/{random.choice(self.lanes)}", note)
            except OSError as error:
                self.problems.append(repr(error))
                continue
            self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
            if reply.status == 204:
                self.promised.append(note["id"])
            elif not self._is_clear(reply):
                self.problems.append(repr(reply))
            if reply.status != 204:
                time.sleep(0.005)  # a client that is told to come back does not spin
        api.close()

    @staticmethod
    def _is_clear(reply):
        """Not now, and when again; or too slow."""
        if reply.headers.get("content-type") != "application/problem+json":
            return False
        return reply.status == 504 or (reply.status == 503 and
                                       int(reply.headers["retry-after"]) >= 1)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.go_on()
        return self

    def __exit__(self, kind, value, trace):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def go_on(self, count=50):
        """Waits until so many more writes were promised."""
        wanted = len(self.promised) + count
        eventually(lambda: len(self.promised) >= wanted, 30, what="writes go on")

    def refused(self):
        return sum(count for status, count in self.statuses.items() if status != 204)

    def check(self, database):
        """Everything that was promised is there, and the counts agree with it."""
        assert not self.problems, self.problems[:5]
        there = set(map(int, database.ask("SELECT id FROM notes.notes").split()))
        lost = set(self.promised) - there
        assert not lost, f"{len(lost)} of {len(self.promised)} promised writes are lost"


@pytest.fixture(name="live")
def _live(server):
    """A stream that is on the air; calling it checks that the picture goes on."""
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}", size="320x180")
    eventually(lambda: hls.media()[0].segments, 30, what="the stream is on the air")

    def check():
        last = hls.media()[0].segments[-1]
        eventually(lambda: hls.media()[0].segments[-1].sequence > last.sequence, 10,
                   what="playback goes on")
        newest = hls.media()[0].segments
        assert not any(segment.discontinuity for segment in newest)
        assert len(hls.bytes(newest[-1].url)) > 1000
        assert encoder.running()

    yield check
    encoder.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_restarted_under_writes(server, database, live, number):
    with Writers(server) as writers:
        refused = writers.refused()
        if number == signal.SIGTERM:
            # "Smart": who is connected may go on; the end comes when they are gone.
            old = server.postgres_pid
            os.kill(old, number)
            writers.go_on()
            database_ends(server, old)
        else:
            database.restart(number)
        eventually(lambda: writers.refused() > refused, what="a clear refusal")
        live()
        writers.go_on()
    assert set(writers.statuses) <= {204, 503, 504}, writers.statuses
    writers.check(database)


def database_ends(server, old):
    """Ends the sessions of a postmaster that takes no new ones, until it is another one."""
    def is_another():
        end_sessions(server, old)
        return server.postgres_pid != old
    eventually(is_another, 30, what="another postmaster")


def end_sessions(server, postmaster=None, strangers=()):
    """As an operator who ends what the server has open."""
    for pid in processes.children(postmaster or server.postgres_pid):
        if pid not in strangers and "postgres: dais" in " ".join(processes.cmdline(pid)):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


def latency_s(api, path, count=40):
    """The time that almost all of some requests take."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        api.get(path).expect(204)
        times.append(time.monotonic() - begin)
    return sorted(times)[int(count * 0.9)]


def in_threads(count, ask):
    """Asks `count` times at once; the statuses, and the longest time."""
    done = []

    def run():
        begin = time.monotonic()
        done.append((ask().status, time.monotonic() - begin))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, done


def test_slow_statements_have_their_time_and_no_more(server, database):
    threads, done = in_threads(24, lambda: server.api().get("/notes/nap/pool?ms=30000"))
    api = server.api()
    assert latency_s(api, "/notes/ping") < 0.3 * scale(), "reads wait for others' naps"
    with Writers(server, 2, ("batched",)) as writers:
        writers.go_on(100)
    for thread in threads:
        thread.join()
    assert {status for status, _ in done} == {504}
    assert max(seconds for _, seconds in done) < 5 * scale()
    assert set(writers.statuses) == {204}
    eventually(lambda: database.naps() == 0)
    api.get("/notes/nap/pool?ms=1").expect(204)


def test_a_hook_that_sleeps_in_its_statement(server, database):
    """Others' operations wait for it in vain; nobody else waits at all."""
    threads, done = in_threads(24, lambda: server.api().post(
        "/shelf/items", {"shelf": "a", "title": "slow", "note": "closed:query"}))
    assert latency_s(server.api(), "/notes/ping") < 0.3 * scale()
    with Writers(server, 2, ("batched",)) as writers:
        writers.go_on(100)
    for thread in threads:
        thread.join()
    assert {status for status, _ in done} <= {503, 504}
    assert set(writers.statuses) == {204}
    eventually(lambda: database.naps() == 0, 5, what="the sleepers are cancelled")
    with Writers(server, 2, ("counted",)) as writers:
        writers.go_on()
    assert set(writers.statuses) == {204}


def test_who_leaves_leaves_no_statement_behind(server, database):
    """A client that hangs up must not keep a connection of the pool busy."""
    conns = [server.connect() for _ in range(8)]
    for conn in conns:
        conn.sendall(b"GET /notes/nap/long?ms=60000 HTTP/1.1\r\nHost: dais\r\n\r\n")
    eventually(lambda: database.naps() > 0)
    for conn in conns:
        conn.close()
    eventually(lambda: database.naps() == 0, 5)
    assert server.metric("dais_db_cancels_total") > 0
    server.api().get("/notes/nap/pool?ms=1").expect(204)


def test_a_lock_of_somebody_else(server, database, live):
    held = database.hold("LOCK TABLE notes.notes IN ACCESS EXCLUSIVE MODE")
    try:
        threads, done = in_threads(8, lambda: server.api().post(
            f"/notes/{random.choice(LANES)}", {"id": next(Writers.ids), "topic": 1, "other": 1}))
        assert latency_s(server.api(), "/notes/ping") < 0.3 * scale()
        for thread in threads:
            thread.join()
        assert {status for status, _ in done} <= {503, 504}
        live()
    finally:
        held.communicate("ROLLBACK;\n")
    with Writers(server) as writers:
        writers.go_on()
    assert not writers.problems, writers.problems[:5]


class Strangers:
    """Takes every session that the database gives, and those that come free."""

    def __init__(self, database):
        self.database, self.sessions, self.over = database, {}, threading.Event()
        self.thread = threading.Thread(target=self._take, daemon=True)

    def _take(self):
        while not self.over.is_set():
            try:
                conn, pid = self.database.connect()
                self.sessions[pid] = conn
            except OSError:
                time.sleep(0.001)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.over.set()
        self.thread.join()
        for session in self.sessions.values():
            session.close()

    def have_all(self, server):
        """Ends the server's sessions until strangers were quicker with each of them."""
        end_sessions(server, strangers=set(self.sessions))
        eventually(lambda: _is_full(self.database), what="every session is taken")
        return all(refuses_clearly(server) for _ in range(8))


def refuses_clearly(server):
    reply = server.api(timeout_s=5).get("/notes/ping")
    return Writers._is_clear(reply) and reply.status == 503


def test_no_session_is_left(server, database, live):
    with Writers(server) as writers:
        with Strangers(database) as strangers:
            eventually(lambda: strangers.have_all(server), 20, what="a clear 503")
            assert server.api().get("/readyz").status == 503
            live()
        writers.go_on()
    writers.check(database)


def _is_full(database):
    try:
        database.connect()[0].close()
    except OSError:
        return True
    return False


def begins_without_a_session(server):
    """Starts the server process anew; whether strangers were quicker with all it had before."""
    old = server.worker_pid
    server.kill(old)
    eventually(lambda: server.worker_pid != old)
    return all(refuses_clearly(server) for _ in range(8))


def test_no_session_is_left_at_the_start(server, database):
    with Strangers(database) as strangers:
        eventually(lambda: strangers.have_all(server), 20)
        eventually(lambda: begins_without_a_session(server), 40, what="a clear 503")
        assert server.api().get("/healthz").status == 200
        assert server.api().get("/readyz").status == 503
    eventually(server.is_ready, 20)
    for _ in range(8):  # each worker's connections come back on their own
        eventually(lambda: server.api().get("/notes/ping").status == 204)


@pytest.fixture(name="small_disk")
def _small_disk(own_server):
    server = with_notes(own_server(start=False))
    server.data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs",
                              str(server.data)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield server
    server.stop()
    subprocess.run(["umount", "-l", str(server.data)], check=True)


def test_the_disk_is_full(small_disk):
    server = small_disk.start()
    database = Postgres(server)
    ballast = server.data / "ballast"
    with Writers(server) as writers:
        fill(ballast)
        eventually(lambda: writers.refused() > 20, 60, what="refusals")
        promised = len(writers.promised)
        assert server.api().get("/healthz").status == 200
        worker = server.worker_pid
        ballast.unlink()
        writers.go_on(100)
        assert server.worker_pid == worker, "the server goes on by itself"
    assert set(writers.statuses) <= {204, 503, 504}, writers.statuses
    assert promised > 0
    writers.check(database)


def fill(path):
    """Takes all the space that is left."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass


def race(server, database, seconds):
    """Batched and transactional writers of two workers on the same rows."""
    database.ask("SELECT pg_stat_reset()")
    with Writers(server, 6) as writers, Keepers(server) as keepers:
        time.sleep(seconds)
    assert set(writers.statuses) == {204}, writers.statuses
    assert keepers.statuses == {204}
    writers.check(database)
    assert database.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = "
                        "current_database()") == "0"
    return len(writers.promised)


class Keepers(Writers):
    """Clients that all insert the same rows, in any order; all but the first change nothing."""

    def __init__(self, server):
        super().__init__(server, 2)
        self.statuses = set()

    def _write(self):
        api = self.server.api()
        while not self.over.is_set():
            self.statuses.add(api.post("/notes/kept", {"id": random.randint(1, 200)}).status)
        api.close()

    def go_on(self, count=0):
        pass


def test_no_deadlock_of_batched_and_transactional_writers(server, database):
    assert race(server, database, float(os.environ.get("DAIS_SOAK_SECONDS", "10"))) > 100
