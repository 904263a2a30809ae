# SPDX-License-Identifier: MIT
"""Chat as its clients speak it: what is said, where it arrives and how it looks there, by HTTP, /ws
and Socket.IO (specifications 000, 001, 002 and 004).

Who may say what is test_chat_rules.py, moderators are test_chat_moderation.py.
"""
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from dais import eventually
from dais.chat import NOBODY, OF_A_MESSAGE, SOCKETS, VERBS, WAYS, House

SHAPE_001 = {"id", "roomId", "sessionId", "userId", "userName", "userUid", "type", "message",
             "mentions", "reactions", "isPinned", "isEdited", "isDelayed", "createdAt"}
SHAPE_002 = {"id", "stream_id", "user_id", "user", "type", "message", "timestamp", "mentions",
             "reactions", "is_pinned", "is_edited"}
SHAPE_004 = {"id", "liveStreamId", "userId", "userUid", "userName", "type", "message", "mentions",
             "reactions", "isPinned", "isEdited", "createdAt"}
MESSAGE_MAX = 500
MENTIONS_MAX = 10
EMOJI_MAX = 50
PINS_MAX = 5
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


# -- specification 001 --------------------------------------------------------------------------

@every_way
def test_spec001_post_chat_session(any_room, way):
    """The same by all ways, and chat:message is what was answered."""
    room = any_room
    berta = room.join("berta", "ws")
    carla = room.join("carla", "socketio")
    anna = room.house.person("anna").user
    answer = room.way("anna", way).do("send", message="Good morning")
    said = answer.data
    assert answer.status == (201 if way == "http" else 200)
    assert set(said) == SHAPE_001
    assert uuid.UUID(said["id"]).version == 7 and is_time(said["createdAt"])
    assert said == {
        **said, "roomId": room.id, "sessionId": room.id, "userId": anna["id"],
        "userName": anna["name"], "userUid": anna["uid"], "type": "comment",
        "message": "Good morning", "mentions": [], "reactions": [], "isPinned": False,
        "isEdited": False, "isDelayed": False}
    assert berta.next("chat:message") == said
    assert carla.next("chat:message") == said
    assert room.page()["messages"] == [said]


def test_spec001_get_chat_session(any_room):
    room = any_room
    empty = room.page()
    assert empty["messages"] == [] and "next" not in empty
    for text in ("one", "two", "three"):
        room.say("anna", text)
    page = room.page()
    assert [message["message"] for message in page["messages"]] == ["one", "two", "three"]
    assert page["room"] == room.name and page["epoch"] > 0 and page["seq"] == 3
    assert "next" not in page


@every_socket
def test_spec001_chat_send_chat_message(room, way):
    anna, berta = room.join("anna", way), room.join("berta", way)
    said = anna.done("send", message="Hello")
    assert anna.next("chat:message") == said == berta.next("chat:message")


@every_socket
def test_spec001_chat_send_names_its_room_as_it_likes(room, way):
    anna = room.way("anna", way)
    names = ("roomId", "sessionId", "liveStreamId")
    for name in names:
        said = anna.call("chat:send", {name: room.id, "message": name})
        assert said.ok and said.data["roomId"] == room.id
    both = anna.call("chat:send", {"roomId": room.id, "sessionId": room.id, "message": "Hello"})
    assert both.status == 400
    assert anna.call("chat:send", {"message": "Hello"}).status == 400
    assert room.texts() == list(names)


@every_socket
def test_spec001_session_join_hears_chat(house, way):
    with house.room("session") as room:
        anna = room.join("anna", way, "session:join", {"sessionId": room.id})
        said = room.say("berta", "Hello")
        assert anna.next("chat:message") == said


@every_way
def test_spec001_patch_chat_pin_chat_pinned_chat_unpinned(any_room, way):
    room = any_room
    berta = room.join("berta", "ws")
    said = room.say("anna", "Rules of the house")
    owner = room.way("owner", way)
    pinned = owner.done("pin", messageId=said["id"])
    assert pinned == {**said, "isPinned": True}
    assert berta.next("chat:pinned") == pinned
    assert room.get("guest", "")["pinned"] == [pinned]
    assert owner.done("unpin", messageId=said["id"]) == said
    assert berta.next("chat:unpinned") == {"id": said["id"], "roomId": room.id}
    assert room.get("guest", "")["pinned"] == []


def test_spec001_patch_chat_pin_pins_without_a_body(room):
    said = room.say("anna", "Rules")
    path = f"/api/chat/{said['id']}/pin"
    assert room.way("owner").api.patch(path, {}).expect(200).json["isPinned"]


