# SPDX-License-Identifier: MIT
"""Segments of about a megabyte from memory against nginx with sendfile: CPU seconds per gigabyte."""
from harness import Nginx, Server, eventually, free_ports, interleave, report, tree_cpu_s, wrk
from bench_http import answers
from media import publisher

from dais import Hls


def measured(url, pids):
    before = tree_cpu_s(pids)
    result = wrk(url, connections=16)
    assert result["errors"] == 0, result
    result["s_per_gb"] = (tree_cpu_s(pids) - before) / result["bytes"] * 1e9
    result["gb_s"] = result["bytes"] / result["seconds"] / 1e9
    return result


def main():
    (port,) = free_ports(1)
    nginx = Nginx(f"server {{ listen 127.0.0.1:{port}; root .; }}")
    # A long window, so that the segment is still there in the last run.
    server = Server(config="workers: 1\nplugins:\n  auth: {}\n  streams: {}\n  rtmp: {}\n"
                           "  hls:\n    window_segments: 60\n").start()
    encoder = None
    try:
        stream = server.user(role="admin").post("/api/streams", {"title": "x"}).expect(201).json
        encoder = publisher(f"{server.rtmp_url}/{stream['streamKey']}", 4)
        hls = Hls(server, stream["playbackId"])
        segment = eventually(lambda: hls.media()[0].segments[1], 30)
        body = hls.bytes(segment.url)
        (nginx.folder / "segment.m4s").write_bytes(body)
        encoder.stop()  # within the grace period the window stays as it is
        encoder = None
        peer_url = f"http://127.0.0.1:{port}/segment.m4s"
        eventually(answers(peer_url))
        result = interleave({"dais": lambda: measured(segment.url, [server.worker_pid]),
                             "nginx": lambda: measured(peer_url, nginx.pids)})
        report(f"segments of {len(body) / 1e6:.2f} MB, one worker, wrk -c16", [
            *[(f"{name}: CPU", figures["s_per_gb"] * 100, "cs/GB", f"{figures['gb_s']:.1f} GB/s")
              for name, figures in result.items()],
            ("ratio", result["dais"]["s_per_gb"] / result["nginx"]["s_per_gb"], "×", "≤ 0.8"),
        ])
    finally:
        if encoder:
            encoder.stop()
        server.stop()
        nginx.stop()
