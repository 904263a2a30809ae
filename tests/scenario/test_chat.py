# SPDX-License-Identifier: MIT
"""Chat as its clients speak it: what is said, where it arrives and how it looks there, by HTTP, /ws
and Socket.IO (specifications 000, 001, 002 and 004).

Who may say what is test_chat_rules.py, moderators are test_chat_moderation.py.
"""
import json
import uuid

import pytest

from dais.chat import SOCKETS, WAYS, House

SHAPE_001 = {"id", "roomId", "sessionId", "userId", "userName", "userUid", "type", "message",
             "mentions", "reactions", "isPinned", "isEdited", "isDelayed", "createdAt"}
SHAPE_002 = {"id", "stream_id", "user_id", "user", "type", "message", "timestamp", "mentions",
             "reactions", "is_pinned", "is_edited"}
SHAPE_004 = {"id", "liveStreamId", "userId", "userUid", "userName", "type", "message", "mentions",
             "reactions", "isPinned", "isEdited", "createdAt"}
PINS_MAX = 5

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


def test_spec004_live_message_user_uid_is_not_trusted(room):
    """What bodies say of their sender is taken, and the token counts."""
    anna = room.house.person("anna")
    claim = {"userUid": 1, "userId": "somebody else", "authorUid": "2", "userName": "Bert",
             "liveStreamId": room.id, "message": "Hello"}
    said = anna.post(f"/api/live/{room.id}/message", claim).expect(201).json
    assert (said["userId"], said["userName"]) == (anna.user["id"], anna.user["name"])
    assert said["liveStreamId"] == room.id


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
