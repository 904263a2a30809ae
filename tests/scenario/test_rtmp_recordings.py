# SPDX-License-Identifier: MIT
"""What real encoders sent, played back to the server; OBS above all, which CI cannot run."""
import socket
import threading
from pathlib import Path

import pytest

from dais import Hls, eventually
from dais.wait import scale

RECORDINGS = Path(__file__).parents[2] / "plugins" / "rtmp" / "tests" / "recordings"
PLACEHOLDER = b"sk_" + b"0" * 32


def swallow(conn):
    try:
        while conn.recv(65536):
            pass
    except OSError:
        pass  # the playback is over


def play(server, data, slice_bytes):
    """Sends the recording and waits until the server has read it to its end."""
    with server.connect(server.rtmp_port) as conn:
        conn.settimeout(20 * scale())
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = threading.Thread(target=swallow, args=(conn,))
        reader.start()
        for at in range(0, len(data), slice_bytes):
            conn.sendall(data[at:at + slice_bytes])
        conn.shutdown(socket.SHUT_WR)
        reader.join(20 * scale())
        assert not reader.is_alive()


@pytest.mark.parametrize("slice_bytes", [100000, 977], ids=["gulps", "sips"])
@pytest.mark.parametrize("name", ["obs", "ffmpeg", "ffmpeg_extended", "gstreamer"])
def test_a_recording_is_taken_whole(server, api, admin, name, slice_bytes):
    stream = admin.post("/api/streams", {"title": name}).expect(201).json
    data = (RECORDINGS / f"{name}.bin").read_bytes()
    assert PLACEHOLDER in data and len(stream["streamKey"]) == len(PLACEHOLDER)
    play(server, data.replace(PLACEHOLDER, stream["streamKey"].encode()), slice_bytes)
    path = f"/api/streams/{stream['id']}"
    eventually(lambda: api.get(path).expect(200).json["status"] == "ended", what="a clean stop")
    video, audio = Hls(server, stream["playbackId"]).media()[:2]
    assert video.segments and audio.segments
