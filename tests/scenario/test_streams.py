# SPDX-License-Identifier: MIT
"""The live model: streams, keys, owners (specification 001)."""
import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from dais import Hls, eventually
from dais.rtmp import RtmpClient
from dais.wait import at_once


@pytest.fixture
def stream(admin):
    return admin.post("/api/streams", {"title": "Morning show"}).expect(201).json


def test_spec001_post_api_streams(server, admin):
    body = {"title": "Morning show", "description": "News & weather",
            "scheduledFor": "2030-01-01T08:00:00Z"}
    made = admin.post("/api/streams", body).expect(201).json
    assert made["title"] == body["title"] and made["description"] == body["description"]
    assert made["scheduledFor"] == "2030-01-01T08:00:00.000Z"
    assert made["status"] == "upcoming"
    assert made["startedAt"] is None and made["endedAt"] is None
    assert made["streamKey"].startswith("sk_")
    assert made["serverUrl"] == server.rtmp_url
    assert made["playbackUrl"] == f"{server.url}/hls/{made['playbackId']}/master.m3u8"
    assert made["streamKey"] not in made["playbackUrl"]


def test_spec001_get_api_streams(api, admin):
    made = [admin.post("/api/streams", {"title": f"Show {i}"}).expect(201).json for i in range(5)]
    page = api.get("/api/streams", query={"limit": 3}).expect(200).json
    assert [row["title"] for row in page["streams"]] == ["Show 4", "Show 3", "Show 2"]
    assert all("streamKey" not in row for row in page["streams"])
    rest = api.get("/api/streams", query={"limit": 2, "after": page["next"]}).expect(200).json
    assert [row["id"] for row in rest["streams"]] == [made[1]["id"], made[0]["id"]]
    mine = admin.get("/api/streams", query={"limit": 1}).expect(200).json
    assert mine["streams"][0]["streamKey"] == made[4]["streamKey"]


def test_streams_are_found_by_public_name_and_state(api, stream):
    found = api.get("/api/streams", query={"playbackId": stream["playbackId"]}).expect(200).json
    assert [row["id"] for row in found["streams"]] == [stream["id"]]
    live = api.get("/api/streams", query={"status": "live"}).expect(200).json
    assert stream["id"] not in [row["id"] for row in live["streams"]]
    reply = api.get("/api/streams", query={"status": "sleeping"}).expect(400).json
    assert reply["field"] == "status"


def test_get_api_streams_id_shows_the_key_to_its_owner_only(server, api, stream, admin):
    path = f"/api/streams/{stream['id']}"
    assert admin.get(path).expect(200).json["streamKey"] == stream["streamKey"]
    assert "streamKey" not in api.get(path).expect(200).json
    assert "streamKey" not in server.user(role="admin").get(path).expect(200).json
    assert "streamKey" not in server.user().get(path).expect(200).json


def test_put_api_streams_id(server, stream, admin):
    path = f"/api/streams/{stream['id']}"
    changed = admin.put(path, {"title": "Evening show"}).expect(200).json
    assert changed["title"] == "Evening show"
    assert changed["description"] == stream["description"]
    assert server.user(role="admin").put(path, {"description": "x"}).expect(200).json[
        "title"] == "Evening show"


def test_delete_api_streams_id(stream, admin):
    path = f"/api/streams/{stream['id']}"
    admin.delete(path).expect(204)
    admin.get(path).expect(404)
    admin.delete(path).expect(404)


def test_spec001_post_api_streams_id_regenerate_key(stream, admin):
    path = f"/api/streams/{stream['id']}"
    changed = admin.post(f"{path}/regenerate-key").expect(200).json
    assert changed["streamKey"] != stream["streamKey"]
    assert changed["playbackId"] == stream["playbackId"]
    assert admin.get(path).expect(200).json["streamKey"] == changed["streamKey"]


@pytest.mark.parametrize("method, suffix, body", [
    ("PUT", "", {"title": "mine now"}),
    ("DELETE", "", None),
    ("POST", "/regenerate-key", None),
])
def test_strangers_change_nothing(server, api, stream, method, suffix, body):
    path = f"/api/streams/{stream['id']}{suffix}"
    api.request(method, path, body).expect(401)
    assert server.user(role="moderator").request(method, path, body).expect(403).json[
        "code"] == "denied"
    server.user(role="admin").request(method, f"/api/streams/{uuid.uuid4()}{suffix}",
                                      body).expect(404)


@pytest.mark.parametrize("role", ["attendee", "speaker", "moderator"])
def test_who_may_make_streams(server, api, role):
    server.user(role=role).post("/api/streams", {"title": "x"}).expect(403)
    api.post("/api/streams", {"title": "x"}).expect(401)


