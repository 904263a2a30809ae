# SPDX-License-Identifier: MIT
"""What becomes of messages: answered, mentioned, reacted to, edited, sent twice, of any text, and
all that does not fit, by HTTP, /ws and Socket.IO."""
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from dais import eventually
from dais.chat import NOBODY, OF_A_MESSAGE, SOCKETS, VERBS, WAYS, House

MESSAGE_MAX = 500
MENTIONS_MAX = 10
EMOJI_MAX = 50
REACTIONS_MAX = 20
QUOTE_MAX = 100

# What a verb has to be told besides ids.
MORE = {"send": {"message": "x"}, "edit": {"message": "x"}, "react": {"emoji": "👍", "value": True},
        "report": {"reason": "spam"}, "resolve": {"action": "dismiss"}}

every_way = pytest.mark.parametrize("way", WAYS)
every_socket = pytest.mark.parametrize("way", SOCKETS)


@pytest.fixture(scope="module")
def house():
    with House(workers=2) as house:
        yield house


@pytest.fixture
def room(house):
    with house.room() as room:
        yield room


@pytest.fixture(params=["live", "session"])
def any_room(house, request):
    with house.room(request.param) as room:
        yield room


def is_time(text):
    return text[4] == "-" and text[10] == "T" and text.endswith("Z")


# -- replies, mentions, reactions, editing --------------------------------------------------------

@every_way
def test_replies(any_room, way):
    room = any_room
    berta = room.join("berta")
    long_text = "é" * 150
    first = room.say("carla", long_text)
    answer = room.way("anna", way).done("send", message="Indeed", replyTo=first["id"])
    quote = answer["replyTo"]
    assert quote["id"] == first["id"] and quote["userId"] == room.house.id("carla")
    assert quote["userName"] == first["userName"]
    assert quote["message"].rstrip("…") and long_text.startswith(quote["message"].rstrip("…"))
    assert len(quote["message"]) <= QUOTE_MAX
    berta.next("chat:message")
    assert berta.next("chat:message") == answer == room.page()["messages"][-1]


@every_way
def test_replies_answer_something_of_the_room(room, way):
    anna = room.way("anna", way)
    with room.house.room() as other:
        elsewhere = other.say("anna", "Elsewhere")["id"]
    gone = room.say("anna", "Gone")["id"]
    room.way("anna").done("delete", messageId=gone)
    for target in (elsewhere, gone, NOBODY):
        refused = anna.do("send", message="Yes", replyTo=target)
        assert refused.status in (400, 404) and refused.problem.get("field") == "replyTo", refused
    assert anna.do("send", message="Yes", replyTo="x").problem["field"] == "replyTo"
    assert room.texts() == []


@every_way
def test_mentions(any_room, way):
    """Whoever is mentioned is told on all his sockets, also where he is not in the room."""
    room = any_room
    here, away = room.join("berta", "ws"), room.way("berta", "socketio")
    berta = room.house.id("berta")
    said = room.way("anna", way).done("send", message="@berta hello", mentions=[berta])
    assert said["mentions"] == [berta]
    assert away.next("chat:mention") == said
    assert here.next("chat:mention") == said
    assert here.next("chat:message") == said


@every_socket
def test_clients_of_004_hear_in_their_words_what_is_for_them_alone(room, way):
    """A mention, and their own message while others wait for it."""
    anna = room.join_live("anna", way)
    room.say("carla", "@anna", mentions=[room.house.id("anna")])
    mention, said = anna.next("chat:mention"), anna.next("live:message")
    assert mention == said and mention["liveStreamId"] == room.id
    room.set(isChatDelayed=True, chatDelaySeconds=60)
    anna.next("chat:settings")
    held = room.say("anna", "Not yet")
    own = anna.next("live:message", lambda it: it["type"] == "comment")
    assert own["id"] == held["id"] and own["liveStreamId"] == room.id
    anna.none("chat:message")
    anna.enter()  # as its own client from now on
    assert room.say("anna", "Nor this") == anna.next("chat:message")


