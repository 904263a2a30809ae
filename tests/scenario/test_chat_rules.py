# SPDX-License-Identifier: MIT
"""Who may say what in a chat, and when: the rules of a room, each of them while many try."""
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dais import eventually
from dais.chat import SOCKETS, WAYS, House

every_way = pytest.mark.parametrize("way", WAYS)
every_socket = pytest.mark.parametrize("way", SOCKETS)
DELAY_S = 2


@pytest.fixture(scope="module")
def house():
    with House(workers=4) as house:
        yield house


@pytest.fixture
def room(house):
    with house.room() as room:
        yield room


@pytest.fixture(params=["live", "session"])
def any_room(house, request):
    with house.room(request.param) as room:
        yield room


def all_at_once(ways, **fields):
    """Everybody sends, on connections of their own: the answers."""
    with ThreadPoolExecutor(len(ways)) as pool:
        return list(pool.map(lambda way: way.do("send", **fields), ways))


# -- slow mode ------------------------------------------------------------------------------------

@every_way
def test_slow_mode_says_when_to_come_back(any_room, way):
    room = any_room
    room.set(slowModeSeconds=30)
    anna = room.way("anna", way)
    anna.done("send", message="first")
    refused = anna.do("send", message="second")
    assert refused.status == 429 and 1 <= refused.retry_after <= 30
    room.say("berta", "Others are not concerned")
    for who in ("owner", "admin", "global"):
        room.say(who, "nor they")
        room.say(who, "whom it does not concern")
    assert room.texts()[:2] == ["first", "Others are not concerned"]
    room.set(slowModeSeconds=0)
    anna.done("send", message="second")


def test_slow_mode_ends(room):
    room.set(slowModeSeconds=1)
    anna = room.way("anna")
    anna.done("send", message="first")
    refused = anna.do("send", message="second")
    began = time.monotonic()
    assert refused.status == 429 and refused.retry_after == 1
    eventually(lambda: anna.do("send", message="second").ok, 5)
    assert time.monotonic() - began > 0.5
    assert room.texts() == ["first", "second"]


def test_slow_mode_across_workers(room):
    """Of many sends of one author exactly one wins, whichever worker they come to."""
    room.set(slowModeSeconds=60)
    for who in ("anna", "berta", "carla"):
        ways = [room.way(who, WAYS[i % 3]) for i in range(12)]
        answers = all_at_once(ways, message=f"by {who}")
        won = [answer for answer in answers if answer.ok]
        lost = [answer for answer in answers if not answer.ok]
        assert len(won) == 1
        assert all(answer.status == 429 and 1 <= answer.retry_after <= 60 for answer in lost), lost
    assert sorted(room.texts()) == ["by anna", "by berta", "by carla"]


def test_slow_mode_and_sends_that_come_twice(room):
    """The same message again is no second one."""
    room.set(slowModeSeconds=60)
    ways = [room.way("anna", WAYS[i % 3]) for i in range(6)]
    answers = all_at_once(ways, message="Once", clientMessageId="c")
    assert all(answer.ok for answer in answers), answers
    assert len({answer.data["id"] for answer in answers}) == 1
    assert room.way("anna").do("send", message="Other", clientMessageId="d").status == 429
    assert room.texts() == ["Once"]


def test_slow_mode_does_not_count_what_was_refused(room):
    room.set(slowModeSeconds=60, blockedWords=["darn"])
    anna = room.way("anna")
    assert anna.do("send", message="darn").status == 400
    assert anna.do("send", message="").status == 400
    anna.done("send", message="first")
    assert anna.do("send", message="second").status == 429


# -- followers only -------------------------------------------------------------------------------

