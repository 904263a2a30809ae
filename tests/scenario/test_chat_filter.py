# SPDX-License-Identifier: MIT
"""A third party's plugin beside chat: built from the SDK alone, away from the tree."""
import shutil

import pytest

from dais import eventually
from dais.chat import House
from dais.plugins import build_away
from dais.server import ROOT

SOURCE = ROOT / "examples" / "plugins" / "chat-filter"

ROWS = """  chat_filter:
    path: {path}
    words: [casino]
    replacements: ["teh=the", "gg=good game", "x={long}"]
"""


@pytest.fixture(name="house", scope="module")
def _house(tmp_path_factory):
    made = House()
    path = made.server.folder / "chat_filter.so"
    shutil.copy(build_away(SOURCE, "chat_filter", tmp_path_factory.mktemp("build")), path)
    path.chmod(0o644)
    made.server.config += ROWS.format(path=path, long="y" * 90)
    with made as house:
        yield house


def counted(house, room):
    reply = house.person("admin").get(f"/api/chat-filter/rooms/{room.id}")
    return reply.json["messages"] if reply.status == 200 else 0


@pytest.mark.parametrize("way", ["http", "ws", "socketio"])
def test_a_third_party_vetoes(house, way):
    with house.room() as room:
        answer = room.way("anna", way).do("send", message="To the CASINO!")
        assert answer.status == 403 and answer.problem.get("field") == "message", answer
        assert answer.problem["detail"] == "The message has a word that is not wanted here."
        room.say("anna", "casinos are another word")
        assert room.texts() == ["casinos are another word"]


@pytest.mark.parametrize("way", ["http", "ws", "socketio"])
def test_a_third_party_amends(house, way):
    with house.room() as room:
        berta = room.join("berta")
        said = room.way("anna", way).done("send", message="Teh end, gg!")
        assert said["message"] == "the end, good game!"
        assert berta.next("chat:message")["message"] == "the end, good game!"
        assert room.texts() == ["the end, good game!"]


def test_a_third_party_sees_edits(house):
    with house.room() as room:
        anna = room.way("anna")
        said = anna.done("send", message="hello")
        assert anna.do("edit", messageId=said["id"], message="casino").status == 403
        assert anna.done("edit", messageId=said["id"], message="teh")["message"] == "the"
        assert room.texts() == ["the"]


def test_an_amendment_that_would_not_fit_is_left_out(house):
    with house.room() as room:
        text = "x " * 30 + "x"
        assert room.say("anna", text)["message"] == text


def test_an_amendment_is_held_to_the_rooms_rules(house):
    with house.room() as room:
        room.set(blockedWords=["game"], messageMax=100)
        anna = room.way("anna")
        said = anna.done("send", message="hello")
        for verb in ({"verb": "send"}, {"verb": "edit", "messageId": said["id"]}):
            assert anna.do(message="gg", **verb).problem["field"] == "message"
            assert anna.do(message="x and x", **verb).problem["field"] == "message"
        assert anna.done("edit", messageId=said["id"], message="teh")["message"] == "the"
        room.set(blockedWordAction="mask")
        assert anna.done("send", message="gg")["message"] == "good ****"
        assert room.texts() == ["the", "good ****"]


def test_messages_are_counted_after_their_commit(house):
    with house.room() as room, house.room() as other:
        for number in range(5):
            room.say("anna", f"message {number}")
        other.say("anna", "elsewhere")
        room.way("anna").do("send", message="casino")
        eventually(lambda: counted(house, room) == 5, what="five messages are counted")
        eventually(lambda: counted(house, other) == 1)
        path = f"/api/chat-filter/rooms/{room.id}"
        house.person("anna").get(path).expect(403)
        assert house.person("admin").get(path).json["messages"] == 5


def test_a_wrong_replacement_is_named(house):
    path = house.server.folder / "chat_filter.so"
    for wrong in ("teh", "=x", "two words=x"):
        config = house.server.folder / "wrong.yaml"
        config.write_text(f"plugins:\n  chat_filter:\n    path: {path}\n    replacements: [\"{wrong}\"]\n")
        done = house.server.cli("check", "--config", str(config))
        assert done.returncode != 0 and wrong in done.stdout + done.stderr
