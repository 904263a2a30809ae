# SPDX-License-Identifier: MIT
"""What somebody sees who clones the tree and types one command."""
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from test_watch import watch

from dais import eventually, processes
from dais.server import ROOT, free_ports

START_TIMEOUT_S = 100  # the release build included
STOP_TIMEOUT_S = 30

pytestmark = pytest.mark.demo


class Demo:
    """script/server --demo with data and ports of its own, and what it prints."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.output = folder / "output"
        port, rtmp_port = free_ports(2)
        self.env = dict(os.environ, DAIS_DATA=str(self.data), PORT=str(port),
                        RTMP_PORT=str(rtmp_port))
        self.process = None

    def start(self):
        """Starts it and returns what it printed, in the form of (page, account, encoder)."""
        with open(self.output, "wb") as file:
            self.process = subprocess.Popen(
                [str(ROOT / "script" / "server"), "--demo"], env=self.env, stdout=file,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        printed = eventually(self._printed, START_TIMEOUT_S, what="the demo prints its page")
        return printed.groups()

    def _printed(self):
        text = self.output.read_text(errors="replace")
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}:\n{text}")
        return re.search(r"Watch +(http://\S+)\n +Account +(.+)\n +Encoder +(.+)\n", text)

    def interrupt(self):
        """Ctrl-C: everything ends."""
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(STOP_TIMEOUT_S)
        assert code == 0, self.output.read_text(errors="replace")
        eventually(lambda: not self.left_behind(), what=f"nothing is left: {self.left_behind()}")

    def left_behind(self):
        """What still runs on its data or sends to its port."""
        found = set(processes.using(self.data)) | set(processes.using(f":{self.env['RTMP_PORT']}/"))
        return {pid: processes.cmdline(pid) for pid in found}

    def kill(self):
        """Ends what a test that failed has left."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for pid in self.left_behind():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def demo():
    with tempfile.TemporaryDirectory(prefix="dais-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the server runs as another user
        made = Demo(folder)
        yield made
        made.kill()


def test_one_command_from_clone_to_picture(demo):
    printed = demo.start()
    seen = watch(printed[0], "demo", "1280x900")
    assert seen["after"]["time"] - seen["before"]["time"] >= 5
    assert seen["after"]["frames"] - seen["before"]["frames"] >= 100
    assert seen["after"]["audioBytes"] > seen["before"]["audioBytes"]
    assert seen["live"] and seen["brightness"] > 20 and not seen["errors"]
    demo.interrupt()
    assert demo.start() == printed  # the same account, the same stream
    demo.interrupt()
