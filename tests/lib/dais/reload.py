# SPDX-License-Identifier: MIT
"""Plugins that are replaced while the server serves."""
import os
import re
import shutil
import threading

from . import control
from .wait import POLL_S

TOOK = re.compile(r"generation (\d+) \(build \w+\) in ([\d.]+) ms")


def put(source, target):
    """Renames a copy of `source` into the place of `target`, readable for every user."""
    fresh = target.with_name(f".{target.name}.new")
    shutil.copy(source, fresh)
    fresh.chmod(0o644)
    os.rename(fresh, target)


def reload(server, name):
    """`dais plugin reload NAME`: generation and milliseconds, or control.Refused."""
    found = TOOK.search(control.call(server.data, "plugin reload", name=name))
    return int(found[1]), float(found[2])


def plugins(server):
    """The ids of the enabled plugins."""
    return [line.split()[0] for line in
            control.call(server.data, "plugin list").splitlines()[1:] if line]


class Reloader:
    """Reloads all plugins of a server every so often, beside whatever a test does with it.

    A refusal is a failure that stop() raises, but for those that say that old generations still
    run: what lives on in them is the test's own doing.
    """

    PATIENT = re.compile(r"generations of it live already|plugin files \(limit plugin_loads\)|"
                         r"a worker is busy|the server (is starting|stops)")

    def __init__(self, server, every_ms):
        self.server = server
        self.every_s = every_ms / 1000
        self.count = 0
        self.failure = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def _run(self):
        while not self._over.wait(self.every_s) and not self.failure:
            try:
                for name in plugins(self.server):
                    self._reload(name)
            except OSError:
                self._over.wait(POLL_S)  # it is down or coming up: that is the test's doing

    def _reload(self, name):
        try:
            control.call(self.server.data, "plugin reload", name=name)
            self.count += 1
        except control.Refused as refused:
            if not self.PATIENT.search(refused.message):
                self.failure = f"plugin reload {name}: {refused}"

    def stop(self):
        """Ends the thread; gives how many reloads there were."""
        self._over.set()
        self._thread.join()
        assert not self.failure, self.failure
        return self.count
