# SPDX-License-Identifier: MIT
"""A server with the plugin of bench/realtime/crowd.c: rooms that everybody may enter."""
import os
from pathlib import Path

from .reload import put
from .server import build_folder

CONFIG = """workers: %d
rates: {connect: {address: 0}, event: {connection: 0, user: 0}}
limits: {%s}
plugins:
  crowd: {path: %s}
  streams: {}
"""


def configure(server, workers, **limits):
    """Readies a server that was not started: without rates, the plugin's file its own."""
    folder = Path(os.environ.get("DAIS_TEST_PLUGINS", build_folder() / "tests" / "plugins"))
    target = server.folder / "crowd.so"
    put(folder / "crowd.so", target)
    rows = ", ".join(f"{name}: {value}" for name, value in limits.items())
    server.config = CONFIG % (workers, rows, target)
    return server