@every_way
def test_spec000_is_chat_followers_only(any_room, way):
    room = any_room
    room.set(isChatFollowersOnly=True)
    stranger = room.way("stranger", way)
    fan = room.way("fan", way)
    room.follow("fan")
    refused = stranger.do("send", message="Let me in")
    assert refused.status == 403 and refused.problem["detail"]
    fan.done("send", message="Hello")
    for who in ("owner", "admin", "global"):
        room.say(who, "Hello")
    room.follow("fan", False)
    assert fan.do("send", message="Hello").status == 403
    room.follow("fan")
    fan.done("send", message="Hello")
    assert len(room.texts()) == 5


def test_followers_only_with_a_minimum_age(room):
    room.set(isChatFollowersOnly=True, followersMinAgeSeconds=3600)
    room.follow("young")
    room.follow("old")
    room.house.server.sql("UPDATE auth.follows SET created_at = created_at - interval '2 hours' "
                          f"WHERE follower_id = '{room.house.id('old')}'")
    assert room.way("young").do("send", message="Hello").status == 403
    room.say("old", "Hello")
    room.set(followersMinAgeSeconds=0)
    room.say("young", "Hello")


def test_what_you_may_shows_in_the_state(room):
    room.set(isChatFollowersOnly=True)
    assert room.get("nobody", "")["you"].get("follows") is False
    room.follow("friend")
    assert room.get("friend", "")["you"]["follows"] is True


# -- who writes -----------------------------------------------------------------------------------

WRITERS = {
    "everyone": {"anna", "speaker", "creator", "global", "admin", "owner", "helper"},
    "speakers": {"speaker", "global", "admin", "owner", "helper"},
    "creators": {"creator", "global", "admin", "owner", "helper"},
    "moderators": {"global", "admin", "owner", "helper"},
}


@pytest.mark.parametrize("writers", WRITERS)
def test_writers(any_room, writers):
    room = any_room
    room.appoint("helper")
    room.set(writers=writers)
    let_in = set()
    for i, who in enumerate(sorted(WRITERS["everyone"])):
        answer = room.way(who, WAYS[i % 3]).do("send", message="Hello")
        assert answer.ok or answer.status == 403, answer
        let_in |= {who} if answer.ok else set()
    assert let_in == WRITERS[writers]


# -- delay ----------------------------------------------------------------------------------------

@every_socket
def test_spec000_is_chat_delayed(any_room, way):
    """Moderators see it at once, its author too, everybody else when the delay is over."""
    room = any_room
    room.appoint("helper")
    room.set(isChatDelayed=True, chatDelaySeconds=DELAY_S)
    crowd = room.join("berta", way)
    helper, tab = room.join("helper", way), room.join("anna", way)
    began = time.monotonic()
    said = room.say("anna", "Wait for it")
    assert said["isDelayed"] is True
    assert helper.next("chat:message")["id"] == said["id"]
    assert tab.next("chat:message")["id"] == said["id"]
    assert room.texts("berta") == room.texts("guest") == []
    assert room.texts("anna") == room.texts("helper") == room.texts("owner") == ["Wait for it"]
    told = crowd.next("chat:message")
    took = time.monotonic() - began
    assert took >= DELAY_S - 0.1
    assert told == {**said, "isDelayed": False}
    assert room.page("berta")["messages"] == [told]


def test_conflict_12_own_messages_and_moderators_are_not_delayed(room):
    """Moderators are heard at once; each of the others hears a message once."""
    room.set(isChatDelayed=True, chatDelaySeconds=1)
    crowd = room.join_live("berta")
    said = room.say("owner", "At once")
    assert said["isDelayed"] is False
    assert crowd.next("live:message")["id"] == said["id"]
    late = room.say("anna", "Late")
    assert crowd.next("live:message")["id"] == late["id"]
    room.say("owner", "end")
    assert crowd.next("live:message")["message"] == "end"