def test_mentions_do_not_reach_who_has_blocked_the_author(room):
    berta, pest = room.house.person("berta"), room.house.id("pest")
    path = f"/api/users/{pest}/block"
    berta.post(path).expect(204)
    try:
        away = room.way("berta", "ws")
        mine = [room.house.id("berta"), room.house.id("carla")]
        assert room.say("pest", "@berta @carla", mentions=mine)["mentions"] == mine[1:]
        said = room.say("anna", "@berta", mentions=mine[:1])
        assert away.next("chat:mention") == said
    finally:
        berta.delete(path).expect(204)


@every_way
def test_mentions_are_people(room, way):
    anna = room.way("anna", way)
    people = [str(uuid.uuid4()) for _ in range(MENTIONS_MAX + 1)]
    assert anna.do("send", message="@", mentions=people).problem["field"] == "mentions"
    wrong = anna.do("send", message="@", mentions=["x"])
    assert wrong.status == 400 and wrong.problem["field"].startswith("mentions")
    unknown = anna.do("send", message="@", mentions=[NOBODY])
    assert unknown.problem["field"] == "mentions" if not unknown.ok else (
        unknown.data["mentions"] == [])


@every_way
def test_reactions(any_room, way):
    room = any_room
    berta = room.join("berta")
    said = room.say("carla", "Look")
    anna, other = room.way("anna", way), room.way("berta", way)
    heart = {"messageId": said["id"], "emoji": "❤️"}
    found = anna.done("react", **heart, value=True)
    assert found == {"messageId": said["id"], "reactions": [{"emoji": "❤️", "count": 1}]}
    assert anna.done("react", **heart, value=True) == found  # once each
    assert other.done("react", **heart, value=True)["reactions"] == [{"emoji": "❤️", "count": 2}]
    wave = other.done("react", messageId=said["id"], emoji="👋🏽", value=True)["reactions"]
    assert sorted(wave, key=lambda it: it["count"]) == [
        {"emoji": "👋🏽", "count": 1}, {"emoji": "❤️", "count": 2}]
    assert berta.next("chat:reaction", lambda it: len(it["reactions"]) == 2) == {
        "id": said["id"], "roomId": room.id, "reactions": wave}
    assert room.page()["messages"][0]["reactions"] == wave
    anna.done("react", **heart, value=False)
    left = other.done("react", **heart, value=False)["reactions"]
    assert left == [{"emoji": "👋🏽", "count": 1}]
    assert room.page()["messages"][0]["reactions"] == left


@every_way
def test_reactions_are_one_emoji(room, way):
    said = room.say("carla", "Look")
    anna = room.way("anna", way)
    for emoji in ("a", "", "👍👍", "<b>", "👍 ", "1", "\u200d", "👍" * 40):
        refused = anna.do("react", messageId=said["id"], emoji=emoji, value=True)
        assert refused.status == 400 and refused.problem["field"] == "emoji", emoji
    assert room.page()["messages"] == [said]


def test_reactions_of_many_code_points_are_one(room):
    anna = room.way("anna")
    for emoji in ("👍", "❤️", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "👩🏽‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"):
        said = room.say("carla", "Look")
        found = anna.done("react", messageId=said["id"], emoji=emoji, value=True)
        assert found["reactions"] == [{"emoji": emoji, "count": 1}]


def test_reactions_have_a_limit_of_kinds(room):
    said = room.say("carla", "Look")
    anna = room.way("anna")
    for i in range(REACTIONS_MAX):
        anna.done("react", messageId=said["id"], emoji=chr(0x1F400 + i), value=True)
    full = anna.do("react", messageId=said["id"], emoji="👍", value=True)
    assert full.status in (400, 409), full
    room.way("berta").done("react", messageId=said["id"], emoji=chr(0x1F400), value=True)
    assert len(room.page()["messages"][0]["reactions"]) == REACTIONS_MAX


