# SPDX-License-Identifier: MIT
"""A plugin's code is replaced while the server serves: what changes, what stays, what is refused."""
import json
import re
import socket
import subprocess
import threading
import time

import pytest

from dais import Hls, Server, processes
from dais.control import Refused, call
from dais.reload import put, reload
from dais.server import build_folder, free_ports
from dais.wait import eventually, scale


def variant(name):
    return build_folder() / "tests" / "plugins" / f"versioned_{name}.so"


class Versions:
    """A server with the plugin `versioned`, whose file the tests replace, and one that needs it."""

    def __init__(self, server, settings="", first="1", **keys):
        self.server = server
        self.file = server.folder / "versioned.so"
        user = server.folder / "versioned_user.so"
        self.place(first) if first else self.file.write_bytes(b"no plugin yet")
        put(variant("user"), user)
        rows = "".join(f"    {key}: {value}\n" for key, value in keys.items())
        server.config = (f"workers: 2\n{settings}plugins:\n"
                         f"  versioned_user:\n    path: {user}\n{rows}"
                         f"  versioned:\n    path: {self.file}\n{rows}")
        server.start()
        self.api = server.api()

    def place(self, name):
        put(variant(name), self.file)

    def load(self, name):
        self.place(name)
        return reload(self.server, "versioned")

    def refused(self, name):
        """The line that says why this variant was not loaded."""
        with pytest.raises(Refused) as refusal:
            self.load(name)
        return refusal.value.message

    def answer(self, path="/versioned"):
        return self.api.get(path).expect(200).text

    def counts(self):
        return self.api.get("/versioned/counts").expect(200).json

    def later(self, path):
        """Asks from a thread; gives a function that waits for the answer."""
        answers = []
        before = self.server.metric("dais_versioned_waiting")
        thread = threading.Thread(target=lambda: answers.append(self.server.api().get(path)))
        thread.start()
        eventually(lambda: self.server.metric("dais_versioned_waiting") > before)

        def result():
            thread.join()
            return answers[0].expect(200)
        return result

    def generations(self):
        return self.server.metric("dais_plugin_generations")

    def only_current_ones(self):
        eventually(lambda: self.generations() == 2, 10, what="the former generations end")


@pytest.fixture(scope="module")
def shared():
    """One server for most of these tests."""
    server = Server()
    try:
        yield Versions(server, settings="limits: {reload_tasks_ms: 300}\n")
        server.stop()
    finally:
        server.remove()


@pytest.fixture
def versions(shared):
    """The shared server with version 1, and nothing left of the test before."""
    shared.load("1")
    shared.only_current_ones()
    return shared


# -- what changes, all at once ---------------------------------------------------------------------

def test_new_code_answers(versions):
    assert versions.answer() == versions.answer("/versioned/inline") == "version 1"
    assert versions.answer("/versioned/row") == '"row 1"'
    versions.api.get("/versioned/old").expect(200)
    versions.api.get("/versioned/new").expect(404)
    generation, took_ms = versions.load("2")
    print(f"reloaded in {took_ms} ms")
    assert generation > 1
    assert versions.answer() == versions.answer("/versioned/inline") == "version 2"
    assert versions.answer("/versioned/row") == '"row 2"'
    versions.api.get("/versioned/old").expect(404)
    versions.api.get("/versioned/new").expect(200)
    assert versions.api.get("/user/number?ms=0").expect(200).json == {"number": 2}
    assert versions.server.cli("versioned", "version").stdout == "version 2\n"
    assert re.search(rf"versioned +0\.2 +started +{generation} ", versions.server.cli("plugin", "list").stdout)
    documented = versions.api.get("/docs/openapi.json").expect(200).json["paths"]
    assert "/versioned/new" in documented and "/versioned/old" not in documented
    versions.only_current_ones()
    assert 'event="versioned 1 stops"' in versions.server.log()


def test_the_same_file_loads_again_when_asked(versions):
    before = reload(versions.server, "versioned")[0]
    assert reload(versions.server, "versioned")[0] == before + 1
    assert versions.answer() == "version 1"
    printed = versions.server.cli("plugin", "reload", "--all")
    assert printed.returncode == 0, printed.stderr
    assert [line.split()[0] for line in printed.stdout.splitlines()] == ["versioned_user",
                                                                         "versioned"]


