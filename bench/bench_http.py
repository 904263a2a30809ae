# SPDX-License-Identifier: MIT
"""The smallest route: CPU per request against a bare libh2o and nginx."""
from harness import (Nginx, Peer, Server, build_folder, eventually, free_ports, interleave, report,
                     tree_cpu_s, wrk)
import urllib.request


def answers(url):
    def check():
        return urllib.request.urlopen(url, timeout=2).status == 200
    return check


def measured(url, pids):
    before = tree_cpu_s(pids)
    result = wrk(url)
    assert result["errors"] == 0, result
    result["us"] = (tree_cpu_s(pids) - before) / result["requests"] * 1e6
    result["rps"] = result["requests"] / result["seconds"]
    return result


def main():
    hello_port, nginx_port = free_ports(2)
    hello = Peer([build_folder() / "bin" / "bench_hello_h2o", str(hello_port)])
    nginx = Nginx(f"server {{ listen 127.0.0.1:{nginx_port}; location / {{ default_type "
                  "application/json; return 200 '{\"status\":\"ok\"}'; } }")
    server = Server(config="workers: 1\n").start()
    try:
        urls = {"dais": (f"{server.url}/healthz", [server.worker_pid]),
                "bare libh2o": (f"http://127.0.0.1:{hello_port}/", hello.pids),
                "nginx": (f"http://127.0.0.1:{nginx_port}/", None)}
        for url, _ in urls.values():
            eventually(answers(url))
        urls["nginx"] = (urls["nginx"][0], nginx.pids)
        result = interleave({name: (lambda u=u, p=p: measured(u, p))
                             for name, (u, p) in urls.items()})
        ours = result["dais"]["us"]
        report("static JSON route, one worker, wrk -c64", [
            *[(f"{name}: CPU per request", figures["us"], "µs", "") for name, figures in
              result.items()],
            *[(f"{name}: requests", figures["rps"], "1/s", f"p99 {figures['p99']:.2f} ms")
              for name, figures in result.items()],
            ("ratio to bare libh2o", ours / result["bare libh2o"]["us"], "×", "≤ 1.08"),
            ("ratio to nginx", ours / result["nginx"]["us"], "×", "≤ 1.10"),
        ])
    finally:
        server.stop()
        hello.stop()
        nginx.stop()
