# SPDX-License-Identifier: MIT
"""Everybody comes back at once and gets what it missed, out of memory.

script/soak reconnect does the same with 10,000 clients within 5 seconds.
"""
import json
import os
import re
import subprocess

from dais.crowd import configure
from dais.server import build_folder
from dais.wait import scale

SOAK = "DAIS_SOAK" in os.environ
MEMBERS, WITHIN_MS = (10000, 5000) if SOAK else (200, 500)
MISSED = 100
BACK_MS_MAX = 3000


def reads(server):
    """Statements that read the database, so far, of all workers."""
    text = server.api().get("/metrics").expect(200).text
    found = re.findall(r'^dais_db_statements_total\{[^}]*lane="read"[^}]*\} (\d+)', text, re.M)
    assert found, "the metric is not there"
    return sum(map(int, found))


def test_a_crowd_that_returns_reads_nothing_from_the_database(own_server):
    server = configure(own_server(start=False), workers=2).start()
    before = reads(server)
    done = subprocess.run([build_folder() / "bin" / "bench_load", "--port", str(server.port),
                           "--members", str(MEMBERS), "--missed", str(MISSED),
                           "--within-ms", str(WITHIN_MS)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    found = json.loads(done.stdout)
    assert found["replayed"] == found["back"] == MEMBERS and found["wrong"] == 0, found
    assert found["max_ms"] < BACK_MS_MAX * scale()
    assert reads(server) == before