@pytest.mark.parametrize("body, field", [
    ({}, "title"),
    ({"title": ""}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": None}, "title"),
    ({"title": "x", "description": "x" * 4001}, "description"),
    ({"title": "x", "scheduledFor": "tomorrow"}, "scheduledFor"),
    ({"title": "x", "ownerId": str(uuid.uuid4())}, "ownerId"),
])
def test_bad_streams_name_the_field(admin, body, field):
    assert admin.post("/api/streams", body).expect(400).json["field"] == field


def test_ids_that_are_none(api):
    assert api.get("/api/streams/17").expect(400).json["field"] == "id"
    api.get(f"/api/streams/{uuid.uuid4()}").expect(404)


def test_a_stream_goes_live_and_ends(server, api, stream, admin, publish):
    path = f"/api/streams/{stream['id']}"

    def status():
        return api.get(path).expect(200).json["status"]

    encoder = publish(server, stream)
    eventually(lambda: status() == "live", what="the stream is live")
    assert api.get(path).json["startedAt"] is not None
    assert admin.delete(path).expect(409).json["code"] == "conflict"
    live = api.get("/api/streams", query={"status": "live"}).expect(200).json["streams"]
    assert stream["id"] in [row["id"] for row in live]

    eventually(lambda: Hls(server, stream["playbackId"]).media()[0].segments, 20)
    encoder.stop()
    eventually(lambda: status() == "ended", what="the stream has ended")
    assert api.get(path).json["endedAt"] is not None

    publish(server, stream)
    eventually(lambda: status() == "live", what="the stream is live again")
    assert api.get(path).json["endedAt"] is None


def test_a_new_key_cuts_off_who_publishes_with_the_old_one(server, api, stream, admin, publish):
    path = f"/api/streams/{stream['id']}"
    encoder = publish(server, stream)
    eventually(lambda: api.get(path).json["status"] == "live")
    renewed = admin.post(f"{path}/regenerate-key").expect(200).json
    encoder.wait()
    eventually(lambda: api.get(path).json["status"] == "ended")
    refused = publish(server, stream)
    assert refused.wait() != 0
    assert api.get(path).json["status"] == "ended"
    publish(server, renewed)
    eventually(lambda: api.get(path).json["status"] == "live")


def test_a_stream_that_was_taken_over_ends_with_its_last_encoder(server, api, stream):
    path = f"/api/streams/{stream['id']}"
    encoders = [RtmpClient(server), RtmpClient(server)]
    for encoder in encoders:
        encoder.connect()
        assert encoder.publish(stream["streamKey"])["code"] == "NetStream.Publish.Start"
        eventually(lambda: api.get(path).json["status"] == "live")
    stopped = datetime.now(timezone.utc)
    encoders[1].command("deleteStream", 5, None, 1)
    eventually(lambda: api.get(path).json["status"] == "ended", 20)
    ended = datetime.fromisoformat(api.get(path).json["endedAt"].replace("Z", "+00:00"))
    assert ended - stopped < timedelta(seconds=5), "the end of the lease, not of the stream"
    for encoder in encoders:
        encoder.close()


def test_the_lease_ends_a_stream_that_a_crash_left_live(own_server, publish):
    server = own_server()
    admin = server.user(role="admin")
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    path = f"/api/streams/{stream['id']}"
    encoder = publish(server, stream)
    eventually(lambda: admin.get(path).json["status"] == "live")
    server.kill(server.worker_pid)
    encoder.kill()
    eventually(server.is_ready)
    eventually(lambda: server.api(admin.token).get(path).json["status"] == "ended", 30,
               what="the lease is over")


def test_playback_of_what_does_not_exist(server, api):
    api.get("/hls/nobody/master.m3u8").expect(404)
    assert Hls(server, "nobody").api.get("/hls/nobody/nothing.m4s").status == 404


def disable(server, admin, owner):
    admin.patch(f"/api/users/{owner.user['id']}/status", {"status": "disabled"}).expect(200)


def disable_by_verb(server, admin, owner):
    server.cli("user", "disable", owner.user["email"]).check_returncode()


def take_approval(server, admin, owner):
    admin.patch(f"/api/users/{owner.user['id']}/creator", {"status": "none"}).expect(200)


def reject(server, admin, owner):
    admin.patch(f"/api/users/{owner.user['id']}/creator", {"status": "rejected"}).expect(200)


@pytest.fixture
def creator(server, admin):
    user = server.user()
    admin.patch(f"/api/users/{user.user['id']}/creator", {"status": "approved"}).expect(200)
    return user


@pytest.mark.parametrize("cause", [disable, disable_by_verb, take_approval, reject])
def test_who_may_not_publish_any_more_is_cut_off_within_250_ms(server, api, admin, creator, publish,
                                                               cause):
    stream = eventually(lambda: creator.post("/api/streams", {"title": "x"}).expect(201)).json
    path = f"/api/streams/{stream['id']}"
    encoder = publish(server, stream, size="320x180")
    eventually(lambda: api.get(path).json["status"] == "live")
    cause(server, admin, creator)
    began = time.monotonic()
    eventually(lambda: api.get(path).json["status"] == "ended")
    took = time.monotonic() - began
    assert took < at_once(), f"{took * 1000:.0f} ms"
    encoder.wait()
    assert publish(server, stream, size="320x180").wait() != 0
    assert api.get(path).json["status"] == "ended"


def test_a_demoted_admin_is_cut_off_and_may_come_back(server, api, admin, publish):
    owner = server.user(role="admin")
    stream = server.stream(owner)
    path, role = f"/api/streams/{stream['id']}", f"/api/users/{owner.user['id']}/role"
    encoder = publish(server, stream, size="320x180")
    eventually(lambda: api.get(path).json["status"] == "live")
    admin.patch(role, {"role": "moderator"}).expect(200)
    encoder.wait()
    eventually(lambda: api.get(path).json["status"] == "ended")
    admin.patch(role, {"role": "admin"}).expect(200)
    publish(server, stream, size="320x180")
    eventually(lambda: api.get(path).json["status"] == "live")


def test_what_changes_no_right_cuts_nobody_off(server, api, admin, stream, publish):
    """Of the same event: another account's, and one of the owner who may still publish."""
    path = f"/api/streams/{stream['id']}"
    encoder = publish(server, stream, size="320x180")
    eventually(lambda: api.get(path).json["status"] == "live")
    disable(server, admin, server.user(role="admin"))
    admin.patch(f"/api/users/{admin.user['id']}/creator", {"status": "approved"}).expect(200)
    hls = Hls(server, stream["playbackId"])
    eventually(lambda: len(hls.media()[0].segments) > 1, 20)
    assert encoder.running() and api.get(path).json["status"] == "live"
