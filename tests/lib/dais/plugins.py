# SPDX-License-Identifier: MIT
"""Test plugins in the folder of a server, and plugins that are built away from the tree."""
import shutil
import subprocess

from .server import ROOT, build_folder


def run(*words, **options):
    """Runs a command that has to go well; what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def build_away(source, name, folder):
    """The plugin in `source`, built in `folder` as a third party does, without a warning."""
    run("cmake", "-S", source, "-B", folder, "-G", "Ninja", f"-DDAIS_SDK={ROOT}/sdk")
    assert "warning" not in run("cmake", "--build", folder, "-j", "2")
    return folder / "plugins" / f"{name}.so"


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