def test_a_handler_in_flight_ends_in_its_own_code(versions):
    waiting = versions.later("/versioned/wait?ms=700")
    versions.load("2")
    assert versions.answer() == "version 2"
    assert versions.generations() == 3
    assert waiting().text == "version 1"
    versions.only_current_ones()


def test_a_service_call_in_flight_ends_in_its_own_code(versions):
    waiting = versions.later("/user/number?ms=700")
    versions.load("2")
    assert versions.api.get("/user/number?ms=0").expect(200).json == {"number": 2}
    assert versions.generations() == 3
    assert waiting().json == {"number": 1}
    versions.only_current_ones()


def test_timers_and_events_move_to_the_new_code(versions):
    eventually(lambda: versions.counts()["ticks"] >= 3)
    versions.api.post("/versioned/ping").expect(204)
    eventually(lambda: versions.counts()["events"] == 2)  # one for each worker
    versions.load("2")
    before = versions.server.metric("dais_versioned_ticks_total")
    assert versions.counts()["version"] == 2 and versions.counts()["events"] == 0
    eventually(lambda: versions.counts()["ticks"] >= 3)
    # One timer goes on, not two: what is counted in all is what the new code counts.
    since = versions.server.metric("dais_versioned_ticks_total") - before
    assert since <= versions.counts()["ticks"] + 1
    versions.api.post("/versioned/ping").expect(204)
    eventually(lambda: versions.counts()["events"] == 2)


def test_tasks_are_asked_to_end_at_last(versions):
    versions.api.post("/versioned/task").expect(204)
    versions.load("2")
    assert versions.generations() == 3
    versions.only_current_ones()


# -- the schema ------------------------------------------------------------------------------------

def test_an_expand_migration_runs_before_the_swap(own_server):
    versions = Versions(own_server(start=False))
    versions.load("3")
    assert versions.answer("/versioned/row") == '"row 3"'  # its statement writes the new column
    assert "knows up to 1" in versions.refused("2")
    assert versions.answer() == "version 3"


# -- what is refused, in one line, and leaves the server as it was -----------------------------------

@pytest.mark.parametrize("name, reason", [
    ("contracts", "migration 2 (drop) takes something away; restart the server for it"),
    ("no_service", "versioned 0.4 no longer offers example.versioned/1, which versioned_user needs"),
    ("needs_more", "versioned 0.4 needs example.weather/1, which no enabled plugin offers"),
    ("failing_init", "init failed: DAIS_E_CONFLICT"),
    ("crashing_init", "its init crashes: Aborted"),
    ("failing_start", "start failed: DAIS_E_UNAVAILABLE"),
    ("other_abi", "was built for ABI 2; this host has ABI 1"),
    ("static_tls", "uses static thread-local storage"),
    ("no_build_id", "has no build id; link it with --build-id"),
    ("origin", "has $ORIGIN in its search path"),
    ("extra_export", "exports 'extra_export_counter'; a plugin exports dais_plugin alone"),
])
def test_what_cannot_serve_is_refused(versions, name, reason):
    message = versions.refused(name)
    assert reason in message and "\n" not in message
    assert versions.answer() == "version 1" and versions.answer("/versioned/row") == '"row 1"'
    assert versions.api.get("/user/number?ms=0").expect(200).json == {"number": 1}
    versions.only_current_ones()


