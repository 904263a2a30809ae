# SPDX-License-Identifier: MIT
"""Players: what FFmpeg, GStreamer and VLC make of the playlists and segments."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from dais import Hls, decode_errors, eventually
from dais.wait import scale


@pytest.fixture(scope="module")
def live(server):
    """A stream with a picture and sound that runs for all tests of this file."""
    from dais import Publisher
    admin = server.user(role="admin")
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}", gop_s=2)
    hls = Hls(server, stream["playbackId"])
    eventually(lambda: len(hls.media()[0].segments) >= 3, 30, what="three segments")
    yield hls
    encoder.stop()


def probe_errors(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                           "stream=nb_read_frames", str(path)],
                          capture_output=True, text=True, timeout=60 * scale(), check=False)
    return done.stderr


def test_the_master_playlist_tells_the_truth(live):
    master = live.master()
    (variant,) = master.variants
    assert re.fullmatch(r"avc1\.[0-9a-f]{6},mp4a\.40\.2", variant["CODECS"])
    assert variant["RESOLUTION"] == "640x360"
    assert variant["FRAME-RATE"] == "30.000"
    video, audio = live.media()
    peak = max(8 * (len(live.bytes(v.url)) + len(live.bytes(a.url))) / v.duration_s
               for v, a in zip(video.segments, audio.segments))
    assert int(variant["BANDWIDTH"]) >= 0.9 * peak
    assert int(variant["BANDWIDTH"]) <= 2.5 * peak
    (rendition,) = master.renditions
    assert rendition["TYPE"] == "AUDIO" and rendition["GROUP-ID"] == variant["AUDIO"]
    assert "EXT-X-INDEPENDENT-SEGMENTS" in master.tags


def test_media_playlists(live):
    for playlist in live.media():
        assert playlist.target_duration_s == 2
        assert not playlist.ended
        for segment in playlist.segments:
            assert round(segment.duration_s) <= playlist.target_duration_s
            assert segment.date_time and segment.map_url
    video, audio = live.media()
    assert abs(video.media_sequence - audio.media_sequence) <= 1


def test_segments_and_playlists_decode_without_a_word(live):
    assert decode_errors(live.url) == ""
    for playlist in live.media():
        assert decode_errors(playlist.url, 2) == ""
        for segment in playlist.segments:
            with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
                file.write(live.bytes(segment.map_url) + live.bytes(segment.url))
                file.flush()
                assert probe_errors(file.name) == ""


def test_headers(live):
    api = live.api
    master = api.get_url(live.url)
    assert master.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert "no-cache" in master.headers["cache-control"]
    segment = live.media()[0].segments[-1]
    reply = api.get(live.path(segment.url), headers={"Origin": "https://player.example"})
    assert reply.headers["content-type"] in ("video/mp4", "video/iso.segment")
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["access-control-allow-origin"] in ("*", "https://player.example")
    assert "max-age" in api.get("/hls/nobody/master.m3u8").expect(404).headers["cache-control"]


def test_ranges_and_head(live):
    path = live.path(live.media()[0].segments[-1].url)
    whole = live.api.get(path).expect(200).body
    part = live.api.get(path, headers={"Range": "bytes=100-199"}).expect(206)
    assert part.body == whole[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert live.api.get(path, headers={"Range": "bytes=-10"}).expect(206).body == whole[-10:]
    live.api.get(path, headers={"Range": f"bytes={len(whole)}-"}).expect(416)
    head = live.api.head(path).expect(200)
    assert head.body == b"" and int(head.headers["content-length"]) == len(whole)


def test_every_worker_serves_the_stream(server, live):
    path = live.path(live.media()[0].segments[-1].url)
    for _ in range(16):
        other = server.api()
        other.get(path).expect(200)
        other.close()


def test_the_playlist_goes_forward(live):
    first = live.media()[0]
    later = eventually(lambda: [p for p in [live.media()[0]]
                                if p.media_sequence >= first.media_sequence + 2], 20)[0]
    assert later.segments[0].sequence > first.segments[0].sequence
    known = {segment.sequence: segment.url for segment in first.segments}
    assert all(known.get(s.sequence, s.url) == s.url for s in later.segments)


@pytest.mark.parametrize("name", ["nothing.m4s", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "",
                                  "master.m3u8/x", "a" * 3000],
                         ids=["unknown", "dots", "encoded dots", "empty", "below a file", "long"])
def test_names_that_are_none(live, name):
    folder = live.path(live.url).rpartition("/")[0]
    assert live.api.get(f"{folder}/{name}").status in (400, 404, 414)


def frames_by_gstreamer(url, count):
    # uridecodebin3 takes hlsdemux2; the older hlsdemux never ends when its sink has had enough.
    pipeline = f"uridecodebin3 uri={url} ! videoconvert ! fakesink num-buffers={count}"
    return subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], capture_output=True, text=True,
                          timeout=60 * scale(), check=False)


def test_gstreamer_plays(live):
    done = frames_by_gstreamer(live.url, 200)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def open_folder():
    """A folder that every user may write to, also the one that VLC runs as when root tests."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_vlc_plays(live, open_folder):
    made = open_folder / "out.ts"
    command = ["cvlc", "-q", "--no-video-title-show", "--intf", "dummy", "--no-audio",
               "--run-time", "14", "--sout",
               f"#transcode{{vcodec=mp2v,vb=2000}}:std{{access=file,mux=ts,dst={made}}}",
               live.url, "vlc://quit"]
    if os.getuid() == 0:  # VLC refuses root
        command = ["runuser", "-u", "nobody", "--", "env", f"HOME={open_folder}", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90 * scale(), check=False,
                          cwd="/")
    assert done.returncode == 0, done.stderr
    counted = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v",
                              "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0",
                              str(made)], capture_output=True, text=True, check=True)
    assert int(counted.stdout.split(",")[0]) >= 200


