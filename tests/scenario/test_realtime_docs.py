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
# Browsers have it; this version of Node does not.
GLOBAL = 'import WebSocket from "ws";\nglobalThis.WebSocket ??= WebSocket;\n'


def sample(title):
    """The first block of code behind a heading: its language and its lines."""
    found = re.search(rf"^## {re.escape(title)}$.*?^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)
    return found.groups()


class Client:
    """A sample that runs."""

    def __init__(self, server, stream, title, folder):
        language, text = sample(title)
        text = text.replace("http://localhost:8080", server.url)
        text = text.replace('"PLAYBACK_ID"', f'"{stream["playbackId"]}"')
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
    def start(server, stream, title):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        client = Client(server, stream, title, folder)
        request.addfinalizer(client.process.wait)
        request.addfinalizer(client.process.kill)
        return client
    return start


def test_the_samples_work_and_come_back(own_server, run):
    """All are the same guest, so that nobody counts more than one viewer."""
    server = own_server()
    stream = server.stream()
    clients = [run(server, stream, title)
               for title in ("A client of /ws", "socket.io-client", "python-socketio")]
    for client in clients:
        client.says("watching 1")
    server.stop()
    server.start()
    for client in clients:
        client.says("watching 1", times=2)
    assert not any("watching 2" in client.lines for client in clients)