def test_a_file_that_is_cut_off_is_refused(versions):
    whole = variant("2").read_bytes()
    for part in (0, 3, 64, len(whole) // 2, len(whole) - 1):
        versions.file.write_bytes(whole[:part])
        with pytest.raises(Refused, match="is not complete|is no shared object"):
            reload(versions.server, "versioned")
    assert versions.answer() == "version 1"


def test_an_unknown_plugin_is_told(versions):
    printed = versions.server.cli("plugin", "reload", "nobody")
    assert printed.returncode == 1
    assert "no plugin 'nobody' is enabled" in printed.stderr


def test_as_many_generations_as_are_held(versions):
    """Each waits for an answer of its own code; the ninth is refused and says what holds the first."""
    first = reload(versions.server, "versioned")[0]
    versions.only_current_ones()
    waiting = [versions.later("/versioned/wait?ms=2500")]
    for _ in range(7):
        reload(versions.server, "versioned")
        waiting.append(versions.later("/versioned/wait?ms=2500"))
    with pytest.raises(Refused, match=f"8 generations of it live already .*generation {first} is "
                                      "held by requests"):
        reload(versions.server, "versioned")
    assert {answer().text for answer in waiting} == {"version 1"}
    versions.only_current_ones()


def test_lint_needs_no_server():
    def lint(path):
        return subprocess.run([build_folder() / "bin" / "dais", "plugin", "lint", path],
                              capture_output=True, text=True, timeout=30, check=False)
    assert (lint(variant("1")).returncode, lint(variant("1")).stdout) == (0, "")
    for name, finding in {"static_tls": "static thread-local", "no_build_id": "no build id",
                          "origin": "$ORIGIN", "other_abi": "ABI 2",
                          "extra_export": "extra_export_counter"}.items():
        found = lint(variant(name))
        assert found.returncode == 1
        assert [finding in line for line in found.stdout.splitlines()] == [True], found.stdout
    assert lint("/nowhere.so").returncode == 1


# -- new code that fails ---------------------------------------------------------------------------

def test_the_former_code_comes_back_when_the_new_one_fails(versions):
    failing = versions.load("failing_answers")[0]
    began = time.monotonic()
    while versions.api.get("/versioned").status == 500:
        assert time.monotonic() - began < 10 * scale()
    assert versions.answer() == "version 1"
    listed = versions.server.cli("plugin", "list").stdout
    assert re.search(rf"versioned +0\.1 +started +{failing + 1} .*the former code serves again: "
                     rf"generation {failing} ", listed)
    versions.load("2")  # newer code is welcome, and the note is gone
    assert "former code" not in versions.server.cli("plugin", "list").stdout


def test_a_crash_before_new_code_serves_leaves_the_former_copy(own_server):
    versions = Versions(own_server(start=False))
    server, before = versions.server, versions.server.worker_pid
    versions.place("crashing_start")
    assert server.cli("plugin", "reload", "versioned").returncode != 0
    eventually(lambda: server.worker_pid != before and server.is_ready(), 20)
    assert server.api().get("/versioned").expect(200).text == "version 1"
    assert re.search(r"versioned +0\.1 +started .*the copy before the last reload serves",
                     server.cli("plugin", "list").stdout)


def test_copies_of_refused_files_do_not_displace_the_one_that_serves(versions):
    copies = versions.server.data / "run" / "plugins" / "versioned"
    serving = max(copies.glob("*.so"), key=lambda copy: int(copy.name.split("-")[0]))
    for _ in range(18):
        versions.refused("failing_init")
    assert len(list(copies.glob("*.so"))) == 16 and serving.exists()


def test_a_plugin_that_was_left_out_comes_in(own_server):
    versions = Versions(own_server(start=False), first=None, required="false")
    assert versions.server.cli("plugin", "list").stdout.count("failed") == 2
    versions.api.get("/versioned").expect(404)
    versions.load("2")
    assert versions.answer() == "version 2" and versions.answer("/versioned/row") == '"row 2"'
    # The one that was left out for want of it has come in with it.
    assert versions.api.get("/user/number?ms=0").expect(200).json == {"number": 2}


# -- listeners -------------------------------------------------------------------------------------

class Peer:
    """A connection to the listener of `versioned`."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=5 * scale())

    def answer(self):
        self.socket.sendall(b"?")
        return self.socket.recv(64).decode()


def ports(server):
    """Written once the server serves, which is a moment after it can be reached."""
    return eventually(lambda: json.loads((server.data / "run" / "ports.json").read_text()))


def is_refused(address):
    with pytest.raises(ConnectionRefusedError):
        Peer(address)
    return True


def test_listeners_come_and_move_and_go(own_server):
    taken = socket.create_server(("127.0.0.1", free_ports(1)[0]))
    there = f"127.0.0.1:{taken.getsockname()[1]}"
    versions = Versions(own_server(start=False, env={"VERSIONED_THERE": there}))
    server = versions.server
    assert "versioned" not in ports(server)

    versions.load("listens")  # it is new
    here = ports(server)["versioned"]
    first = Peer(here)
    assert first.answer() == "version 5\n"

    # Somebody listens there: the former code goes on, and the line says where and why.
    assert (f"its listener 'versioned' cannot listen on {there}: somebody listens there already"
            in versions.refused("listens_elsewhere"))
    assert versions.answer() == "version 5"
    assert ports(server)["versioned"] == here and Peer(here).answer() == "version 5\n"

    taken.close()
    versions.load("listens_elsewhere")  # it moves
    assert ports(server)["versioned"] == there
    second = Peer(there)
    assert second.answer() == "version 6\n" and first.answer() == "version 5\n"
    assert is_refused(here)

    pid = server.worker_pid  # the next server process gets the same sockets
    server.kill(pid)
    eventually(lambda: server.worker_pid != pid and server.is_ready(), 20)
    assert ports(server)["versioned"] == there and Peer(there).answer() == "version 6\n"

    last = Peer(there)
    assert last.answer() == "version 6\n"
    versions.load("1")  # it is gone
    assert "versioned" not in ports(server) and is_refused(there)
    assert last.answer() == "version 6\n"


def test_sockets_of_code_that_does_not_start_are_closed_again(own_server):
    there = f"127.0.0.1:{free_ports(1)[0]}"
    versions = Versions(own_server(start=False, env={"VERSIONED_THERE": there}))
    assert "start failed" in versions.refused("listens_failing")
    assert "versioned" not in ports(versions.server) and is_refused(there)
    versions.load("listens_elsewhere")
    assert Peer(there).answer() == "version 6\n"


def test_rtmp_that_was_out_comes_in(own_server, publish):
    server = own_server(start=False)
    file = server.folder / "rtmp.so"
    file.write_bytes(b"no plugin yet")
    server.config = ("workers: 2\nplugins:\n  auth: {}\n  streams: {}\n  hls: {segment_ms: 1000}\n"
                     f"  rtmp: {{path: {file}, required: false}}\n")
    server.start()
    assert "rtmp" not in ports(server) and is_refused(f"127.0.0.1:{server.rtmp_port}")
    put(build_folder() / "plugins" / "rtmp.so", file)
    reload(server, "rtmp")
    assert ports(server)["rtmp"].endswith(f":{server.rtmp_port}")
    stream = server.stream()
    publish(server, stream)
    on_air = Hls(server, stream["playbackId"])
    eventually(lambda: on_air.media()[0].segments, 30, what="the stream is on air")


# -- dais serve --dev ------------------------------------------------------------------------------

def wait_for_version(versions, number):
    """Milliseconds until this version answers."""
    began = time.monotonic()
    while versions.answer() != f"version {number}":
        assert time.monotonic() - began < 5 * scale(), versions.server.log_tail(5)
    return (time.monotonic() - began) * 1000


def test_files_are_followed(own_server):
    versions = Versions(own_server(start=False, args=["--dev"]))
    took_ms = []
    for name in "21212":  # renamed into its place
        versions.place(name)
        took_ms.append(wait_for_version(versions, name))
    print(f"new code answers {min(took_ms):.1f} ms after its file changed, {max(took_ms):.1f} at worst")
    versions.file.write_bytes(variant("1").read_bytes())  # written in its place
    wait_for_version(versions, 1)

    whole = variant("2").read_bytes()
    with open(versions.file, "wb") as file:  # by a slow linker
        file.write(whole[:len(whole) // 2])
        file.flush()
        eventually(lambda: "file is not complete" in versions.server.log(), 5)
        assert versions.answer() == "version 1"
        file.write(whole[len(whole) // 2:])
    wait_for_version(versions, 2)

    loads = 'event="plugin reloaded"'
    eventually(lambda: versions.server.log().count(loads) == 7)
    versions.place("2")  # the same build
    versions.place("failing_init")
    eventually(lambda: "init failed" in versions.server.log())
    assert versions.server.log().count(loads) == 7
    assert versions.answer() == "version 2"


# -- again and again -------------------------------------------------------------------------------

def test_a_hundred_reloads(versions):
    """No request fails meanwhile, and what is left of each is its code alone."""
    over, statuses = threading.Event(), []

    def ask():
        api = versions.server.api()
        while not over.is_set():
            statuses.append(api.get("/versioned").status)
            statuses.append(api.get("/user/number?ms=1").status)
            statuses.append(api.get("/versioned/row").status)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    times = []
    for i in range(110):
        if i == 10:  # what grows to its size has done so
            before = processes.rss_bytes(versions.server.worker_pid)
        times.append(versions.load("12"[i % 2])[1])
    grown = (processes.rss_bytes(versions.server.worker_pid) - before) / 100
    over.set()
    for asker in askers:
        asker.join()
    times.sort()
    print(f"reloads: median {times[55]} ms, longest {times[-1]} ms, "
          f"{grown / 1024:.0f} KiB each; {len(statuses)} requests")
    assert set(statuses) == {200}
    assert grown <= 250 * 1024 or scale() > 1
    versions.only_current_ones()
    assert call(versions.server.data, "versioned version") == "version 2\n"
