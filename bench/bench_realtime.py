# SPDX-License-Identifier: MIT
"""Fan-out, latency and memory of real-time connections against npm ws and npm socket.io."""
import json
import shutil
import socket
import subprocess
from functools import partial
from pathlib import Path

from harness import (ROOT, RUNS, SECONDS, Peer, Server, build_folder, eventually, free_ports,
                     interleave, report, rss_bytes)

NODE = ROOT / "bench" / "node"
CONFIG = """workers: 1
rates: {connect: {address: 0}, event: {connection: 0, user: 0}}
plugins:
  crowd:
    path: %s
"""
ENVELOPE, SOCKETIO = "/ws", "Socket.IO"
WS, NPM_SOCKETIO = "npm ws", "npm socket.io"
OURS, PEERS = (ENVELOPE, SOCKETIO), (WS, NPM_SOCKETIO)
DIALECT = {ENVELOPE: "envelope", SOCKETIO: "socketio", WS: "envelope", NPM_SOCKETIO: "socketio"}
FLAGS = ("sse4_2", "pclmulqdq", "avx", "avx2", "avx512f", "bmi2", "sha_ni", "vaes", "hypervisor")


class Dais:
    """A server with the rooms of crowd.c, one worker."""

    def __init__(self):
        self.server = Server()
        plugin = self.server.folder / "crowd.so"
        shutil.copy(build_folder() / "bench" / "crowd.so", plugin)
        plugin.chmod(0o644)
        self.server.config = CONFIG % plugin
        self.server.start()
        self.port = self.server.port
        self.pid = self.server.worker_pid

    def stop(self):
        self.server.stop()
        self.server.remove()


class Npm:
    """A room of one of the peers."""

    def __init__(self, script):
        if not (NODE / "node_modules" / "socket.io").exists():
            subprocess.run(["npm", "ci", "--silent"], cwd=NODE, check=True)
        (self.port,) = free_ports(1)
        self.peer = Peer(["node", NODE / script, self.port])
        self.pid = self.peer.process.pid
        eventually(lambda: not socket.create_connection(("127.0.0.1", self.port)).close())

    def stop(self):
        self.peer.stop()


START = {ENVELOPE: Dais, SOCKETIO: Dais, WS: partial(Npm, "room_ws.mjs"),
         NPM_SOCKETIO: partial(Npm, "room_socketio.mjs")}


def command(name, server, members, *words):
    return [str(word) for word in (
        build_folder() / "bin" / "bench_load", "--port", server.port, "--dialect", DIALECT[name],
        "--members", members, *(("--path", "/") if name == WS else ()), *words)]


def load(name, server, members, *words):
    """One run of the client; what it found."""
    done = subprocess.run(command(name, server, members, "--server", server.pid, "--seconds",
                                  SECONDS, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name}: {done.stderr}{done.stdout}"
    return json.loads(done.stdout)


def idle_bytes(name, members):
    """Resident memory of the server for each connection that is in the room and does nothing."""
    server = START[name]()
    try:
        # What the first clients cost once, whoever they are, is no matter of a connection.
        warm = command(name, server, 200, "--window", 1, "--seconds", 0.1)
        subprocess.run(warm, check=True, stdout=subprocess.DEVNULL)
        before = rss_bytes(server.pid)
        client = subprocess.Popen(command(name, server, members, "--idle"), text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert json.loads(client.stdout.readline())["joined"] == members
        each = (rss_bytes(server.pid) - before) / members
        out, _ = client.communicate("")
        assert json.loads(out)["closed"] == 0, out
        return {"bytes": each}
    finally:
        server.stop()


def machine():
    """What the figures depend on besides the code."""
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = [flag for flag in FLAGS if flag in fields.get("flags", "").split()]
    print(f"\n{fields.get('model name', 'unknown processor')}: {' '.join(flags)}", flush=True)


def ratios(figures, key, ours, aim):
    return [(f"{ours} to {peer}", figures[ours][key] / figures[peer][key], "×", aim)
            for peer in PEERS]


def fan_out(servers, members, window, aim):
    figures = interleave({name: partial(load, name, server, members, "--window", window)
                          for name, server in servers.items()})
    report(f"fan-out of 200 bytes, {members} members, {window} outstanding, one worker", [
        *[(f"{name}: deliveries", found["per_s"] / 1000, "k/s",
           f"{found['server_cpu_us']:.2f} µs of CPU each; client busy {max(0, found['client_cpu']):.2f}")
          for name, found in figures.items()],
        *ratios(figures, "per_s", ENVELOPE, aim),
        *[(f"{ENVELOPE}: CPU to {peer}", figures[ENVELOPE]["server_cpu_us"] /
           figures[peer]["server_cpu_us"], "×", "") for peer in PEERS],
        (f"{SOCKETIO} to {ENVELOPE}", figures[SOCKETIO]["per_s"] / figures[ENVELOPE]["per_s"], "×",
         "≥ 0.9"),
    ])


def latency(servers, members, rate):
    figures = interleave({name: partial(load, name, server, members, "--rate", rate)
                          for name, server in servers.items()})
    rows = []
    for name, found in figures.items():
        note = f"{found['per_s'] / 1000:.0f} k/s, {found['missing']:.0f} missing"
        aims = ("≤ 20", "≤ 40") if name in OURS else ("", "")
        rows += [(f"{name}: p50", found["p50_ms"], "ms", f"{aims[0]:<6} {note}"),
                 (f"{name}: p99", found["p99_ms"], "ms", aims[1])]
    report(f"latency, {members} members, {rate} messages per second", rows)


def memory(members):
    figures = interleave({name: partial(idle_bytes, name, members) for name in START})
    aims = {ENVELOPE: "≤ 2 KB", SOCKETIO: "≤ 3 KB"}
    report(f"memory of an idle connection in the room, {members} of them", [
        *[(name, found["bytes"] / 1000, "KB", aims.get(name, ""))
          for name, found in figures.items()],
        *[(f"{name} to {peer}", figures[name]["bytes"] / figures[peer]["bytes"], "×", "")
          for name, peer in zip(OURS, PEERS)],
    ])


def slow_reader(server):
    """One member who stops reading, and what the others notice of it."""
    words = ("--rate", 100, "--payload", 8192, "--seconds", max(SECONDS, 5))
    figures = interleave({
        "all read": partial(load, ENVELOPE, server, 100, *words),
        "one stops": partial(load, ENVELOPE, server, 101, "--stalled", 1, *words)})
    report("100 members, 100 messages of 8 KiB per second", [
        *[(f"{name}: p99", found["p99_ms"], "ms", f"{found['closed_slow']:.0f} closed with 4000")
          for name, found in figures.items()],
        ("ratio", figures["one stops"]["p99_ms"] / figures["all read"]["p99_ms"], "×", "≤ 2"),
    ])


def main():
    machine()
    print(f"medians of {RUNS} interleaved runs of {SECONDS} s", flush=True)
    ours = Dais()
    servers = {ENVELOPE: ours, SOCKETIO: ours}
    try:
        servers |= {name: START[name]() for name in PEERS}
        for window, aim in ((1, "≥ 1.35"), (8, "≥ 10")):
            for members in (1000, 5000):
                fan_out(servers, members, window, aim)
        latency(servers, 5000, 100)
        slow_reader(ours)
    finally:
        for server in {id(server): server for server in servers.values()}.values():
            server.stop()
    for members in (5000, 15000):
        memory(members)