def test_pins_of_a_room_have_a_limit(room):
    owner = room.way("owner")
    said = [room.say("anna", f"Rule {i}")["id"] for i in range(PINS_MAX + 1)]
    for message in said[:PINS_MAX]:
        owner.done("pin", messageId=message)
    owner.done("pin", messageId=said[0])  # again is no further one
    full = owner.do("pin", messageId=said[PINS_MAX])
    assert full.status == 409 and full.problem["detail"]
    owner.done("unpin", messageId=said[0])
    owner.done("pin", messageId=said[PINS_MAX])
    assert len(room.get("guest", "")["pinned"]) == PINS_MAX


@every_way
def test_spec001_chat_deleted(any_room, way):
    room = any_room
    berta = room.join("berta")
    said = room.say("anna", "Oops")
    kept = room.say("anna", "Better")
    answer = room.way("anna", way).do("delete", messageId=said["id"])
    assert answer.ok and answer.status == (204 if way == "http" else 200)
    gone = berta.next("chat:deleted")
    assert gone == {"id": said["id"], "roomId": room.id, "by": room.house.id("anna")}
    assert room.page()["messages"] == [kept]
    assert room.way("anna", way).do("delete", messageId=said["id"]).status == 404


@every_way
def test_spec001_chat_typing(room, way):
    berta = room.join("berta")
    anna = room.way("anna", way)
    answer = anna.do("typing", typing=True)
    assert answer.ok and answer.status == (204 if way == "http" else 200)
    user = room.house.person("anna").user
    told = {"roomId": room.id, "userId": user["id"], "userName": user["name"], "typing": True}
    assert berta.next("chat:typing") == told
    anna.done("typing", typing=False)
    assert berta.next("chat:typing") == {**told, "typing": False}


def test_typing_is_told_now_and_then_only(room):
    berta, anna = room.join("berta"), room.way("anna", "ws")
    for _ in range(20):
        anna.done("typing", typing=True)
    room.say("anna", "At last")
    berta.next("chat:message")
    assert len([m for m in berta.kept if m["event"] == "chat:typing"]) <= 2


# -- specification 002 --------------------------------------------------------------------------

def test_spec002_post_live_chat(room):
    berta = room.join("berta")
    anna = room.house.person("anna")
    path = f"/api/live/{room.id}/chat"
    said = anna.post(path, {"message": "Hello"}).expect(201).json
    assert set(said) == SHAPE_002
    assert said == {
        **said, "stream_id": room.id, "user_id": anna.user["id"], "message": "Hello",
        "user": {"id": anna.user["id"], "name": anna.user["name"]}, "type": "comment",
        "mentions": [], "reactions": [], "is_pinned": False, "is_edited": False}
    assert is_time(said["timestamp"])
    assert berta.next("chat:message")["id"] == said["id"]
    assert room.way("guest").api.post(path, {"message": "Hello"}).status == 401


def test_spec002_get_live_chat(room):
    anna = room.house.person("anna")
    path = f"/api/live/{room.id}/chat"
    first = anna.post(path, {"message": "first"}).expect(201).json
    answer = anna.post(path, {"message": "second", "reply_to": first["id"]}).expect(201).json
    assert answer["reply_to"] == {"id": first["id"], "user_id": anna.user["id"],
                                  "user_name": anna.user["name"], "message": "first"}
    page = room.way("guest").api.get(path).expect(200).json
    assert page["messages"] == [first, answer]
    assert page["room"] == room.name


def test_spec002_chat_limit_50(room):
    for i in range(52):
        room.say("anna", f"m{i}")
    api = room.way("guest").api
    path = f"/api/live/{room.id}/chat"
    texts = [m["message"] for m in api.get(path).expect(200).json["messages"]]
    assert texts == [f"m{i}" for i in range(2, 52)]
    texts = [m["message"] for m in api.get(path + "?limit=2").expect(200).json["messages"]]
    assert texts == ["m50", "m51"]
    for wrong in ("0", "101", "x", "-1"):
        refused = api.get(f"{path}?limit={wrong}").expect(400).json
        assert refused["field"] == "limit"


def test_spec002_is_about_live_streams_only(house):
    with house.room("session") as room:
        assert room.way("anna").api.get(f"/api/live/{room.id}/chat").status == 404
        assert room.way("anna").api.post(f"/api/live/{room.id}/chat", {"message": "x"}).status == 404


