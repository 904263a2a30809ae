# SPDX-License-Identifier: MIT
"""The life of a stream as its playlists tell it: gaps, ends, restarts."""
import re

import pytest

from dais import Hls, Publisher, eventually


@pytest.fixture
def encoders():
    """Starts encoders for this test and ends those that still run."""
    started = []

    def start(server, stream, **options):
        started.append(Publisher(f"{server.rtmp_url}/{stream['streamKey']}", gop_s=2, **options))
        return started[-1]

    yield start
    for encoder in started:
        encoder.kill()


def video(hls):
    return hls.media()[0]


def has_segments(hls, count):
    eventually(lambda: len(video(hls).segments) >= count, 30, what=f"{count} segments")


def discontinuity_sequence(playlist):
    return int(playlist.tags["EXT-X-DISCONTINUITY-SEQUENCE"])


def discontinuities_up_to(playlist, segment):
    """The discontinuity sequence number of a segment (RFC 8216, section 3)."""
    return discontinuity_sequence(playlist) + sum(
        other.discontinuity for other in playlist.segments if other.sequence <= segment.sequence)


def test_an_encoder_that_is_lost_and_comes_back(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    first = encoders(server, stream)
    has_segments(hls, 2)
    first.kill()
    before = video(hls)
    assert not before.ended
    encoders(server, stream)
    after = eventually(lambda: [p for p in [video(hls)]
                                if any(s.discontinuity for s in p.segments)], 30)[0]
    (joint,) = [s for s in after.segments if s.discontinuity]
    assert joint.sequence > before.segments[-1].sequence
    assert joint.map_url == before.segments[-1].map_url, "the same configuration, the same name"
    assert joint.date_time > before.segments[-1].date_time
    assert after.target_duration_s == before.target_duration_s
    sound = hls.media()[1]
    assert [s.sequence for s in sound.segments if s.discontinuity] in ([joint.sequence], [])
    for segment in after.segments:
        assert len(hls.bytes(segment.url)) > 1000


def test_another_encoder_with_another_picture(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    first = encoders(server, stream)
    has_segments(hls, 1)
    first.kill()
    encoders(server, stream, size="320x180", audio=False)
    eventually(lambda: hls.master().variants[0]["RESOLUTION"] == "320x180", 30)
    master = hls.master()
    assert not master.renditions and "mp4a" not in master.variants[0]["CODECS"]
    maps = {segment.map_url for segment in video(hls).segments}
    assert len(maps) == 2


def test_the_end_is_told_and_the_window_stays(server, encoders):
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoder = encoders(server, stream)
    has_segments(hls, 2)
    encoder.stop()
    eventually(lambda: video(hls).ended)
    for playlist in hls.media():
        assert playlist.ended
        for segment in playlist.segments:
            hls.bytes(segment.url)
    last = video(hls)
    encoders(server, stream)
    again = eventually(lambda: [p for p in [_playlist_or_none(hls)] if p and not p.ended], 30)[0]
    assert again.segments[0].sequence > last.segments[-1].sequence
    assert discontinuity_sequence(again) > discontinuities_up_to(last, last.segments[-1])
    assert not {s.url for s in again.segments} & {s.url for s in last.segments}


def _playlist_or_none(hls):
    reply = hls.api.get_url(hls.url)
    return video(hls) if reply.status == 200 else None


def test_numbers_rise_over_a_kill_9(own_server, encoders):
    server = own_server()
    stream = server.stream()
    hls = Hls(server, stream["playbackId"])
    encoders(server, stream, reconnect=True)
    has_segments(hls, 1)
    before = video(hls)
    server.kill(server.worker_pid)
    eventually(server.is_ready)
    hls = Hls(server, stream["playbackId"])
    after = eventually(lambda: [p for p in [_playlist_or_none(hls)] if p], 30)[0]
    assert after.segments[0].sequence > before.segments[-1].sequence
    assert discontinuity_sequence(after) > discontinuities_up_to(before, before.segments[-1])
    assert discontinuity_sequence(after) < 100000, "players keep arrays of this length"


def test_sound_alone_and_picture_alone(server, encoders):
    stream = server.stream()
    encoders(server, stream, audio=False)
    hls = Hls(server, stream["playbackId"])
    has_segments(hls, 1)
    (variant,) = hls.master().variants
    assert re.fullmatch(r"avc1\.[0-9a-f]{6}", variant["CODECS"])
    assert not hls.master().renditions


def test_memory_bounds_the_window(own_server, encoders):
    bound = 1 << 20
    server = own_server(config="plugins:\n  auth: {}\n  streams: {}\n  rtmp: {}\n  hls:\n"
                               "    segment_ms: 1000\n    window_segments: 30\n"
                               f"    stream_bytes_max: {bound}\n")
    stream = server.stream()
    encoders(server, stream, fps=60)
    hls = Hls(server, stream["playbackId"])
    has_segments(hls, 3)
    first = video(hls).media_sequence
    later = eventually(lambda: [p for p in [video(hls)] if p.media_sequence > first + 2], 60)[0]
    assert 3 <= len(later.segments) < 30
    assert bound / 2 < server.metric("dais_hls_window_bytes") <= bound
    for segment in later.segments:
        assert segment.duration_s <= 2.5
