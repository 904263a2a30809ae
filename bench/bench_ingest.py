# SPDX-License-Identifier: MIT
"""Twenty passthrough publishers, 1080p30 5 Mb/s: CPU and memory of ingest with HLS packaging."""
import os
import shutil
import tempfile
import time
from pathlib import Path

from harness import (RUNS, Nginx, Peer, Server, eventually, free_ports, interleave, private_bytes,
                     report, tree_cpu_s)
from media import publisher

from dais import Hls

STREAMS = 20
WARM_S = 8
FULL_S = 22  # until windows are full
MEASURE_S = float(os.environ.get("DAIS_BENCH_MEDIA_SECONDS", "15"))
SHM = Path("/dev/shm")
HELD_SEGMENTS = 6 + 3  # the defaults of window_segments and kept_segments


def measured(pids, warm_s=WARM_S):
    """CPU in percent of a core and private memory per stream, once everything runs."""
    time.sleep(warm_s)
    before, begin = tree_cpu_s(pids), time.monotonic()
    time.sleep(MEASURE_S)
    spent = tree_cpu_s(pids) - before
    return {"cpu": spent / (time.monotonic() - begin) * 100 / STREAMS,
            "mb": sum(private_bytes(pid) for pid in pids) / 1e6 / STREAMS}


def with_publishers(urls, run):
    encoders = [publisher(url) for url in urls]
    try:
        return run()
    finally:
        for encoder in encoders:
            encoder.stop()


def window_bytes(server):
    """The finished segments that all streams hold, and one that each is being filled."""
    held = server.metric("dais_hls_window_bytes")
    return held + held / HELD_SEGMENTS


def dais():
    server = Server(config="workers: 1\n").start()
    try:
        admin = server.user(role="admin")
        streams = [admin.post("/api/streams", {"title": f"{i}"}).expect(201).json
                   for i in range(STREAMS)]
        idle_mb = private_bytes(server.worker_pid) / 1e6 / STREAMS

        def run():
            eventually(lambda: len(Hls(server, streams[-1]["playbackId"]).media()) == 2, 30)
            result = measured([server.worker_pid], FULL_S)
            result["window_mb"] = window_bytes(server) / 1e6 / STREAMS
            result["beside_mb"] = result["mb"] - result["window_mb"] - idle_mb
            return result
        return with_publishers([f"{server.rtmp_url}/{s['streamKey']}" for s in streams], run)
    finally:
        server.stop()
        server.remove()


def nginx_rtmp():
    (port,) = free_ports(1)
    out = Path(tempfile.mkdtemp(dir=SHM))
    nginx = Nginx(rtmp=f"rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; "
                       f"hls on; hls_path {out}; hls_fragment 2s; hls_playlist_length 14s; }} }} }}")
    try:
        urls = [f"rtmp://127.0.0.1:{port}/live/s{i}" for i in range(STREAMS)]
        return with_publishers(urls, lambda: measured(nginx.pids))
    finally:
        nginx.stop()
        shutil.rmtree(out, ignore_errors=True)


def ffmpeg_hls():
    ports = free_ports(STREAMS)
    out = Path(tempfile.mkdtemp(dir=SHM))
    urls = [f"rtmp://127.0.0.1:{port}/live/s" for port in ports]
    listeners = [Peer(["ffmpeg", "-v", "error", "-nostdin", "-listen", "1", "-i", url, "-c", "copy",
                       "-f", "hls", "-hls_time", "2", "-hls_list_size", "7", "-hls_flags",
                       "delete_segments", out / f"{i}.m3u8"]) for i, url in enumerate(urls)]
    try:
        time.sleep(1)  # they have no way of saying that they listen
        return with_publishers(urls, lambda: measured([p.process.pid for p in listeners]))
    finally:
        for listener in listeners:
            listener.stop()
        shutil.rmtree(out, ignore_errors=True)


def main():
    result = interleave({"dais": dais, "nginx-rtmp": nginx_rtmp, "ffmpeg": ffmpeg_hls},
                        runs=int(os.environ.get("DAIS_BENCH_MEDIA_RUNS", str(RUNS))))
    ours = result["dais"]
    report(f"{STREAMS} publishers, 1080p30 5 Mb/s, passthrough to HLS, one worker", [
        *[(f"{name}: CPU per stream", figures["cpu"], "% core", f"{figures['mb']:.2f} MB private")
          for name, figures in result.items()],
        ("ratio to nginx-rtmp", ours["cpu"] / result["nginx-rtmp"]["cpu"], "×", "≤ 0.5"),
        ("ratio to ffmpeg -c copy -f hls", ours["cpu"] / result["ffmpeg"]["cpu"], "×", "≤ 0.3"),
        ("window per stream: segments held, and the next one", ours["window_mb"], "MB", ""),
        ("memory per stream beside its window", ours["beside_mb"], "MB", "≤ 0.5"),
    ])
