# SPDX-License-Identifier: MIT
"""The samples of docs/realtime.md, as they stand there."""
import os
import re
import subprocess
import sys
import threading

import pytest

from dais import eventually
from dais.server import ROOT

TEXT = (ROOT / "docs" / "realtime.md").read_text()
MODULES = ROOT / "tests" / "node_modules"
# Browsers have these; not every version of Node does.
GLOBAL = ('import WebSocket from "ws";\nimport { webcrypto } from "node:crypto";\n'
          'globalThis.WebSocket ??= WebSocket;\nglobalThis.crypto ??= webcrypto;\n')


def sample(title):
    """The first block of code behind a heading: its language and its lines."""
    found = re.search(rf"^## {re.escape(title)}$.*?^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)
    return found.groups()


class Client:
    """A sample that runs."""

    def __init__(self, title, folder, names):
        language, text = sample(title)
        for name, value in names.items():
            text = text.replace(f'"{name}"', f'"{value}"')
        if language == "js" and "socket.io" not in text:
            text = GLOBAL + text
        path = folder / ("sample.mjs" if language == "js" else "sample.py")
        path.write_text(text)
        if language == "js":
            (folder / "node_modules").symlink_to(MODULES)
        self.lines = []
        self.process = subprocess.Popen(["node" if language == "js" else sys.executable, path],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=dict(os.environ, PYTHONUNBUFFERED="1"))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def says(self, line, times=1):
        eventually(lambda: self.lines.count(line) >= times, 20, what=f"{line} in {self.lines}")


@pytest.fixture
def run(request, tmp_path):
    def start(server, title, **names):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        client = Client(title, folder, {"http://localhost:8080": server.url, **names})
        request.addfinalizer(client.process.wait)
        request.addfinalizer(client.process.kill)
        return client
    return start


def test_the_samples_work_and_come_back(own_server, run):
    """All are the same guest, so that nobody counts more than one viewer."""
    server = own_server()
    stream = server.stream()
    clients = [run(server, title, PLAYBACK_ID=stream["playbackId"])
               for title in ("A client of /ws", "socket.io-client", "python-socketio")]
    for client in clients:
        client.says("watching 1")
    server.stop()
    server.start()
    for client in clients:
        client.says("watching 1", times=2)
    assert not any("watching 2" in client.lines for client in clients)


def test_the_sample_of_a_chat_misses_nothing_and_says_nothing_twice(own_server, run):
    server = own_server()
    owner = server.user(role="admin")
    room = server.stream(owner)["id"]
    said = f"/api/chat/session/{room}"
    owner.post(said, {"message": "Welcome"}).expect(201)
    client = run(server, "A client of chat", ROOM_ID=room, TOKEN=owner.token)
    name = owner.user["name"]
    client.says(f"{name}: Welcome")
    client.says(f"{name}: Hello")
    owner.post(said, {"message": "Behind the page"}).expect(201)
    client.says(f"{name}: Behind the page")
    server.stop()
    server.start()
    gone = owner.post(said, {"message": "While it was away"}).expect(201).json["id"]
    client.says(f"{name}: While it was away")
    owner.delete(f"/api/chat/{gone}").expect(204)
    client.says(f"deleted {gone}")
    assert len(client.lines) == len(set(client.lines)) == 5