def test_reactions_at_the_same_time_are_all_counted(room):
    said = room.say("carla", "Look")
    people = [f"fan{i}" for i in range(6)]
    ways = [room.way(who, WAYS[i % 3]) for i, who in enumerate(people)]
    viewer = room.join("berta")

    def react(way):
        for value in (True, False, True, True):
            way.done("react", messageId=said["id"], emoji="👏", value=value)

    with ThreadPoolExecutor(len(ways)) as pool:
        list(pool.map(react, ways))
    assert room.page()["messages"][0]["reactions"] == [{"emoji": "👏", "count": len(people)}]
    last = [{"emoji": "👏", "count": len(people)}]
    viewer.next("chat:reaction", lambda it: it["reactions"] == last)


@every_way
def test_edit_by_its_author(any_room, way):
    room = any_room
    berta = room.join("berta")
    said = room.say("anna", "Helo")
    edited = room.way("anna", way).done("edit", messageId=said["id"], message="Hello")
    assert is_time(edited["editedAt"])
    assert edited == {**said, "message": "Hello", "isEdited": True, "editedAt": edited["editedAt"]}
    assert berta.next("chat:edited") == edited
    assert room.page()["messages"] == [edited]
    for who in ("berta", "owner", "admin"):
        refused = room.way(who, way).do("edit", messageId=said["id"], message="Mine")
        assert refused.status == 403, who
    assert room.way("anna", way).do("edit", messageId=said["id"], message="").status == 400
    assert room.page()["messages"] == [edited]


def test_edit_window(room):
    room.set(editWindowSeconds=1)
    said = room.say("anna", "Helo")
    anna = room.way("anna")

    def is_over():
        return anna.do("edit", messageId=said["id"], message="Hello").status == 403
    eventually(is_over, 5)


@every_way
def test_edit_is_of_ones_own_words(room, way):
    """Rows about somebody are not his to change: who came cannot have won a prize."""
    room.set(showJoins=True)
    viewer = room.join("berta")
    room.join("anna")
    anna = room.house.id("anna")
    came = viewer.next("chat:message", lambda it: it["type"] == "join" and it["userId"] == anna)
    refused = room.way("anna", way).do("edit", messageId=came["id"], message="won a prize")
    assert refused.status == 403 and refused.problem["detail"]
    assert "won a prize" not in [row["message"] for row in room.page()["messages"]]


@every_way
def test_edit_is_writing(room, way):
    """Where nobody may write, nobody writes by way of what stands there already."""
    said = room.say("anna", "Helo")
    anna = room.way("anna", way)
    for setting, status in (({"isChatEnabled": False}, 409), ({"writers": "moderators"}, 403)):
        room.set(**setting)
        assert anna.do("edit", messageId=said["id"], message="Hello").status == status
        room.set(isChatEnabled=True, writers="everyone")
    assert room.texts() == ["Helo"]


@every_way
def test_what_is_not_there(room, way):
    anna = room.way("owner", way)
    gone = room.say("owner", "Gone")["id"]
    room.way("owner").done("delete", messageId=gone)
    for verb in sorted(OF_A_MESSAGE):
        for message in (NOBODY, gone):
            refused = anna.do(verb, messageId=message, **MORE.get(verb, {}))
            assert refused.status == 404, (verb, refused)
    for verb in ("send", "typing", "settings", "clear"):
        assert anna.do(verb, roomId=NOBODY, **MORE.get(verb, {})).status == 404, verb


# -- idempotence ----------------------------------------------------------------------------------

@every_way
def test_sends_are_idempotent(any_room, way):
    room = any_room
    berta = room.join("berta")
    anna = room.way("anna", way)
    first = anna.do("send", message="Once", clientMessageId="a1")
    again = anna.do("send", message="Once", clientMessageId="a1")
    assert first.data["clientMessageId"] == "a1" and again.data == first.data
    if way == "http":
        assert (first.status, again.status) == (201, 200)
    other = room.way("berta", way).done("send", message="Mine", clientMessageId="a1")
    assert other["id"] != first.data["id"]  # of another author
    with room.house.room() as elsewhere:
        assert elsewhere.say("anna", "There", clientMessageId="a1")["id"] != first.data["id"]
    assert berta.next("chat:message") == first.data
    assert berta.next("chat:message") == other
    assert room.texts() == ["Once", "Mine"]


