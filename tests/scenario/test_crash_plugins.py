# SPDX-License-Identifier: MIT
"""A plugin that crashes costs itself: it is named, it is left out, and the rest goes on."""
import datetime
import json
import re
import shutil
import subprocess
import threading
import time

import pytest

from dais import eventually
from dais.server import Server, build_folder
from dais.wait import scale

SECRET = {"PROBE_SECRET": "a text of more than thirty-two characters"}
AGAIN_S = 2.0  # far below a back-off of the supervisor; how fast it is, script/bench tells
NOW = ["null", "overflow", "abort", "heap", "job", "timer", "bus", "task"]
STUCK = ["loop", "inline"]
NAMED = {"overflow": "fiber stack overflow", "abort": "SIGABRT", "heap": "SIGABRT",
         "loop": "loop stalled", "inline": "loop stalled"}
CALLBACK = {"timer": "crashing timer", "task": "crashing task", "bus": "crasher.now"}

_sanitized = "DAIS_SANITIZE:STRING=\n" not in (build_folder() / "CMakeCache.txt").read_text()
pytestmark = pytest.mark.skipif(
    _sanitized, reason="sanitizers handle the signals of a crash themselves")


def plugin(server, name, **keys):
    """A row below `plugins:` for a copy of a test plugin that any user may read."""
    path = server.folder / f"{name}.so"
    if not path.exists():
        shutil.copy(build_folder() / "tests" / "plugins" / f"{name}.so", path)
        path.chmod(0o644)
    rows = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"  {name}:\n    path: {path}\n{rows}"


def configure(server, *rows, limits=""):
    server.config = f"workers: 2\nlimits:\n  log_lines_per_second: 1000\n{limits}plugins:\n"
    server.config += "".join(rows)


