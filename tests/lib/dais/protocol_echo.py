# SPDX-License-Identifier: MIT
"""The server of script/protocol-echo, with as many workers as a test wants."""
from .plugins import copy_plugin
from .server import ROOT

PLUGINS = ROOT / "tests" / "plugins"
INTERVAL_S = 0.3
TIMEOUT_S = 0.2


def configure(server, workers, **limits):
    """Makes `server`, not started yet, one that echoes; limits replace those of the suites."""
    text = (PLUGINS / "protocol_echo.yaml").read_text()
    text = text.replace("protocol_echo.so", str(copy_plugin(server, "protocol_echo")))
    for name, value in limits.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"  {name}:")]
        lines.insert(lines.index("limits:") + 1, f"  {name}: {value}")
        text = "\n".join(lines) + "\n"
    server.config = f"workers: {workers}\n{text}"
    return server
