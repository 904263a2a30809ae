# SPDX-License-Identifier: MIT
"""Test plugins in the folder of a server."""
import shutil

from .server import build_folder


def copy_plugin(server, name):
    """A test plugin's file in the server's folder, readable for every user."""
    path = server.folder / f"{name}.so"
    if not path.exists():
        shutil.copy(build_folder() / "tests" / "plugins" / path.name, path)
        path.chmod(0o644)
    return path


def row(server, name, **keys):
    """A row below `plugins:` for a test plugin."""
    rows = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"  {name}:\n    path: {copy_plugin(server, name)}\n{rows}"
