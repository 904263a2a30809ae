# SPDX-License-Identifier: MIT
"""Media over a reload: what runs goes on in the old code, what begins is the new code's."""
import pytest

from dais import Hls, Publisher, Server, eventually
from dais.reload import reload as reload_one

CONFIG = """workers: 2
rates: {read: {user: 0, address: 0}, write: {user: 0, address: 0}}
plugins:
  auth: {}
  streams: {}
  rtmp: {}
  hls: {segment_ms: 1000, linger_s: 5}
"""


@pytest.fixture(name="server", scope="module")
def _server():
    with Server(config=CONFIG) as server:
        yield server


@pytest.fixture(name="encoders")
def _encoders(server):
    started = []

    def start(stream):
        started.append(Publisher(f"{server.rtmp_url}/{stream['streamKey']}", size="320x180"))
        return started[-1]

    yield start
    for encoder in started:
        encoder.kill()


def reload(server, *names):
    for name in names:
        reload_one(server, name)


def video(hls):
    return hls.media()[0]


def on_air(hls):
    return eventually(lambda: video(hls).segments and video(hls), 30, what="the stream is on air")


def goes_on(hls, after):
    last = after.segments[-1].sequence
    return eventually(lambda: [p for p in [video(hls)] if p.segments[-1].sequence > last + 1], 30,
                      what="playback goes on")[0]


def test_the_window_of_older_code_goes_in_time(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoder = encoders(stream)
    on_air(hls)
    encoder.stop()
    eventually(lambda: video(hls).ended)
    reload(server, "hls")
    assert server.metric("dais_hls_window_bytes") > 0
    eventually(lambda: server.api().get(f"/hls/{stream['playbackId']}/master.m3u8").status == 404,
               15, what="nobody serves it any more")
    eventually(lambda: server.metric("dais_hls_window_bytes") == 0)
    assert server.metric("dais_hls_streams") == 0


def test_a_live_stream_does_not_notice(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoder = encoders(stream)
    playlist = on_air(hls)
    for _ in range(3):
        reload(server, "hls", "streams", "rtmp", "auth")
        playlist = goes_on(hls, playlist)
        assert not any(segment.discontinuity for segment in playlist.segments)
        assert len(hls.bytes(playlist.segments[-1].url)) > 1000
    assert encoder.running()
    status = server.api().get(f"/api/streams/{stream['id']}").expect(200).json["status"]
    assert status == "live"
    encoder.stop()
    eventually(lambda: video(hls).ended, what="the old code tells the end")
    eventually(lambda: server.api().get(f"/api/streams/{stream['id']}").json["status"] == "ended")


def test_a_show_that_begins_anew_in_newer_code(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoder = encoders(stream)
    on_air(hls)
    encoder.stop()
    ended = eventually(lambda: [p for p in [video(hls)] if p.ended])[0]
    reload(server, "hls", "streams", "rtmp")
    assert video(hls).ended, "newer code serves what older code left"
    hls.bytes(ended.segments[-1].url)
    encoders(stream)
    again = eventually(lambda: [p for p in [_playlist(hls)] if p and not p.ended], 30)[0]
    assert again.segments[0].sequence > ended.segments[-1].sequence
    assert discontinuities(again) > discontinuities(ended)
    # The older one's time is over; the newer one stays.
    last = again
    for _ in range(4):
        last = goes_on(hls, last)
    assert not last.ended


def _playlist(hls):
    return video(hls) if hls.api.get_url(hls.url).status == 200 else None


def discontinuities(playlist):
    return int(playlist.tags["EXT-X-DISCONTINUITY-SEQUENCE"])