def test_sound_and_picture_stay_together(server):
    """A beep and a flash at each full second must come out within 20 ms of each other."""
    admin = server.user(role="admin")
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    flash = ("color=black:size=320x180:rate=50,drawbox=color=white:t=fill:"
             "enable='lt(mod(t\\,1)\\,0.1)'")
    beep = "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)':s=48000"
    encoder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", flash, "-f", "lavfi", "-i",
         beep, "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "100", "-pix_fmt",
         "yuv420p", "-c:a", "aac", "-f", "flv", f"{server.rtmp_url}/{stream['streamKey']}"])
    try:
        hls = Hls(server, stream["playbackId"])
        eventually(lambda: len(hls.media()[0].segments) >= 4, 40)
        video, audio = hls.media()
        with tempfile.TemporaryDirectory() as folder:
            flashes = onsets(hls, video, Path(folder) / "v.mp4", "blackdetect=d=0.1:pix_th=0.5",
                             r"black_end:([\d.]+)")
            beeps = onsets(hls, audio, Path(folder) / "a.mp4", "silencedetect=n=-20dB:d=0.3",
                           r"silence_end: ([\d.]+)")
    finally:
        encoder.kill()
        encoder.wait()
    flashes.pop()  # where the clip ends in the dark, the detector takes its last frame for one
    skews = [min((beep - flash for beep in beeps), key=abs) for flash in flashes
             if beeps[0] - 0.5 < flash < beeps[-1] + 0.5]
    assert len(skews) >= 3
    assert max(map(abs, skews)) <= 0.020, skews


def onsets(hls, playlist, path, detector, pattern):
    """Times on the stream's own clock at which a detector saw something begin."""
    path.write_bytes(hls.bytes(playlist.segments[0].map_url)
                     + b"".join(hls.bytes(segment.url) for segment in playlist.segments[:4]))
    done = subprocess.run(["ffmpeg", "-v", "info", "-nostdin", "-copyts", "-i", str(path),
                           "-vf" if detector.startswith("black") else "-af", detector, "-f", "null",
                           "-"], capture_output=True, text=True, check=True)
    return [float(time) for time in re.findall(pattern, done.stderr)]