def test_sends_are_idempotent_at_the_same_time(room):
    """Over all ways at once: one message, everybody is answered with it, it is told once."""
    viewer = room.join("berta")
    ways = [room.way("anna", WAYS[i % 3]) for i in range(9)]
    for round_ in range(5):
        with ThreadPoolExecutor(len(ways)) as pool:
            answers = list(pool.map(
                lambda way: way.do("send", message=f"Round {round_}", clientMessageId=f"r{round_}"),
                ways))
        assert all(answer.ok for answer in answers)
        assert len({json.dumps(answer.data, sort_keys=True) for answer in answers}) == 1
        assert sum(answer.status == 201 for answer in answers) <= 1
    assert room.texts() == [f"Round {i}" for i in range(5)]
    told = [viewer.next("chat:message")["message"] for _ in range(5)]
    room.say("carla", "end")
    assert [*told, viewer.next("chat:message")["message"]] == [*room.texts()]


@every_socket
def test_sends_are_idempotent_after_the_connection_was_lost(room, way):
    """Whoever did not hear the answer asks again, on another connection."""
    viewer = room.join("berta")
    for i in range(10):
        lost = room.way("anna", way)
        lost.send("chat:send", {"roomId": room.id, "message": f"m{i}", "clientMessageId": f"c{i}"}, 1)
        lost.drop()
        room.opened.remove(lost)
        found = room.way("anna", way).done("send", message=f"m{i}", clientMessageId=f"c{i}")
        assert found["message"] == f"m{i}"
    assert room.texts() == [f"m{i}" for i in range(10)]
    assert [viewer.next("chat:message")["message"] for _ in range(10)] == room.texts()


# -- texts ----------------------------------------------------------------------------------------

RAW = {
    "script": "<script>alert(1)</script>", "markup": "<b>bold</b> & <i>it</i>",
    "quotes": "\"double\" 'single' \\ `back`", "emoji": "👨‍👩‍👧‍👦 🇩🇪 👍🏽", "arabic": "مرحبا بالعالم",
    "lines": "one\ntwo", "combining": "e\u0301", "sql": "'; DROP TABLE chat.messages; --",
    "percent": "%s %n {0} ${x}", "astral": "𝒳𝓎𝓏", "entity": "&lt;b&gt; &amp;amp;",
}


@every_way
def test_texts_are_stored_raw(room, way):
    """What looks like HTML comes back as it was, in answers, events and pages: clients escape."""
    anna = room.way("anna", way)
    viewers = [room.join("berta", "ws"), room.join_live("berta", "socketio")]
    for text in RAW.values():
        assert anna.done("send", message=text)["message"] == text
        assert viewers[0].next("chat:message")["message"] == text
        assert viewers[1].next("live:message")["message"] == text
    assert room.texts() == list(RAW.values())


NO_TEXTS = {
    "empty": "", "blank": "   ", "newlines": "\n\n", "too long": "x" * (MESSAGE_MAX + 1),
    "too many emoji": "😀" * (EMOJI_MAX + 1), "control": "a\x07b", "escape": "\x1b[31m",
    "invisible": "\u200b\u200b", "a number": 5, "a list": ["x"], "null": None, "NUL": "a\0b",
}


@every_way
def test_texts_that_are_none(room, way):
    anna = room.way("anna", way)
    said = room.say("anna", "Hello")
    for what, text in NO_TEXTS.items():
        for verb, fields in (("send", {}), ("edit", {"messageId": said["id"]})):
            refused = anna.do(verb, message=text, **fields)
            assert refused.status == 400 and refused.problem["field"] == "message", (what, verb)
    assert room.page()["messages"] == [said]


