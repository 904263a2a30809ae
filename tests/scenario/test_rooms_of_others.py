# SPDX-License-Identifier: MIT
"""Plugins that live in rooms of others: finding, watching and entering them; one handler for HTTP
and sockets; ids."""
import pytest

from dais import Server
from dais.control import Refused, call
from dais.events import Events
from dais.plugins import copy_plugin, row
from dais.reload import put, reload
from dais.server import build_folder
from dais.socketio import SocketIO

NORTH = {"kind": "north", "id": "north", "ownerId": "owner of north", "title": "north 1",
         "open": True}


def variant(name):
    return build_folder() / "tests" / "plugins" / f"{name}.so"


@pytest.fixture(scope="module")
def server():
    """Two plugins with rooms, one that asks for them, sessions and streams."""
    running = Server()
    running.config = ("workers: 2\nplugins:\n  auth: {}\n  streams: {}\n" +
                      row(running, "sessions") + row(running, "source_south") +
                      row(running, "source_north") + row(running, "asker"))
    with running:
        yield running


@pytest.fixture
def api(server):
    caller = server.api()
    yield caller
    caller.close()


@pytest.fixture
def file_of(server):
    """Puts another file in the place of a plugin's and reloads it; the first one comes back."""
    changed = []

    def place(name, source):
        put(variant(source), server.folder / f"{name}.so")
        changed.append(name)
        return reload(server, name)

    yield place
    for name in set(changed):
        put(variant(name), server.folder / f"{name}.so")
        reload(server, name)


def room(api, **query):
    return api.get("/asker/room", query=query)


# --- which rooms there are ---


def test_the_sources_are_asked_in_the_order_of_their_plugins(api):
    assert api.get("/asker/sources").expect(200).text.split() == ["session", "north", "south", "live"]


def test_a_room_is_found_whoever_has_it(api):
    assert room(api, id="north").expect(200).json == NORTH
    assert room(api, id="south").expect(200).json["title"] == "south 1"
    assert room(api, id="both").expect(200).json["kind"] == "north"
    assert room(api, id="both", kind="south").expect(200).json["kind"] == "south"
    room(api, id="south", kind="north").expect(404)
    room(api, id="nowhere").expect(404)
    room(api, id="north", kind="nobody's").expect(404)


def test_a_source_that_cannot_say_leaves_it_open(api):
    room(api, id="lost").expect(503)


def test_the_default_room_of_a_user(api):
    assert room(api, user="ann").expect(200).json["id"] == "north"
    assert room(api, user="ann", kind="south").expect(200).json["id"] == "south"
    room(api, user="nobody").expect(404)


def test_a_stream_is_a_room(server, api):
    admin = server.user(role="admin")
    room(api, kind="live", user=admin.user["id"]).expect(404)
    first = admin.post("/api/streams", {"title": "Morning show"}).expect(201).json
    admin.post("/api/streams", {"title": "Evening show"}).expect(201)
    found = room(api, id=first["id"]).expect(200).json
    assert found == {"kind": "live", "id": first["id"], "ownerId": admin.user["id"],
                     "title": "Morning show", "open": True}
    assert room(api, id=first["id"].upper(), kind="live").expect(200).json == found
    assert room(api, kind="live", user=admin.user["id"]).expect(200).json == found
    room(api, id=first["id"][:-1] + "g", kind="live").expect(404)
    room(api, id="x", kind="live").expect(404)
    admin.delete(f"/api/streams/{first['id']}").expect(204)
    room(api, id=first["id"]).expect(404)