# -- specification 004 --------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["message", "content", "text"])
def test_spec004_post_live_message(room, name):
    anna = room.house.person("anna")
    path = f"/api/live/{room.id}/message"
    said = anna.post(path, {name: "Hello", "type": "comment"}).expect(201).json
    assert set(said) == SHAPE_004
    assert said == {
        **said, "liveStreamId": room.id, "userId": anna.user["id"], "userUid": anna.user["uid"],
        "userName": anna.user["name"], "type": "comment", "message": "Hello", "mentions": [],
        "reactions": [], "isPinned": False, "isEdited": False}
    assert is_time(said["createdAt"])
    assert room.way("guest").api.post(path, {name: "Hello"}).status == 401
    assert room.texts() == ["Hello"]


def test_spec004_live_message_types_are_not_the_clients(room):
    """comment, gift, system, join, leave: what clients send are comments, whatever they say."""
    anna = room.house.person("anna")
    path = f"/api/live/{room.id}/message"
    for kind in ("gift", "system", "join", "leave"):
        assert anna.post(path, {"message": kind, "type": kind}).expect(201).json["type"] == "comment"
    refused = anna.post(path, {}).expect(400).json
    assert refused["field"] == "message"
    assert room.texts() == ["gift", "system", "join", "leave"]


def test_spec004_get_live_messages(room):
    """Paginated, newest page first, each page from old to new."""
    for i in range(7):
        room.say("anna", f"m{i}")
    api, path = room.way("guest").api, f"/api/live/{room.id}/messages"
    page = api.get(path + "?limit=3").expect(200).json
    assert [m["message"] for m in page["messages"]] == ["m4", "m5", "m6"]
    assert set(page["messages"][0]) == SHAPE_004
    page = api.get(f"{path}?limit=3&before={page['next']}").expect(200).json
    assert [m["message"] for m in page["messages"]] == ["m1", "m2", "m3"]
    page = api.get(f"{path}?limit=3&before={page['next']}").expect(200).json
    assert [m["message"] for m in page["messages"]] == ["m0"] and "next" not in page


@every_socket
def test_spec004_live_message(room, way):
    anna = room.house.person("anna")
    viewer = room.join_live("berta", way)
    said = anna.post(f"/api/live/{room.id}/message", {"message": "Hello"}).expect(201).json
    assert viewer.next("live:message") == said


def test_conflict_11_one_message_in_three_dialects(room):
    """One table, one message; each reads it as it speaks."""
    sockets = [room.join_live("berta", "ws"), room.join_live("berta", "socketio"),
               room.join("carla", "ws"), room.join("carla", "socketio"),
               room.join("guest", "socketio", "join-stream", {"streamKey": room.playback_id})]
    anna, guest = room.house.person("anna"), room.way("guest").api
    ways = {
        "001": lambda text: room.way("anna").done("send", message=text),
        "002": lambda text: anna.post(f"/api/live/{room.id}/chat", {"message": text}).json,
        "004": lambda text: anna.post(f"/api/live/{room.id}/message", {"message": text}).json,
        "ws": lambda text: room.way("anna", "ws").done("send", message=text),
        "io": lambda text: room.way("anna", "socketio").done("send", message=text),
    }
    for name, say in ways.items():
        said = say(name)
        live = [socket.next("live:message") for socket in sockets[:2]]
        plain = [socket.next("chat:message") for socket in sockets[2:]]
        assert live[0] == live[1] and set(live[0]) == SHAPE_004
        assert plain[0] == plain[1] == plain[2] and set(plain[0]) == SHAPE_001
        assert live[0]["id"] == plain[0]["id"] == said["id"]
        assert live[0]["message"] == plain[0]["message"] == said["message"] == name
        assert plain[0] in room.page()["messages"]
        assert live[0] in guest.get(f"/api/live/{room.id}/messages").json["messages"]
        snake = guest.get(f"/api/live/{room.id}/chat").json["messages"][-1]
        assert snake["id"] == said["id"] and snake["timestamp"] == plain[0]["createdAt"]
    room.join_live("berta")
    for socket in sockets:
        assert not [m for m in socket.kept if m["event"] in ("live:message", "chat:message")]


def test_conflict_14_chat_is_there_for_every_room_and_may_be_off(any_room):
    room = any_room
    assert room.get("guest", "")["settings"]["isChatEnabled"] is True
    room.say("anna", "Hello")
    room.set(isChatEnabled=False)
    assert room.way("anna").do("send", message="Hello").status == 409
    room.set(isChatEnabled=True)
    room.say("anna", "Hello again")


# -- specification 000 --------------------------------------------------------------------------

