# SPDX-License-Identifier: MIT
"""Streams on sockets: who watches, what is live (specifications 001, 003 and 004)."""
import json

import pytest

from dais import eventually
from dais.envelope import Socket


@pytest.fixture
def stream(admin):
    return admin.post("/api/streams", {"title": "Morning show"}).expect(201).json


@pytest.fixture
def sockets(server):
    """Opens clients: sockets(token=…); all leave with the test."""
    opened = []

    def connect(**options):
        opened.append(Socket(server, **options))
        return opened[-1]

    yield connect
    for client in opened:
        client.drop()


def test_spec003_join_stream_stream_joined(sockets, stream):
    viewer = sockets()
    key = stream["playbackId"]
    joined = viewer.done("join-stream", {"streamKey": key, "userId": "whoever"})
    assert viewer.next("stream-joined") == joined
    assert 0 < joined.pop("epoch") < 2 ** 53
    assert joined == {"streamKey": key, "viewerCount": 1, "isLive": False,
                      "room": f"live:{stream['id']}", "seq": 0}


def test_spec003_join_stream_of_an_unknown_stream(sockets):
    viewer = sockets()
    answer = viewer.ask("join-stream", {"streamKey": "nothing"})
    assert not answer["ok"] and answer["error"]["code"] == "not_found"
    assert viewer.next("stream-error") == {"error": "there is no such stream", "streamKey": "nothing",
                                           "code": "STREAM_NOT_FOUND"}


def test_spec003_viewer_joined_viewer_left(sockets, stream):
    first, second = sockets(), sockets()
    key = {"streamKey": stream["playbackId"]}
    first.done("join-stream", key)
    second.done("join-stream", key)
    assert first.next("viewer-joined", lambda it: it["viewerCount"] == 2) == {**key, "viewerCount": 2}
    second.done("leave-stream", key)
    assert first.next("viewer-left") == {**key, "viewerCount": 1}
    third = sockets()
    third.done("join-stream", key)
    first.next("viewer-joined", lambda it: it["viewerCount"] == 2)
    third.drop()
    first.next("viewer-left", lambda it: it["viewerCount"] == 1)


def test_spec001_viewers_count(server, sockets, stream, api):
    viewer, browser = sockets(guest="anna"), sockets()
    browser.done("live:browse")
    viewer.done("join-stream", {"streamKey": stream["playbackId"]})
    told = browser.next("viewers:count", lambda it: it["liveStreamId"] == stream["id"])
    assert told["viewerCount"] == 1 and told["playbackId"] == stream["playbackId"]
    path = f"/api/streams/{stream['id']}"
    eventually(lambda: api.get(path).json["viewerCount"] == 1)
    tab = sockets(guest="anna")  # the same viewer twice
    tab.done("join-stream", {"streamKey": stream["playbackId"]})
    other = sockets(guest="berta")
    other.done("join-stream", {"streamKey": stream["playbackId"]})
    told = viewer.next("viewers:count", lambda it: it["viewerCount"] == 2)
    assert told["peakViewerCount"] == 2
    for client in (viewer, tab, other):
        client.drop()
    browser.next("viewers:count",
                 lambda it: it["liveStreamId"] == stream["id"] and it["viewerCount"] == 0)
    eventually(lambda: api.get(path).json["viewerCount"] == 0)


def test_spec004_live_join_live_leave_viewer_joined_left(server, sockets, stream):
    anna, berta = server.user(), server.user()
    first, second = sockets(token=anna.token), sockets(token=berta.token)
    live = {"liveStreamId": stream["id"]}
    joined = first.done("live:join", live)
    assert joined.pop("epoch")
    assert joined == {**live, "viewerCount": 1, "isLive": False, "room": f"live:{stream['id']}",
                      "seq": 0}
    second.done("live:join", live)
    came = first.next("live:viewer:joined", lambda it: berta.user["id"] in it["viewer"])
    assert came["liveStreamId"] == stream["id"] and came["viewerCount"] == 2
    second.done("live:leave", live)
    assert first.next("live:viewer:left")["viewer"] == came["viewer"]


def test_spec004_live_join_needs_a_user(sockets, stream):
    answer = sockets().ask("live:join", {"liveStreamId": stream["id"]})
    assert not answer["ok"] and answer["error"]["status"] == 401


def test_the_end_of_a_stream_is_not_missed(sockets, publish, server, stream):
    """Whoever lost the network before the first numbered event resumes by what the join said."""
    key = {"streamKey": stream["playbackId"]}
    viewer, witness = sockets(), sockets()
    encoder = publish(server, stream)
    witness.next("live:created", lambda it: it["liveStreamId"] == stream["id"], 20)
    joined = viewer.done("join-stream", key)
    viewer.drop()
    encoder.stop()
    witness.next("live:ended", lambda it: it["liveStreamId"] == stream["id"], 30)
    mark = {name: joined[name] for name in ("epoch", "seq")}
    back = sockets(resume=json.dumps({joined["room"]: mark}))
    assert back.done("join-stream", key)["seq"] == joined["seq"] + 1
    assert back.next("stream-ended") == key


def test_spec004_live_created_live_ended(server, sockets, publish, stream):
    anybody, viewer = sockets(), sockets()
    viewer.done("join-stream", {"streamKey": stream["playbackId"]})
    encoder = publish(server, stream)
    created = anybody.next("live:created", lambda it: it["liveStreamId"] == stream["id"], 20)
    assert created["title"] == "Morning show" and created["status"] == "live"
    assert created["playbackId"] == stream["playbackId"] and created["startedAt"]
    late = sockets()
    assert late.done("join-stream", {"streamKey": stream["playbackId"]})["isLive"]
    encoder.stop()
    ended = {"liveStreamId": stream["id"], "playbackId": stream["playbackId"]}
    anybody.next("live:ended", lambda it: it == ended, 30)
    assert viewer.next("stream-ended") == {"streamKey": stream["playbackId"]}
