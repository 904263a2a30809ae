# SPDX-License-Identifier: MIT
"""From the command to the first answer, with an empty and with an existing data directory."""
import http.client
import statistics
import time

from harness import RUNS, Server, report


def first_answer_s(server):
    """Until /readyz says that everything is there."""
    begin = time.monotonic()
    server.start(wait=False)
    while True:
        try:
            conn = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
            conn.request("GET", "/readyz")
            if conn.getresponse().status == 200:
                return time.monotonic() - begin
        except OSError:
            pass
        finally:
            conn.close()
        time.sleep(0.002)


def main():
    empty, existing = [], []
    for _ in range(RUNS):
        server = Server()
        try:
            empty.append(first_answer_s(server))
            server.stop()
            existing.append(first_answer_s(server))
        finally:
            server.stop()
            server.remove()
    report("start to first answer of /readyz", [
        ("empty data directory", statistics.median(empty), "s", "≤ 3"),
        ("existing data directory", statistics.median(existing), "s", "≤ 0.5"),
    ])
