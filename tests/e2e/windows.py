# SPDX-License-Identifier: MIT
"""Windows of a real browser, several at a time; see windows.mjs."""
import itertools
import json
import os
import queue
import subprocess
import threading
from pathlib import Path

from dais.wait import scale

HERE = Path(__file__).resolve().parent
PICTURES = Path(os.environ.get("DAIS_PICTURES", HERE.parents[1] / "build" / "pictures"))
ANSWER_S = 60


class Browser:
    """Chromium; its windows share nothing."""

    def __init__(self):
        self.process = subprocess.Popen(["node", str(HERE / "windows.mjs")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.numbers = itertools.count(1)
        self.answers = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            self.answers[answer["id"]].put(answer)

    def begin(self, window, act, *args):
        """Begins a command; returns a function that waits for its answer."""
        number = next(self.numbers)
        box = self.answers[number] = queue.SimpleQueue()
        self.process.stdin.write(json.dumps({"id": number, "window": window, "act": act,
                                             "args": args}) + "\n")
        self.process.stdin.flush()

        def end():
            answer = box.get(timeout=ANSWER_S * scale())
            assert "error" not in answer, f"{window} {act} {args}: {answer['error']}"
            return answer["value"]
        return end

    def open(self, name, url, **options):
        self.begin(name, "open", url, options)()
        return Window(self, name)

    def close(self):
        self.process.stdin.close()
        self.process.wait(20 * scale())


class Window:
    """One page: whatever windows.mjs can do is a method, begin_… does not wait for the answer."""

    def __init__(self, browser, name):
        self.browser = browser
        self.name = name

    def __getattr__(self, act):
        if act.startswith("begin_"):
            return lambda *args: self.browser.begin(self.name, act[len("begin_"):], *args)
        return lambda *args: self.browser.begin(self.name, act, *args)()

    def photograph(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.picture(str(PICTURES / f"{name}.png"))
