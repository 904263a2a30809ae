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
    server = Server(config="workers: 1\n").start()
    encoder = None
    try:
        stream = server.user(role="admin").post("/api/streams", {"title": "x"}).expect(201).json
        encoder = publisher(f"{server.rtmp_url}/{stream['streamKey']}", 4)
        hls = Hls(server, stream["playbackId"])
        eventually(lambda: len(hls.media()[0].segments) > 2, 30)
        copy = nginx.folder / "segment.m4s"

        def newest():
            """The stream goes on, at a cost that counts as ours; so each run takes a new segment."""
            return hls.media()[0].segments[-1].url

        def ours():
            return measured(newest(), [server.worker_pid])

        def theirs():
            copy.write_bytes(hls.bytes(newest()))
            return measured(f"http://127.0.0.1:{port}/{copy.name}", nginx.pids)
        result = interleave({"dais": ours, "nginx": theirs})
        report(f"segments of {copy.stat().st_size / 1e6:.2f} MB, one worker, wrk -c16", [
            *[(f"{name}: CPU", figures["s_per_gb"] * 100, "cs/GB", f"{figures['gb_s']:.1f} GB/s")
              for name, figures in result.items()],
            ("ratio", result["dais"]["s_per_gb"] / result["nginx"]["s_per_gb"], "×", "≤ 0.8"),
        ])
    finally:
        if encoder:
            encoder.stop()
        server.stop()
        server.remove()
        nginx.stop()
