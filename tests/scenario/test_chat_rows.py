# SPDX-License-Identifier: MIT
"""Rows that other plugins write into a chat (dais.chat/1), and what only moderators hear."""
import pytest

from dais import eventually
from dais.chat import NOBODY, House


@pytest.fixture(name="house", scope="module")
def _house():
    with House(plugins=("sessions", "gifts")) as house:
        yield house


@pytest.mark.parametrize("kind", ["live", "session"])
def test_spec004_live_message_type_gift(house, kind):
    with house.room(kind) as room:
        berta = room.join("berta")
        api = house.person("anna")
        given = api.post(f"/api/gifts/{room.id}",
                         {"type": "gift", "text": "sends a rose", "data": {"gift": "rose", "count": 3}})
        told = berta.next("chat:message")
        assert told["id"] == given.expect(201).json["id"]
        assert (told["type"], told["message"], told["data"]) == (
            "gift", "sends a rose", {"gift": "rose", "count": 3})
        assert told["userId"] == house.id("anna")
        assert room.page()["messages"] == [told]


def test_rows_of_other_plugins_are_held_to_their_bounds(house):
    with house.room() as room:
        api = house.person("anna")
        for body in ({"type": "comment", "text": "x"}, {"type": "gift", "text": "x" * 9000},
                     {"type": "gift", "text": "x", "data": "y" * 5000}):
            assert api.post(f"/api/gifts/{room.id}", body).status == 400
        assert api.post(f"/api/gifts/{NOBODY}", {"type": "gift", "text": "x"}).status == 404
        assert room.texts() == []


def test_a_moderator_of_the_service_who_is_none_any_more(house):
    """He hears what is held back as long as he moderates, and then like everybody."""
    with house.room() as room:
        room.set(isChatDelayed=True, chatDelaySeconds=1)
        former = room.join("global")
        anna = room.way("anna", "ws")
        anna.done("send", message="first")
        assert former.next("chat:message")["isDelayed"]
        assert not former.next("chat:message")["isDelayed"]
        path = f"/api/users/{house.id('global')}/role"
        house.person("admin").patch(path, {"role": "attendee"}).expect(200)

        def hears_like_everybody():
            anna.done("send", message="next")
            told = former.next("chat:message")
            if told["isDelayed"]:
                former.next("chat:message", lambda it: it["id"] == told["id"])
            return not told["isDelayed"]

        eventually(hears_like_everybody)
        house.person("admin").patch(path, {"role": "moderator"}).expect(200)
