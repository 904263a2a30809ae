# SPDX-License-Identifier: MIT
"""docs/plugin-tutorial.md, followed word by word in a copy of the tree.

Its commands are run, its test is run, its pieces of C are compiled; those that begin with the name of a
file are in that file. Only what takes long is not done again: the server comes from the build under test.
"""
import os
import re
import shutil
import subprocess

import pytest

from dais import Server
from dais.plugins import run
from dais.server import ROOT, build_folder

pytestmark = pytest.mark.demo

TEXT = (ROOT / "docs" / "plugin-tutorial.md").read_text()
PLACES = ("", "plugins/chat/", "sdk/template/", "build/")
MADE = ("mine", "dais.yaml", "build/dev")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def prose():
    return re.sub(r"^```.*?^```$", "", TEXT, flags=re.M | re.S)


def words(text):
    return " ".join(text.split())


# -- what it says ----------------------------------------------------------------------------------


def test_each_file_that_is_named_is_there():
    named = set(re.findall(r"`([\w./-]+(?:/|\.(?:c|h|py|sql|md|yaml)))`", prose()))
    named |= {f"docs/{path}" for path in re.findall(r"\]\(([^)#]+)", prose())}
    assert len(named) > 15
    missing = [name for name in named if not any((ROOT / place / name).exists() for place in PLACES)
               and not any(part in name for part in MADE) and not name.startswith("00")]
    assert not missing


def test_each_name_of_the_sdk_is_there():
    sdk = "".join(path.read_text() for path in (ROOT / "sdk" / "include").rglob("*.h"))
    names = set(re.findall(r"\b(?:dais|DAIS)_\w+", TEXT)) - set(os.environ) - {"DAIS_TEST_RELOAD_MS"}
    names -= {"DAIS_PASSWORD", "DAIS_BUILD", "DAIS_SDK", "dais_folder"}
    names = {name.removeprefix("DAIS_E_") for name in names}
    assert not [name for name in names if not re.search(rf"\b{name}\b", sdk)]


@pytest.mark.parametrize("name, path", [
    ("send_message", "plugins/chat/send.c"), ("chat_settings_merge", "plugins/chat/chat.c"),
    ("chat-moderators", "plugins/chat/room.h"), ("users_public", "plugins/auth/schema"),
    ("clientMessageId", "plugins/chat/send.c")])
def test_what_is_said_of_chat_is_so(name, path):
    assert name in TEXT
    files = [ROOT / path] if (ROOT / path).is_file() else (ROOT / path).rglob("*")
    assert any(name in file.read_text() for file in files)


# -- its pieces of C -------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", blocks("c"), ids=lambda piece: words(piece)[:40])
def test_a_piece_of_c(piece, tmp_path):
    quoted = re.match(r"/\* (\S+/\S+) \*/\n", piece)
    if quoted:
        source = (ROOT / quoted.group(1)).read_text()
        assert words(piece[quoted.end():]) in words(source)
        return
    path = tmp_path / "piece.c"
    path.write_text('#include "dais/dais.h"\n\n' + piece)
    run("cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-fsyntax-only",
        "-I", ROOT / "sdk" / "include", path)


# -- its commands ----------------------------------------------------------------------------------


@pytest.fixture(name="tree", scope="module")
def _tree(tmp_path_factory):
    """A copy of the sources, in which the tutorial has begun."""
    folder = tmp_path_factory.mktemp("tutorial")
    tree = folder / "tree"
    for name in run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).split():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, tree / name)
    begin, away = blocks("sh")[:2]
    assert "1 test(s) run" in run("bash", "-ec", begin, cwd=tree)
    run("bash", "-ec", away.replace("/tmp/mine", str(folder / "away")), cwd=tree)
    assert (folder / "away" / "plugins" / "mine.so").exists()
    _add_server(tree / "build" / "dev")
    for path in (folder, folder.parent, folder.parent.parent):
        path.chmod(0o755)  # as root the server runs as another user
    return tree


def _add_server(build):
    """What `script/build dev` would have made, from the build under test."""
    shutil.copytree(build_folder() / "bin", build / "bin", dirs_exist_ok=True)
    shutil.copytree(build_folder() / "plugins", build / "plugins", dirs_exist_ok=True)
    shutil.copy(build_folder() / "CMakeCache.txt", build / "CMakeCache.txt")


def test_the_plugin_is_like_the_others(tree, tmp_path):
    for part in ("plugins/mine", "sdk/include", "tests/tidy"):
        shutil.copytree(tree / part, tmp_path / part)
    run("git", "init", "-q", cwd=tmp_path)
    style = subprocess.run(["/usr/bin/python3", "tests/tidy/tidy.py"], cwd=tmp_path, check=False,
                           capture_output=True, text=True)
    assert "tidy:" in style.stdout and "plugins/mine" not in style.stdout, style


def test_somebody_cheers(tree, monkeypatch):
    monkeypatch.setenv("DAIS_BUILD", str(tree / "build" / "dev"))
    with Server(config=blocks("yaml")[0]) as server:
        commands = blocks("sh")[2].replace("localhost:8080", f"localhost:{server.port}")
        answer = run("bash", "-ec", commands, cwd=tree, env=server.env)
        assert '"word":"Bravo!"' in answer, answer
        assert re.search(r"mine.*generation 2", answer), answer


def test_its_test_passes_while_plugins_are_replaced(tree):
    (tree / "tests" / "scenario" / "test_mine.py").write_text(blocks("python")[0])
    where, plain, reloads = blocks("sh")[3].splitlines()
    assert reloads.endswith(f" {plain}")
    assert "2 passed" in run("bash", "-ec", f"{where}\n{reloads}", cwd=tree)