def test_what_is_removed_inside_the_delay_is_never_seen(room):
    room.set(isChatDelayed=True, chatDelaySeconds=DELAY_S)
    crowd = room.join("berta")
    killed = [room.say("anna", f"bad {i}")["id"] for i in range(3)]
    room.way("owner").done("delete", messageId=killed[0])
    room.way("admin", "ws").done("delete", messageId=killed[1])
    room.way("anna", "socketio").done("delete", messageId=killed[2])
    kept = room.say("anna", "good")
    assert crowd.next("chat:message")["id"] == kept["id"]
    room.say("owner", "end")
    assert crowd.next("chat:message")["message"] == "end"
    assert not [m for m in crowd.kept if m["event"] == "chat:deleted"]
    assert room.texts() == ["good", "end"]


def test_what_is_waiting_is_not_there_for_others(room):
    """Until it is told, nobody else can answer it, react to it or report it."""
    room.set(isChatDelayed=True, chatDelaySeconds=60)
    said = room.say("anna", "Wait")["id"]
    berta = room.way("berta")
    assert berta.do("react", messageId=said, emoji="👍", value=True).status == 404
    assert berta.do("report", messageId=said, reason="spam").status == 404
    assert berta.do("send", message="Re", replyTo=said).problem["field"] == "replyTo"


# -- off, words, links, blocks, closed ------------------------------------------------------------

@every_way
def test_spec000_is_chat_enabled(any_room, way):
    room = any_room
    viewer = room.join("berta")
    room.say("anna", "before")
    told = room.way("owner", way).done("settings", isChatEnabled=False)
    assert told["isChatEnabled"] is False
    assert viewer.next("chat:settings")["settings"]["isChatEnabled"] is False
    refused = room.way("anna", way).do("send", message="x")
    assert refused.status == 409 and refused.problem["detail"]
    assert room.texts() == ["before"]
    room.way("owner", way).done("settings", isChatEnabled=True)
    room.way("anna", way).done("send", message="after")


def test_settings_count_for_sends_at_the_same_time(room):
    """What the answer to a change forbids is forbidden from then on, on every worker; what it allows
    a worker may refuse until it has heard of it."""
    ways = [room.way("anna", WAYS[i % 3]) for i in range(6)]
    owner = room.way("owner")
    for i in range(8):
        owner.done("settings", isChatEnabled=False)
        assert {answer.status for answer in all_at_once(ways, message=f"off {i}")} == {409}
        owner.done("settings", isChatEnabled=True)
        for way in ways:
            answer = way.do("send", message=f"on {i}")
            assert answer.ok or answer.status == 409, answer
            eventually(lambda: way.do("send", message="on").ok, 2)  # noqa: B023


@every_way
def test_blocked_words(any_room, way):
    room = any_room
    room.set(blockedWords=["darn", "frak"])
    anna = room.way("anna", way)
    for text in ("darn", "DARN it", "oh, Frak!", "ｄａｒｎ"):
        refused = anna.do("send", message=text)
        assert refused.status == 400 and refused.problem["field"] == "message", text
        assert "darn" not in refused.problem["detail"].lower()
    anna.done("send", message="darning socks")
    said = anna.done("send", message="fine")
    refused = anna.do("edit", messageId=said["id"], message="darn")
    assert refused.problem["field"] == "message"
    room.set(blockedWordAction="mask")
    masked = anna.done("send", message="oh darn it")
    assert masked["message"] != "oh darn it"
    assert masked["message"].startswith("oh ") and masked["message"].endswith(" it")
    room.set(blockedWords=[])
    anna.done("send", message="darn")
    assert room.texts() == ["darning socks", "fine", masked["message"], "darn"]


LINKS = ["https://example.org/x", "see http://example.org", "www.example.org", "example.org/path"]


@every_way
def test_links(any_room, way):
    room = any_room
    anna = room.way("anna", way)
    for text in LINKS:
        anna.done("send", message=text)
    room.set(links="block")
    for text in LINKS:
        refused = anna.do("send", message=text)
        assert refused.status == 400 and refused.problem["field"] == "message", text
        room.say("owner", text)
    anna.done("send", message="e.g. this. And that...")