def test_spec000_put_stream_chat_settings(house):
    """The creator's default stream is his oldest one."""
    server = house.server
    creator = server.user()
    house.person("admin").patch(f"/api/users/{creator.user['id']}/creator",
                                {"status": "approved"}).expect(200)
    path = "/api/stream/chat-settings"
    assert creator.put(path, {"isChatEnabled": True}).status == 404
    stream = creator.post("/api/streams", {"title": "Mine"}).expect(201).json
    other = creator.post("/api/streams", {"title": "Other"}).expect(201).json
    found = creator.put(path, {}).expect(200).json
    assert (found["isChatEnabled"], found["isChatDelayed"], found["isChatFollowersOnly"]) == (
        True, False, False)
    changed = {"isChatEnabled": False, "isChatDelayed": True, "isChatFollowersOnly": True}
    found = creator.put(path, changed).expect(200).json
    assert {name: found[name] for name in changed} == changed and found["chatDelaySeconds"] == 4
    seen = server.api().get(f"/api/chat/rooms/{stream['id']}").expect(200).json["settings"]
    assert {name: seen[name] for name in changed} == changed
    seen = server.api().get(f"/api/chat/rooms/{other['id']}").expect(200).json["settings"]
    assert seen["isChatEnabled"] is True
    found = creator.put(path, {"isChatEnabled": True}).expect(200).json
    assert found["isChatEnabled"] and found["isChatDelayed"] and found["isChatFollowersOnly"]


@pytest.mark.parametrize("name", ["isChatEnabled", "isChatDelayed", "isChatFollowersOnly"])
def test_spec000_chat_settings_are_truths(house, name):
    refused = house.person("owner").put("/api/stream/chat-settings", {name: "yes"}).expect(400)
    assert refused.json["field"] == name


def test_spec000_403_non_creator(house):
    path = "/api/stream/chat-settings"
    assert house.person("anna").put(path, {"isChatEnabled": False}).status == 403
    assert house.server.api().put(path, {"isChatEnabled": False}).status == 401


# -- history ------------------------------------------------------------------------------------

def test_history_pages_by_key(room):
    """Oldest first; what comes and goes meanwhile moves nothing."""
    ids = [room.say("anna", f"m{i}")["id"] for i in range(120)]
    page = room.page()
    assert [m["id"] for m in page["messages"]] == ids[70:]
    room.say("anna", "meanwhile")
    room.way("anna").done("delete", messageId=ids[69])
    page = room.page(before=page["next"])
    assert [m["id"] for m in page["messages"]] == [*ids[19:69]]
    page = room.page(before=page["next"], limit=100)
    assert [m["id"] for m in page["messages"]] == ids[:19] and "next" not in page


def test_history_of_exactly_a_page_has_no_next(room):
    for i in range(3):
        room.say("anna", f"m{i}")
    assert "next" not in room.page(limit=3)
    assert "next" in room.page(limit=2)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=x", "before="])
def test_history_names_what_does_not_fit(room, query):
    api = room.way("guest").api
    refused = api.get(f"/api/chat/session/{room.id}?{query}").expect(400).json
    assert refused["field"] == query.partition("=")[0]


def test_history_and_live_join_without_a_gap(room):
    """What a page says of the room is where a socket goes on: nothing is missed between them."""
    room.say("anna", "before")
    page = room.page()
    room.say("anna", "between")
    place = {page["room"]: {"epoch": page["epoch"], "seq": page["seq"]}}
    berta = room.join("berta", resume=json.dumps(place))
    assert berta.next("chat:message")["message"] == "between"


def test_state_of_a_room(any_room):
    room = any_room
    state = room.get("guest", "")
    assert state["room"] == room.name and state["kind"] == room.kind and state["id"] == room.id
    assert state["title"].startswith("Room") and state["pinned"] == []
    assert state["you"]["isModerator"] is False and state["you"]["isOwner"] is False
    assert "blockedWords" not in state["settings"] and state["settings"]["slowModeSeconds"] == 0
    assert state["viewers"] == 0 and state["epoch"] > 0 and state["seq"] == 0
    you = room.get("owner", "")["you"]
    assert you["userId"] == room.house.id("owner") and you["isOwner"] and you["isModerator"]
    assert "blockedWords" in room.get("owner", "")["settings"]
    you = room.get("anna", "")["you"]
    assert you["userId"] == room.house.id("anna") and not you["isModerator"]
    assert "barred" not in you


@every_socket
def test_chat_join_chat_leave(room, way):
    anna = room.join("anna", way)
    state = room.get("anna", "")
    assert anna.joined == {**state, "viewers": anna.joined["viewers"]}
    room.say("berta", "Hello")
    anna.next("chat:message")
    assert anna.call("chat:leave", {"roomId": room.id}).ok
    room.say("berta", "Gone?")
    anna.enter()
    room.say("berta", "Back")
    assert anna.next("chat:message")["message"] == "Back"


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
