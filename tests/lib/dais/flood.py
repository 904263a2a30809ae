# SPDX-License-Identifier: MIT
"""Crowds of connections, each crowd in a process of its own.

    with Crowd.holding(server, 2000) as crowd:     # idle, from many addresses
        …
        assert crowd.answered() == 2000            # and every one is still served
    with Crowd.connecting(server, 500):            # connects per second, until the block ends
        …
"""
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

LIB = Path(__file__).resolve().parents[1]
LOCALHOST = "127.0.0.1"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: crowd\r\n\r\n"
ADDRESSES = 64
BIND_ADDRESS_NO_PORT = 24


def connect(port, number):
    """A connection from one of many loopback addresses."""
    wire = socket.socket()
    wire.settimeout(20)
    wire.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
    wire.bind((f"127.0.1.{number % ADDRESSES + 1}", 0))
    wire.connect((LOCALHOST, port))
    return wire


def ask(wire):
    """Whether a request on the connection is answered 200."""
    try:
        wire.sendall(REQUEST)
        return wire.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def hold(port, count):
    """Opens all, every second one with a request; then, when told, asks on each of them."""
    wires = [connect(port, i) for i in range(count)]
    served = sum(ask(wire) for wire in wires[::2])
    print(json.dumps({"held": len(wires), "served": served}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"answered": sum(ask(wire) for wire in wires)}), flush=True)


def connect_at(port, rate):
    """Connects and leaves `rate` times a second, one in ten with a request, until told to end."""
    import threading
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print(json.dumps({"rate": rate}), flush=True)
    began = time.monotonic()
    made = answered = asked = 0
    while not ended.is_set():
        if made >= (time.monotonic() - began) * rate:
            time.sleep(0.001)
            continue
        with connect(port, made) as wire:
            if made % 10 == 0:
                asked += 1
                answered += ask(wire)
        made += 1
    seconds = time.monotonic() - began
    print(json.dumps({"made": made, "per_second": made / seconds, "asked": asked,
                      "answered": answered}), flush=True)


class Crowd:
    """One such process, from the test's side."""

    def __init__(self, server, *words):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dais.flood", *map(str, words)], cwd=LIB, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.server = server
        self.began = self._line()
        self.ended = None

    @classmethod
    def holding(cls, server, count):
        return cls(server, "hold", server.port, count)

    @classmethod
    def connecting(cls, server, rate):
        return cls(server, "connect", server.port, rate)

    def _line(self):
        line = self.process.stdout.readline()
        assert line, f"the crowd ended with {self.process.wait()}"
        return json.loads(line)

    def answered(self):
        """How many of the held connections get an answer now."""
        self.process.stdin.write("ask\n")
        self.process.stdin.flush()
        return self._line()["answered"]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            out, _ = self.process.communicate(timeout=60)
            self.ended = json.loads(out) if out.strip() else {}
        else:
            self.process.kill()
            self.process.wait()


def latencies(api, count, path="/healthz"):
    """Sorted seconds of `count` requests of a well-behaved client, one after the other."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        api.get(path).expect(200)
        taken.append(time.perf_counter() - began)
        time.sleep(0.002)
    return sorted(taken)


def quantile(values, share):
    return values[min(int(len(values) * share), len(values) - 1)]


if __name__ == "__main__":
    what, its_port, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    {"hold": hold, "connect": connect_at}[what](its_port, number)