@every_way
def test_blocked_by_the_owner(any_room, way):
    """Whom the owner has blocked writes in none of his rooms."""
    room = any_room
    path = f"/api/users/{room.house.id('pest')}/block"
    room.say("pest", "before")
    owner = room.house.person("owner")
    owner.post(path).expect(204)
    try:
        refused = room.way("pest", way).do("send", message="x")
        assert refused.status == 403 and refused.problem["detail"]
    finally:
        owner.delete(path).expect(204)
    room.way("pest", way).done("send", message="after")
    assert room.texts() == ["before", "after"]


@every_way
def test_closed_session(house, way):
    """Its chat is read on; nobody writes there any more, whoever he is."""
    with house.room("session") as room:
        said = room.say("anna", "before")
        room.shut()
        anna = room.way("anna", way)

        def is_refused():
            answer = anna.do("send", message="x")
            return answer.status == 409 and answer.problem["detail"]
        eventually(is_refused, 2)
        assert room.way("owner", way).do("send", message="x").status == 409
        assert room.page()["messages"][0] == said


def test_join_and_leave_are_told_where_the_room_wants_it(room):
    room.set(showJoins=True)
    viewer = room.join("berta")
    anna = room.join("anna")
    came = viewer.next("chat:message", lambda it: it["type"] == "join"
                       and it["userId"] == room.house.id("anna"))
    assert came["userName"] == room.house.person("anna").user["name"]
    anna.drop()
    viewer.next("chat:message", lambda it: it["type"] == "leave"
                and it["userId"] == room.house.id("anna"))


def test_modes_are_told_in_the_chat(room):
    viewer = room.join("berta")
    room.set(slowModeSeconds=10)
    viewer.next("chat:message", lambda it: it["type"] == "system")
    room.set(slowModeSeconds=0)
    viewer.next("chat:message", lambda it: it["type"] == "system")


@every_way
def test_what_is_stored_is_answered_whatever_is_refused_now(room, way):
    """Whoever missed the answer gets it by his own id, though he could not send it any more."""
    quoted = room.say("berta", "Really?")["id"]
    sent = {"message": "darn it", "replyTo": quoted, "clientMessageId": "once"}
    said = room.say("anna", **sent)
    anna, owner = room.way("anna", way), room.way("owner")

    def is_answered(because):
        again, other = anna.do("send", **sent), anna.do("send", message="darn", clientMessageId="b")
        assert again.ok and again.data["id"] == said["id"], (because, again)
        assert not other.ok, (because, other)
    for off, on in (({"isChatEnabled": False}, {"isChatEnabled": True}),
                    ({"writers": "moderators"}, {"writers": "everyone"}),
                    ({"isChatFollowersOnly": True}, {"isChatFollowersOnly": False}),
                    ({"blockedWords": ["darn"]}, {"blockedWords": []})):
        owner.done("settings", **off)
        is_answered(off)
        owner.done("settings", **on)
    room.bar("anna", seconds=60)
    is_answered("barred")
    owner.done("unbar", userId=room.house.id("anna"))
    owner.done("delete", messageId=quoted)
    again = anna.do("send", **sent)
    assert again.ok and again.data["id"] == said["id"], again
    assert anna.do("send", **{**sent, "clientMessageId": "b"}).problem["field"] == "replyTo"
    assert room.texts() == ["darn it"]
    owner.done("delete", messageId=said["id"])
    assert anna.do("send", **sent).status == 404  # what it answers is not there, nor is it


def test_one_row_tells_of_one_change(room):
    """Who may write follows from two settings; what is told of both is one sentence."""
    def rows():
        return [it["message"] for it in room.messages() if it["type"] == "system"]
    room.set(writers="moderators")
    room.set(writers="everyone", isChatFollowersOnly=True)
    room.set(writers="speakers", isChatFollowersOnly=False)
    room.set(isChatFollowersOnly=True)
    room.set(writers="everyone", isChatFollowersOnly=False)
    assert rows() == ["Only moderators can write now.", "Only followers can write now.",
                      "Only speakers can write now.", "Only speakers who follow can write now.",
                      "Everyone can write again."]
