# SPDX-License-Identifier: MIT
"""Encoders: who gets in, who takes over, and what bad input gets."""
import os
import shutil
import socket
import struct
import subprocess

import pytest

from dais import Hls, eventually
from dais.rtmp import AUDIO, COMMAND, VIDEO, RtmpClient, amf0
from dais.server import build_folder
from dais.wait import scale

REFUSALS = ("NetStream.Publish.Denied", "NetStream.Publish.BadName")


@pytest.fixture
def stream(admin):
    return admin.post("/api/streams", {"title": "x"}).expect(201).json


@pytest.fixture
def client(server):
    """Makes RTMP clients that are closed with the test."""
    made = []

    def make(**options):
        made.append(RtmpClient(server, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def status(api, stream):
    return api.get(f"/api/streams/{stream['id']}").expect(200).json["status"]


def segments(server, stream):
    return Hls(server, stream["playbackId"]).media()[0].segments


def alive(server):
    return server.is_ready()


def test_ffmpeg_publishes(server, api, stream, publish):
    publish(server, stream)
    eventually(lambda: segments(server, stream), 20, what="a segment")
    assert status(api, stream) == "live"


def test_gstreamer_publishes(server, api, stream):
    pipeline = ("videotestsrc is-live=true num-buffers=300 ! video/x-raw,width=320,height=180,"
                "framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! "
                "h264parse ! flvmux name=mux streamable=true ! rtmp2sink location="
                f"{server.rtmp_url}/{stream['streamKey']} "
                "audiotestsrc is-live=true num-buffers=430 ! avenc_aac ! aacparse ! mux.")
    encoder = subprocess.Popen(["gst-launch-1.0", "-q", *pipeline.split()],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: segments(server, stream), 20, what="a segment")
        assert status(api, stream) == "live"
        assert encoder.wait(30 * scale()) == 0, encoder.stdout.read()
        eventually(lambda: status(api, stream) == "ended")
    finally:
        encoder.kill()
        encoder.wait()
        encoder.stdout.close()


@pytest.mark.parametrize("name", ["sk_wrong", "", "live", "x" * 300, "sk_wrong?key=also-wrong"])
def test_a_wrong_key_is_refused_before_anything_positive(client, api, name):
    before = api.get("/api/streams", query={"status": "live"}).json["streams"]
    encoder = client()
    assert encoder.connect()[0] == "_result"
    information = encoder.publish(name)
    assert information["level"] == "error"
    assert information["code"] in REFUSALS
    assert "authmod" not in information.get("description", "")
    assert encoder.ended()
    assert api.get("/api/streams", query={"status": "live"}).json["streams"] == before


def test_ffmpeg_gives_up_at_once_with_a_wrong_key(server, publish):
    assert publish(server, {"streamKey": "sk_wrong"}).wait(15) != 0


@pytest.mark.parametrize("app, form", [
    ("live", "{key}"),
    ("live", "{key}?token=abc"),
    ("live", "ignored?key={key}"),
    ("", "{key}"),
    ("live/more/parts", "{key}"),
    ("live?key={key}", "anything"),
])
def test_where_the_key_may_stand(client, api, stream, app, form):
    encoder = client()
    encoder.connect(app.format(key=stream["streamKey"]))
    information = encoder.publish(form.format(key=stream["streamKey"]))
    assert information["code"] == "NetStream.Publish.Start"
    eventually(lambda: status(api, stream) == "live")


def test_playing_is_refused(client):
    encoder = client()
    encoder.connect()
    encoder.command("createStream", 2, None)
    encoder.command_read()
    encoder.command("play", 3, None, "anything", stream=1)
    reply = encoder.command_read()
    assert reply[0] == "onStatus" and reply[3]["level"] == "error"


def test_a_second_encoder_is_refused_while_the_first_one_sends(server, api, client, stream, publish):
    publish(server, stream)
    eventually(lambda: status(api, stream) == "live")
    second = client()
    second.connect(flashVer="Another/1.0")
    information = second.publish(stream["streamKey"])
    assert information["code"] in REFUSALS
    assert second.ended()


def test_a_silent_encoder_gives_way(api, client, stream):
    first = client()
    first.connect()
    assert first.publish(stream["streamKey"])["code"] == "NetStream.Publish.Start"

    def takes_over():
        second = client()
        second.connect(flashVer="Another/1.0")
        return second.publish(stream["streamKey"])["code"] == "NetStream.Publish.Start"

    eventually(takes_over, 10, what="the second encoder gets in")
    assert first.ended()
    assert status(api, stream) == "live"


def test_the_same_encoder_takes_over_once(client, stream):
    def start():
        encoder = client()
        encoder.connect()
        return encoder, encoder.publish(stream["streamKey"])["code"]

    first, code = start()
    assert code == "NetStream.Publish.Start"
    second, code = start()
    assert code == "NetStream.Publish.Start"
    assert first.ended()
    third, code = start()
    assert code == "NetStream.Publish.BadName"
    assert third.ended()
    second.close()


def test_one_byte_at_a_time(client, api, stream):
    encoder = client(slow=True)
    assert encoder.connect()[0] == "_result"
    assert encoder.publish(stream["streamKey"])["code"] == "NetStream.Publish.Start"
    eventually(lambda: status(api, stream) == "live")


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
    b"\x06" + bytes(1536),
    os.urandom(70000),
    b"\x03" + bytes(1536 * 2) + os.urandom(70000),
    b"\x03" + bytes(1536 * 2) + b"\xff" * 70000,
], ids=["http", "rtmpe", "noise", "noise after the handshake", "ones after the handshake"])
def test_garbage_ends_the_connection_only(server, client, data):
    encoder = client(handshake=False)
    try:
        encoder.send(data)
        encoder.conn.shutdown(socket.SHUT_WR)
        while encoder.conn.recv(65536):
            pass
    except ConnectionError:
        pass  # closed while we were still sending: fine as well
    assert alive(server)