def test_a_session_is_a_room(server, api):
    owner, other = server.user(), server.user()
    made = owner.post("/api/sessions", {"title": "Keynote"}).expect(201).json
    assert made == {"id": made["id"], "title": "Keynote", "ownerId": owner.user["id"]}
    assert room(api, id=made["id"]).expect(200).json["open"]
    assert room(api, kind="session", user=owner.user["id"]).expect(200).json["id"] == made["id"]
    with Events(server) as first, Events(server) as second:
        joined = first.ask("session:join", {"sessionId": made["id"]})
        assert joined.pop("epoch") > 0
        assert joined == {"room": f"session:{made['id']}", "seq": 0, "viewers": 1}
        second.ask("session:join", {"sessionId": made["id"]})
        while first.event("viewers:count")["data"]["viewers"] != 2:
            pass
        second.ask("session:leave", {"sessionId": made["id"]})
        missing = "00000000-0000-4000-8000-000000000000"
        assert first.problem("session:join", {"sessionId": missing})["code"] == "not_found"
    other.delete(f"/api/sessions/{made['id']}").expect(403)
    owner.delete(f"/api/sessions/{made['id']}").expect(204)
    assert not room(api, id=made["id"]).expect(200).json["open"]
    owner.delete(f"/api/sessions/{made['id']}?remove=true").expect(204)
    room(api, id=made["id"]).expect(404)


# --- sources that change ---


def test_a_source_is_replaced(api, file_of):
    file_of("source_north", "source_north_2")
    assert room(api, id="north").expect(200).json["title"] == "north 2"
    assert api.get("/asker/sources").text.split() == ["session", "north", "south", "live"]


def test_who_asks_is_replaced(api, file_of):
    file_of("asker", "asker_2")
    assert room(api, id="south").expect(200).json["title"] == "south 1"


def test_a_source_that_is_left_out(own_server):
    """It is not there, and nobody minds; a file that works brings it."""
    server = own_server(start=False)
    file = server.folder / "source_north.so"
    file.write_bytes(b"no plugin yet")
    server.config = ("workers: 2\nplugins:\n" + row(server, "asker") + row(server, "source_south") +
                     f"  source_north: {{path: {file}, required: false}}\n")
    server.start()
    api = server.api()
    assert api.get("/asker/sources").expect(200).text.split() == ["south"]
    room(api, id="north").expect(404)
    put(variant("source_north"), file)
    reload(server, "source_north")
    assert api.get("/asker/sources").text.split() == ["north", "south"]
    assert room(api, id="north").expect(200).json == NORTH


def test_an_instance_that_is_taken_is_refused(server, own_server):
    """At the start, and by a reload."""
    other = own_server(start=False)
    other.config = ("workers: 1\nplugins:\n" + row(other, "source_north") +
                    row(other, "source_twin", required="false") + row(other, "asker"))
    other.start()
    assert other.api().get("/asker/sources").expect(200).text.split() == ["north"]
    with pytest.raises(Refused) as refused:
        reload(other, "source_twin")
    assert refused.value.message.endswith(
        "offers dais.roomsource/1:north, which source_north offers already")


def test_what_describe_tells(server):
    told = call(server.data, "describe")
    assert "Says who came" in told


# --- watching ---


def come(server, kind, name):
    """What somebody hears of his own coming, in order: who says it, in which version."""
    with Events(server) as client:
        client.send("asker:join", {"kind": kind, "id": name})
        heard = [client.recv() for _ in range(2)]
        return [(message["event"], message["data"]) for message in heard]


def test_rooms_are_watched_across_reloads_of_either_side(server, file_of):
    assert come(server, "north", "a") == [("source:saw", 1), ("asker:saw", 1)]
    with Events(server) as stays:
        stays.ask("asker:join", {"kind": "north", "id": "b"})
        assert [stays.event("source:saw")["data"], stays.event("asker:saw")["data"]] == [1, 1]
        file_of("asker", "asker_2")
        assert come(server, "north", "b") == [("source:saw", 1), ("asker:saw", 2)]
        file_of("source_north", "source_north_2")
        assert come(server, "north", "b") == [("source:saw", 2), ("asker:saw", 2)]
        assert come(server, "south", "b") == [("source:saw", 1), ("asker:saw", 2)]
        assert [stays.event("asker:saw")["data"] for _ in range(2)] == [2, 2]


