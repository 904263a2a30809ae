# SPDX-License-Identifier: MIT
"""From the command to the first answer, with empty and existing data, and after a kill -9."""
import http.client
import statistics
import time

from harness import RUNS, Server, report

from dais.processes import state


GOOD_LIFE_S = 1.2  # a server that lived shorter is started again with a delay


def answer_s(server, begin):
    """Until /readyz says that everything is there."""
    while True:
        try:
            conn = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
            conn.request("GET", "/readyz")
            if conn.getresponse().status == 200:
                return time.monotonic() - begin
        except (OSError, http.client.HTTPException):
            pass
        finally:
            conn.close()
        time.sleep(0.002)


def first_answer_s(server):
    begin = time.monotonic()
    server.start(wait=False)
    return answer_s(server, begin)


def again_s(server):
    """From a kill -9 of the server process until its successor serves with all plugins."""
    time.sleep(GOOD_LIFE_S)
    pid = server.worker_pid
    begin = time.monotonic()
    server.kill(pid)
    while state(pid) not in (None, "Z"):
        time.sleep(0.001)
    return answer_s(server, begin)


def main():
    empty, existing, again = [], [], []
    for _ in range(RUNS):
        server = Server(fresh=True)
        try:
            empty.append(first_answer_s(server))
            server.stop()
            existing.append(first_answer_s(server))
            again.append(again_s(server))
        finally:
            server.stop()
            server.remove()
    report("start to first answer of /readyz", [
        ("empty data directory", statistics.median(empty), "s", "≤ 3"),
        ("existing data directory", statistics.median(existing), "s", "≤ 0.5"),
        ("serving again after kill -9", statistics.median(again), "s", "≤ 0.25"),
    ])
