# SPDX-License-Identifier: MIT
"""What is killed comes back, and who watches or publishes goes on."""
import threading
import time

from dais import Hls, Publisher, eventually
from dais.wait import scale


def new_stream(server):
    return server.user(role="admin").post("/api/streams", {"title": "x"}).expect(201).json


class Connects(threading.Thread):
    """Opens a connection and asks something, over and over; keeps what went wrong."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.refused, self.done, self.over = server, [], 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with self.server.connect() as conn:
                    conn.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    self.done += conn.recv(4096).startswith(b"HTTP/1.1 200")
            except ConnectionRefusedError as error:
                self.refused.append(error)
            except OSError:
                pass  # accepted by the process that was killed

    def finish(self):
        self.over.set()
        self.join()


def serving_again_s(server):
    """How long until the API, which needs every plugin and the database, answers again."""
    begin = time.monotonic()

    def answers():
        return server.api(timeout_s=1).get("/readyz").status == 200
    eventually(answers)
    return time.monotonic() - begin


def test_kill_9_of_the_server_while_streaming(own_server):
    server = own_server()
    stream = new_stream(server)
    hls = Hls(server, stream["playbackId"])
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}", reconnect=True)
    connects = Connects(server)
    try:
        eventually(lambda: len(hls.media()[0].segments) >= 2, 30)
        connects.start()
        last, times = hls.media()[0].segments[-1].sequence, []
        for _ in range(3):
            server.kill(server.worker_pid)
            times.append(serving_again_s(server))
            media = eventually(lambda: [p for p in Hls(server, stream["playbackId"]).media()
                                        if p.segments], 30, what="the encoder is back")[0]
            assert media.segments[0].sequence > last, "the media sequence went back"
            last = media.segments[-1].sequence
        connects.finish()
        assert not connects.refused
        assert connects.done > 0
        assert min(times) <= 2.0 * scale(), times  # script/bench holds it to 0.25 s
        assert encoder.running()
    finally:
        connects.over.set()
        encoder.stop()


def test_kill_9_of_the_database(own_server):
    server = own_server(config="rates: {write: {user: 0, address: 0}}\n")
    admin = server.user(role="admin")
    stream = admin.post("/api/streams", {"title": "x"}).expect(201).json
    hls = Hls(server, stream["playbackId"])
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}")
    acknowledged, codes, over = [], set(), threading.Event()

    def write():
        writer = server.api(admin.token)
        while not over.is_set():
            reply = writer.post("/api/streams", {"title": f"t{len(acknowledged)}"})
            codes.add(reply.status)
            if reply.status == 201:
                acknowledged.append(reply.json["id"])
            elif reply.status == 503:
                assert int(reply.headers["retry-after"]) >= 1
        writer.close()

    try:
        eventually(lambda: len(hls.media()[0].segments) >= 2, 30)
        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        eventually(lambda: len(acknowledged) > 50)
        before = hls.media()[0].segments[-1].sequence
        server.kill(server.postgres_pid)
        eventually(lambda: 503 in codes, what="a clear 503")
        count = len(acknowledged)
        eventually(lambda: len(acknowledged) > count + 50, 30, what="recovery by itself")
        over.set()
        for writer in writers:
            writer.join()
        assert codes <= {201, 503}
        for made in acknowledged:  # each worker has connections of its own that come back
            eventually(lambda path=f"/api/streams/{made}": admin.get(path).expect(200))
        eventually(lambda: hls.media()[0].segments[-1].sequence > before, what="playback goes on")
        assert not any(s.discontinuity for s in hls.media()[0].segments)
        assert encoder.running()
        assert admin.get(f"/api/streams/{stream['id']}").expect(200).json["status"] == "live"
    finally:
        over.set()
        encoder.stop()


def test_playback_needs_no_database(own_server):
    server = own_server()
    stream = new_stream(server)
    hls = Hls(server, stream["playbackId"])
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}")
    try:
        eventually(lambda: hls.media()[0].segments, 30)
        for _ in range(5):
            server.kill(server.postgres_pid)
            for playlist in hls.media():
                hls.bytes(playlist.segments[-1].url)
    finally:
        encoder.stop()