def test_a_message_of_16_megabytes_is_refused(server, client, stream):
    encoder = client()
    encoder.connect()
    encoder.publish(stream["streamKey"])
    before = server.metric("process_resident_memory_bytes") or 0
    head = b"\x04\0\0\0\xff\xff\xff" + bytes([VIDEO]) + struct.pack("<I", 1)
    try:
        encoder.send(head)
        for _ in range(16 * 1024 * 1024 // CHUNK_BYTES):
            encoder.send(bytes(CHUNK_BYTES) + b"\xc4")
        assert encoder.ended()
    except ConnectionError:
        pass
    assert (server.metric("process_resident_memory_bytes") or 0) - before < 12e6
    assert alive(server)


CHUNK_BYTES = 128


def test_commands_out_of_order_do_no_harm(server, client, stream):
    for name, values in [("publish", (None, stream["streamKey"], "live")), ("deleteStream", (None, 9)),
                         ("FCUnpublish", (None, "x")), ("nonsense", ({"a": 1},)),
                         ("publish", ()), ("connect", ()), ("connect", ("text",))]:
        encoder = client()
        encoder.command(name, 1, *values)
        encoder.message(AUDIO, b"\xaf\x01" + bytes(20), stream=1)
        encoder.message(VIDEO, b"", stream=1)
        encoder.message(COMMAND, amf0("connect")[:-3])
        encoder.close()
    assert alive(server)


def test_media_before_publish_creates_nothing(server, api, client):
    encoder = client()
    encoder.connect()
    before = server.metric("dais_media_streams")
    encoder.message(VIDEO, b"\x17\0\0\0\0" + bytes(50), stream=1)
    encoder.message(AUDIO, b"\xaf\0\x11\x90", stream=1)
    encoder.close()
    assert server.metric("dais_media_streams") == before
    assert alive(server)


def test_half_open_peers_are_let_go(own_server):
    server = own_server(config="plugins:\n  auth: {}\n  streams: {}\n  hls: {}\n"
                               "  rtmp:\n    handshake_timeout_ms: 1000\n")
    silent = [server.connect(server.rtmp_port) for _ in range(20)]
    half = [server.connect(server.rtmp_port) for _ in range(20)]
    for one in half:
        one.sendall(b"\x03" + bytes(700))
    for one in silent + half:
        one.settimeout(10 * scale())
        assert one.recv(1) == b""
        one.close()
    assert alive(server)


def test_a_publisher_without_media_is_let_go(own_server):
    server = own_server(config="plugins:\n  auth: {}\n  streams: {}\n  hls: {}\n"
                               "  rtmp:\n    media_timeout_ms: 1000\n")
    stream = server.user(role="admin").post("/api/streams", {"title": "x"}).expect(201).json
    encoder = RtmpClient(server)
    encoder.connect()
    assert encoder.publish(stream["streamKey"])["code"] == "NetStream.Publish.Start"
    assert encoder.ended()
    encoder.close()


def test_a_key_that_is_replaced_while_its_encoder_is_let_in(own_server):
    """The stop of whoever replaced it came before there was anything to stop."""
    server = own_server(start=False)
    path = server.folder / "turnkey.so"
    shutil.copy(build_folder() / "tests" / "plugins" / "turnkey.so", path)
    path.chmod(0o644)
    server.config = f"plugins:\n  rtmp: {{}}\n  turnkey: {{path: {path}}}\n"
    server.start()
    replaced, good = RtmpClient(server), RtmpClient(server)
    for encoder in (replaced, good):
        encoder.connect()
    assert replaced.publish("bad")["code"] == "NetStream.Publish.Denied"
    assert replaced.ended()
    eventually(lambda: server.metric("dais_media_streams") == 0)
    assert server.metric("dais_rtmp_publishers") == 0
    assert good.publish("good")["code"] == "NetStream.Publish.Start"
    for encoder in (replaced, good):
        encoder.close()


def test_a_lost_encoder_comes_back_within_the_grace_period(server, api, stream, publish):
    encoder = publish(server, stream)
    first = eventually(lambda: segments(server, stream), 20)[-1].sequence
    encoder.kill()
    publish(server, stream)
    playlist = eventually(lambda: [p for p in [Hls(server, stream["playbackId"]).media()[0]]
                                   if any(s.discontinuity for s in p.segments)], 20,
                          what="a discontinuity")[0]
    assert playlist.segments[-1].sequence > first
    assert status(api, stream) == "live"