@every_way
def test_texts_are_measured_in_characters(room, way):
    anna = room.way("anna", way)
    for text in ("x" * MESSAGE_MAX, "é" * MESSAGE_MAX, "𝒳" * MESSAGE_MAX, "😀" * EMOJI_MAX):
        assert anna.done("send", message=text)["message"] == text
    room.set(messageMax=10)
    assert anna.done("send", message="é" * 10)
    assert anna.do("send", message="é" * 11).problem["field"] == "message"


# -- what does not fit ----------------------------------------------------------------------------

WRONG = {
    "send": [("message", 5), ("clientMessageId", 5), ("clientMessageId", "x" * 300),
             ("replyTo", 5), ("mentions", "x"), ("nothing", 1)],
    "edit": [("message", {}), ("nothing", 1)],
    "pin": [("nothing", 1)],
    "react": [("emoji", 5), ("value", "yes"), ("nothing", 1)],
    "report": [("reason", "because"), ("note", "x" * 501), ("nothing", 1)],
    "typing": [("typing", 1), ("nothing", 1)],
    "settings": [("isChatEnabled", 1), ("isChatDelayed", "x"), ("chatDelaySeconds", 61),
                 ("chatDelaySeconds", 0), ("isChatFollowersOnly", None), ("slowModeSeconds", -1),
                 ("slowModeSeconds", 3601), ("followersMinAgeSeconds", -1), ("writers", "nobody"),
                 ("links", "some"), ("blockedWords", "x"), ("blockedWordAction", "laugh"),
                 ("messageMax", 0), ("editWindowSeconds", -1), ("showJoins", 1), ("nothing", 1)],
    "bar": [("seconds", 0), ("seconds", "x"), ("reason", 5), ("deleteMessages", -1), ("nothing", 1)],
}


@every_way
def test_bad_input_names_the_field(room, way):
    said = room.say("owner", "Hello")
    owner = room.way("owner", way)
    for verb, cases in WRONG.items():
        fits = {**MORE.get(verb, {}), **({"messageId": said["id"]} if verb in OF_A_MESSAGE else {}),
                **({"userId": room.house.id("anna")} if verb == "bar" else {})}
        for name, value in cases:
            refused = owner.do(verb, **{**fits, name: value})
            assert refused.status == 400, (verb, name, value, refused)
            assert refused.problem["field"] == name, (verb, name, value, refused)
            assert refused.problem["code"] and refused.problem["title"]
    assert room.texts() == ["Hello"] and not room.get("anna", "")["you"].get("barred")


@every_socket
def test_bad_ids_of_events_name_the_field(room, way):
    owner = room.way("owner", way)
    fits = {"roomId": room.id, "messageId": NOBODY, "userId": NOBODY, "reportId": NOBODY}
    for verb, row in VERBS.items():
        data = {**MORE.get(verb, {}), **row.data,
                **{name: value for name, value in fits.items() if f"{{{name}}}" in row.path}}
        for name in fits.keys() & data.keys():
            for wrong in ("x", 5, ""):
                refused = owner.call(row.event, {**data, name: wrong})
                assert refused.status == 400, (verb, name, wrong, refused)
                assert refused.problem["field"] == name, (verb, name, wrong, refused)


def test_guests_read_and_do_nothing_else(any_room):
    room = any_room
    said = room.say("anna", "Hello")
    room.page("guest")
    room.get("guest", "")
    for way in WAYS:
        guest = room.way("guest", way)
        for verb, fields in {"send": {"message": "x"}, "typing": {"typing": True},
                             "react": {"messageId": said["id"], "emoji": "👍", "value": True},
                             "report": {"messageId": said["id"], "reason": "spam"},
                             "edit": {"messageId": said["id"], "message": "x"},
                             "delete": {"messageId": said["id"]},
                             "pin": {"messageId": said["id"]}}.items():
            assert guest.do(verb, **fields).status == 401, (way, verb)
    assert room.page()["messages"] == [said]
