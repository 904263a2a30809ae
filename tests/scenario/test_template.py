# SPDX-License-Identifier: MIT
"""What a new plugin begins as: sdk/template, copied, renamed and built away from the tree; in the tree it
is built by test_plugin_tutorial."""
import shutil

import pytest

from dais.chat import House
from dais.plugins import build_away, run
from dais.server import ROOT

TEMPLATE = ROOT / "sdk" / "template"
LINES_MAX = 300


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(name="mine", scope="module")
def _mine(tmp_path_factory):
    """The copy, renamed as its author does."""
    folder = tmp_path_factory.mktemp("plugins") / "mine"
    shutil.copytree(TEMPLATE, folder)
    run(folder / "rename", "mine")
    return folder


@pytest.fixture(name="house", scope="module")
def _house(mine, tmp_path_factory):
    """A server with the copy, and no other plugin of rooms than streams and chat."""
    made = House(plugins=())
    path = made.server.folder / "mine.so"
    shutil.copy(build_away(mine, "mine", tmp_path_factory.mktemp("build")), path)
    path.chmod(0o644)
    made.server.config += f"  mine:\n    path: {path}\n"
    with made as house:
        yield house


def test_the_template_is_small():
    counted = [path for path in files(TEMPLATE) if path.name not in ("README.md", "rename")]
    assert sum(len(path.read_text().splitlines()) for path in counted) < LINES_MAX


def test_nothing_keeps_the_old_name(mine):
    assert "template" not in "".join(path.read_text() for path in files(mine)).lower()
    assert not [path for path in files(mine) if "template" in path.name or path.name == "rename"]
    assert (mine / "mine.c").exists() and (mine / "tests" / "test_mine.c").exists()


def test_a_copy_is_renamed_and_not_the_template_itself():
    with pytest.raises(AssertionError, match="copy the folder first"):
        run(TEMPLATE / "rename", "mine")


def test_a_name_that_is_none_is_refused(tmp_path):
    shutil.copytree(TEMPLATE, tmp_path / "Mine")
    with pytest.raises(AssertionError, match="lower-case"):
        run(tmp_path / "Mine" / "rename", "Mine")


@pytest.mark.parametrize("kind", ["ws", "socketio"])
def test_a_cheer_reaches_the_room(house, kind):
    with house.room() as room:
        berta, anna = room.join("berta", kind), room.way("anna", kind)
        cheer = anna.call("mine:cheer", {"roomId": room.id, "word": "Bravo!"})
        assert cheer.ok and cheer.data["word"] == "Bravo!", cheer
        assert cheer.data["userId"] == house.id("anna")
        assert berta.next("mine:cheered") == cheer.data
        path = f"/api/mine/rooms/{room.id}/cheers"
        again = house.person("anna").post(path, {"word": "Encore"}).expect(201).json
        assert berta.next("mine:cheered") == again
        rows = house.server.sql(f"SELECT id, word FROM mine.cheers WHERE room_id = '{room.id}' ORDER BY id")
        assert rows == [[cheer.data["id"], "Bravo!"], [again["id"], "Encore"]]


def test_what_is_refused(house):
    with house.room() as room:
        path = f"/api/mine/rooms/{room.id}/cheers"
        anna = house.person("anna")
        wrong = anna.post(path, {"word": "two words"}).expect(400).json
        assert wrong["field"] == "word" and wrong["detail"] == "A cheer is one word."
        assert anna.post(path, {"word": "x" * 31}).expect(400).json["field"] == "word"
        anna.post(f"/api/mine/rooms/{house.id('anna')}/cheers", {"word": "x"}).expect(404)
        house.server.api().post(path, {"word": "x"}).expect(401)
        guest = room.way("guest", "ws").call("mine:cheer", {"roomId": room.id, "word": "x"})
        assert guest.status == 401