class Polls(threading.Thread):
    """Asks an innocent plugin over and over; keeps when it answered."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.times, self.over = server, [time.time()], threading.Event()

    def run(self):
        ask = b"GET /probe/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        while not self.over.wait(0.001):
            try:
                with self.server.connect() as conn:
                    conn.settimeout(1)
                    conn.sendall(ask)
                    if conn.recv(64).startswith(b"HTTP/1.1 200"):
                        self.times.append(time.time())
            except OSError:
                pass  # accepted by the process that died

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def first_after(self, when):
        return eventually(lambda: [t for t in self.times if t > when])[0]

    def gap_s(self, when):
        """From the last answer of the process that died at `when` to the first of the next one."""
        first = self.first_after(when)
        return first - max(t for t in self.times if t < first)


def died(server, nth):
    """The nth line that tells a death, its fields by name, and when it was written."""
    def find():
        lines = [line for line in server.log().splitlines()
                 if 'event="server process died"' in line]
        return lines[nth - 1] if len(lines) >= nth else None
    line = eventually(find, what=f"death {nth} is logged")
    fields = {name: word or text for name, text, word in
              re.findall(r'(\w+)=(?:"([^"]*)"|(\S*))', line)}
    return fields


def stamp(line_time):
    return datetime.datetime.fromisoformat(line_time.replace("Z", "+00:00")).timestamp()


def call(server, kind, owner="crasher"):
    try:
        server.api(timeout_s=10).get(f"/{owner}/{kind}")
    except OSError:
        pass  # its connection ended with the process


@pytest.fixture(scope="module")
def bold():
    """A server that never quarantines: the plugin may crash as often as the tests want."""
    server = Server(env=SECRET)
    configure(server, plugin(server, "probe"), plugin(server, "crasher"), plugin(server, "victim"),
              limits="  crash_count: 100\n  stall_ms: 500\n")
    with server:
        server.deaths = 0
        yield server


def crash(server, ask):
    """Lets it die; gives the fields of the line about it and how long nobody was served."""
    server.deaths += 1
    eventually(server.is_ready)
    with Polls(server) as polls:
        eventually(lambda: len(polls.times) > 20)
        ask()
        fields = died(server, server.deaths)
        when = stamp(fields["ts"])
        polls.first_after(when + 0.001)
        gap = polls.gap_s(when + 0.001)
    return fields, gap


def check(fields, kind):
    assert fields["plugin"] == "crasher"
    assert fields["generation"] == "1"
    assert NAMED.get(kind, "SIGSEGV") in fields["what"]
    assert CALLBACK.get(kind, f"/crasher/{kind}") == fields["callback"]
    assert fields["restart_in_ms"] == "0"


@pytest.mark.parametrize("kind", NOW)
def test_a_crash_is_named_and_served_again_at_once(bold, kind, record_property):
    fields, gap = crash(bold, lambda: call(bold, kind))
    record_property("serving again", gap)
    print(f"{kind}: serving again after {gap * 1000:.0f} ms")
    check(fields, kind)
    assert gap <= AGAIN_S * scale()
    assert bold.metric('dais_plugin_crashes_total{plugin="crasher"}') == bold.deaths
    listed = bold.cli("plugin", "list").stdout
    assert re.search(rf"crasher +0.1.0 +started +1 +\d+ +{bold.deaths} ", listed), listed
    assert NAMED.get(kind, "SIGSEGV") in listed


@pytest.mark.parametrize("kind", STUCK)
def test_a_loop_that_is_stuck_is_ended(bold, kind, record_property):
    bold.deaths += 1
    eventually(bold.is_ready)
    with Polls(bold) as polls:
        threading.Thread(target=call, args=(bold, kind), daemon=True).start()
        fields = died(bold, bold.deaths)
        check(fields, kind)
        stuck = [line for line in bold.log().splitlines() if "a loop is stuck" in line][-1]
        found = stamp(re.search(r"ts=(\S+)", stuck).group(1))
        gap = polls.first_after(stamp(fields["ts"])) - found
    record_property("serving again", gap)
    print(f"{kind}: serving again {gap * 1000:.0f} ms after the watchdog saw it")
    assert gap <= AGAIN_S * scale()
    assert "crasher/1-" in fields["pc"]


def test_the_provider_of_a_service_is_named(bold):
    fields, _ = crash(bold, lambda: call(bold, "call", "victim"))
    assert fields["plugin"] == "crasher"
    assert fields["callback"] == "/victim/call"
    assert bold.metric('dais_plugin_crashes_total{plugin="victim"}') == 0


def test_a_backtrace_leads_into_the_file_that_ran(bold):
    fields, _ = crash(bold, lambda: call(bold, "null"))
    file, _, offset = fields["pc"].partition("+")
    copy = bold.data / "run" / "plugins" / file
    shown = subprocess.run(["addr2line", "-f", "-e", str(copy), offset],
                                         capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[0] == "crash"
    frames = [line for line in bold.log().splitlines() if "event=backtrace" in line][-1]
    assert file in frames and " dais+0x" in frames


def test_stalls_and_errors_are_counted_by_plugin(bold):
    eventually(bold.is_ready)
    api = bold.api()
    stalls = 'dais_plugin_stalls_total{plugin="crasher"}'
    errors = 'dais_plugin_errors_total{plugin="crasher"}'
    cpu = 'dais_plugin_cpu_seconds_total{plugin="crasher"}'
    before = bold.metric(cpu)
    known = bold.metric(stalls), bold.metric(errors)
    api.get("/crasher/stall?ms=200").expect(204)
    api.get("/crasher/error").expect(500)
    assert (bold.metric(stalls), bold.metric(errors)) == (known[0] + 1, known[1] + 1)
    assert 0.15 < bold.metric(cpu) - before < 0.2 * scale() + 0.1
    line = [line for line in bold.log().splitlines() if "the loop was kept waiting" in line][-1]
    assert "plugin=crasher" in line and "callback=/crasher/stall" in line
    assert bold.metric('dais_plugin_calls_total{plugin="crasher"}') > 0


def echoed(server):
    """What the listener of crasher says back; None when it is not open."""
    address = json.loads((server.data / "run" / "ports.json").read_text()).get("crasher")
    if address is None:
        return None
    with server.connect(int(address.rsplit(":", 1)[1])) as conn:
        conn.sendall(b"hello")
        return conn.recv(64)


def test_the_third_crash_leaves_it_out_and_a_release_brings_it_back(own_server):
    server = own_server(start=False, env=SECRET)
    configure(server, plugin(server, "probe"), plugin(server, "crasher"), plugin(server, "victim"))
    server.start()
    assert echoed(server) == b"hello"
    server.deaths = 0
    for _ in range(3):
        crash(server, lambda: call(server, "null"))
    eventually(server.is_ready)
    assert eventually(lambda: echoed(server) is None)
    answer = server.api().get("/crasher/hello").expect(503)
    assert "3 crashes within 300 s" in answer.json["detail"]
    assert server.api().get("/victim/hello").expect(503).json["detail"].count("crasher")
    server.api().get("/probe/hello").expect(200)
    listed = server.cli("plugin", "list").stdout
    assert re.search(r"crasher .* quarantined .*left out after 3 crashes", listed), listed
    assert server.metric('dais_plugin_quarantined{plugin="crasher"}') == 1
    assert "plugin quarantined" in server.log()
    assert "crasher  quarantined" in (server.data / "run" / "crashes.txt").read_text()
    server.kill(server.worker_pid)  # it stays out when the server process starts again
    server.deaths += 1
    eventually(server.is_ready)
    server.api().get("/crasher/hello").expect(503)
    refused = server.cli("plugin", "reload", "crasher")
    assert refused.returncode == 1 and "plugin release" in refused.stderr
    pid = server.worker_pid
    released = server.cli("plugin", "release", "crasher")
    assert released.returncode == 0, released.stdout + released.stderr
    server.api().get("/crasher/hello").expect(200)
    server.api().get("/victim/hello").expect(200)
    assert echoed(server) == b"hello"
    assert server.worker_pid == pid, "it came back without a restart"
    assert re.search(r"crasher +0.1.0 +started +\d+ +\d+ +0 ", server.cli("plugin", "list").stdout)
    assert server.cli("plugin", "release", "probe").returncode == 1
    crash(server, lambda: call(server, "abort"))
    server.stop()
    listed = server.cli("plugin", "list")
    assert listed.returncode == 1 and "no server is running" in listed.stderr
    assert "crasher  runs  crashes: 1  last: SIGABRT" in listed.stdout


def test_a_crash_behind_a_reload_brings_the_former_copy_back(own_server):
    server = own_server(start=False, env=SECRET)
    configure(server, plugin(server, "probe"), plugin(server, "crasher"))
    server.start()
    server.deaths = 0
    assert "generation 2" in server.cli("plugin", "reload", "crasher").stdout
    fields, _ = crash(server, lambda: call(server, "null"))
    assert fields["generation"] == "2"
    eventually(server.is_ready)
    assert "plugin goes back to its former copy" in server.log()
    listed = server.cli("plugin", "list").stdout
    assert re.search(r"crasher +0.1.0 +started .*the copy before the last reload serves", listed)
    released = server.cli("plugin", "release", "crasher")
    assert released.returncode == 0, released.stderr
    assert "the copy before" not in server.cli("plugin", "list").stdout
    server.api().get("/crasher/hello").expect(200)


def test_a_plugin_that_crashes_at_the_start_is_left_out(own_server):
    server = own_server(start=False, env=SECRET)
    for turn, place in enumerate(["init", "worker_start", "start"], 1):
        configure(server, plugin(server, "probe"), plugin(server, "crasher", place=place))
        server.start()
        server.api().get("/probe/hello").expect(200)
        assert server.api().get("/crasher/hello").status in (404, 503)
        assert died(server, 3 * turn)["callback"] == place
        assert re.search(r"crasher .* quarantined ", server.cli("plugin", "list").stdout)
        server.stop()


def test_safe_starts_without_foreign_plugins(own_server):
    server = own_server(start=False, env=SECRET, args=["--safe"])
    configure(server, plugin(server, "crasher"), "  auth: {}\n")
    server.start()
    server.api().post("/api/auth/login", {"email": "a@example.org", "password": "x" * 12})
    listed = server.cli("plugin", "list").stdout
    assert re.search(r"crasher .*--safe", listed), listed
    assert re.search(r"auth +\S+ +started", listed), listed
    refused = server.cli("plugin", "release", "crasher")
    assert refused.returncode == 1 and "--safe" in refused.stderr
