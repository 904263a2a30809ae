# SPDX-License-Identifier: MIT
"""What the scenarios are written with: a real server, its clients, encoders and players.

A scenario reads as a conversation:

    def test_a_stream_is_watched(server, publish):
        admin = server.user(role="admin")
        stream = admin.post("/api/streams", {"title": "Morning"}).json
        publish(stream)
        hls = Hls(server, stream["playbackId"])
        eventually(lambda: len(hls.media()[0].segments) >= 2)
"""
from .api import Api, Reply
from .hls import Hls, Playlist, decode_errors
from .media import Publisher
from .server import Server
from . import processes
from .wait import eventually

__all__ = [
    "Api", "Hls", "Playlist", "Publisher", "Reply", "Server", "decode_errors", "eventually",
]