def test_a_room_of_another_plugin_is_joined_and_spoken_in(server):
    admin = server.user(role="admin")
    stream = admin.post("/api/streams", {"title": "Noon show"}).expect(201).json
    place = {"kind": "live", "id": stream["id"]}
    with Events(server) as viewer, Events(server) as speaker:
        viewer.ask("join-stream", {"streamKey": stream["playbackId"]})
        assert viewer.event("asker:saw")["data"] == 1
        assert viewer.ask("asker:has", place) is None
        assert speaker.problem("asker:has", place)["code"] == "not_found"
        speaker.ask("asker:say", place)
        assert viewer.event("asker:said")["data"] == 1
        speaker.ask("asker:join", place)
        assert speaker.ask("asker:has", place) is None
        missing = {"kind": "live", "id": "00000000-0000-4000-8000-000000000000"}
        assert speaker.problem("asker:join", missing)["code"] == "not_found"


# --- one handler for HTTP and sockets ---


def test_the_same_answer_over_http_and_sockets(server):
    user = server.user()
    by_http = user.patch("/asker/note", {"text": "tea"}).expect(201).json
    assert by_http == {"text": "tea", "by": user.user["id"]}
    with Events(server, token=user.token) as client, SocketIO(server) as other:
        assert client.ask("asker:note", {"text": "tea"}) == by_http
        other.connect(auth={"token": user.token})
        answer, = other.call("asker:note", {"text": "tea"})
        assert answer == {"ok": True, "data": by_http}
    guest = server.api().patch("/asker/note", {"text": "tea"}).expect(201).json
    assert guest == {"text": "tea", "by": None}


def test_nothing_to_say_over_http_and_sockets(server, api):
    api.patch("/asker/note").expect(204)
    api.patch("/asker/note", {}).expect(204)
    with Events(server) as client:
        assert client.call("asker:note", {}) == {"event": "ack", "id": 1, "ok": True}
        assert client.call("asker:note")["ok"]


def problems(server, note):
    """The problem of a note, by HTTP and by socket, and the header Retry-After."""
    reply = server.api().patch("/asker/note", note)
    with Events(server) as client:
        problem = client.problem("asker:note", note)
    by_http = reply.json
    assert by_http["status"] == reply.status
    by_http = {key: by_http[key] for key in by_http if key not in ("type", "requestId")}
    return by_http, problem, reply.headers.get("retry-after")


def test_the_same_problem_over_http_and_sockets(server):
    by_http, by_socket, header = problems(server, {"text": "wrong"})
    assert by_http == by_socket and header is None
    assert (by_http["status"], by_http["field"], by_http["detail"]) == (409, "text", "it is wrong")
    by_http, by_socket, header = problems(server, {"text": "error"})
    assert by_http == by_socket and by_http["code"] == "gone" and header is None


@pytest.mark.parametrize("text, status", [("soon", 429), ("closed", 403)])
@pytest.mark.parametrize("retry_ms, seconds", [(1, 1), (1000, 1), (1001, 2), (99999, 100)])
def test_when_to_try_again(server, text, status, retry_ms, seconds):
    by_http, by_socket, header = problems(server, {"text": text, "retryMs": retry_ms})
    assert (by_http["status"], by_http["retryAfter"], header) == (status, seconds, str(seconds))
    assert by_http == by_socket


def test_not_known_when_to_try_again(server):
    by_http, by_socket, header = problems(server, {"text": "closed"})
    assert by_http == by_socket and "retryAfter" not in by_socket and header is None


# --- ids ---


def test_ids_rise_on_each_worker_and_are_no_others(server):
    pages = [server.api().get("/asker/ids").expect(200).text.split() for _ in range(8)]
    for page in pages:
        assert page == sorted(page)
        assert all(text[14] == "7" and text[19] in "89ab" and text == text.lower() for text in page)
    assert len({text for page in pages for text in page}) == 8000
