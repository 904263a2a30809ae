# SPDX-License-Identifier: MIT
"""From a plugin's file that is replaced to the first answer of its new code (dais serve --dev)."""
import os
import re
import statistics
import subprocess
import time

from harness import RUNS, Server, build_folder, report

CHANGES = 20
ANSWERS = (b'{"ok":true}', b'{"ok":null}')


def variants():
    """The benchmark's plugin, and the same with another answer and another build id."""
    path = build_folder() / "bench" / "hello.so"
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True)
    build_id = bytes.fromhex(re.search(r"Build ID: ([0-9a-f]+)", notes.stdout).group(1))
    first = path.read_bytes()
    assert first.count(build_id) == 1 and first.count(ANSWERS[0]) == 1
    return first, first.replace(ANSWERS[0], ANSWERS[1]).replace(build_id, build_id[::-1])


def place(server, content):
    """As a linker does that writes beside the file and renames."""
    beside = server.folder / "hello.new"
    beside.write_bytes(content)
    beside.chmod(0o644)
    os.rename(beside, server.folder / "hello.so")


def change_ms(server, content, answer):
    api = server.api()
    place(server, content)
    began = time.monotonic()
    while answer not in api.get("/hello").body:
        assert time.monotonic() - began < 5, server.log_tail(5)
    api.close()
    return (time.monotonic() - began) * 1000


def main():
    files = variants()
    took = []
    for _ in range(RUNS):
        server = Server(args=["--dev"])
        server.config = f"workers: 1\nplugins:\n  hello:\n    path: {server.folder}/hello.so\n"
        place(server, files[0])
        server.start()
        try:
            for i in range(1, CHANGES + 1):
                took.append(change_ms(server, files[i % 2], ANSWERS[i % 2]))
        finally:
            server.stop()
            server.remove()
    took.sort()
    report("a plugin's file is replaced", [
        ("median until the new code answers", statistics.median(took), "ms", "≤ 30"),
        ("99th percentile", took[len(took) * 99 // 100], "ms", ""),
    ])
