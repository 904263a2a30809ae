# SPDX-License-Identifier: MIT
"""The smallest JSON route: CPU per request against a bare libh2o and nginx, same answer, same lines."""
import shutil
import urllib.request
from functools import partial

from harness import (Nginx, Peer, Server, build_folder, eventually, free_ports, interleave, report,
                     tree_cpu_s, wrk)

from dais.tls import Certificate

BODY = b'{"ok":true}\r\n'


def answers(url, body=None):
    def check():
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200 and body in (None, answer.read())
    return check


def measured(url, pids, headers=()):
    before = tree_cpu_s(pids)
    result = wrk(url, headers=headers)
    assert result["errors"] == 0, result
    result["us"] = (tree_cpu_s(pids) - before) / result["requests"] * 1e6
    result["rps"] = result["requests"] / result["seconds"]
    return result


def dais_with_hello(tls_port=None):
    """A server with the benchmark's plugin and no other; with TLS when there is a port for it."""
    server = Server()
    plugin = server.folder / "hello.so"
    shutil.copy(build_folder() / "bench" / "hello.so", plugin)
    plugin.chmod(0o644)
    server.config = f"workers: 1\nplugins:\n  hello:\n    path: {plugin}\n"
    if tls_port:
        server.certificate = Certificate(server.folder, "bench", "localhost")
        server.config += (f"tls:\n  listen: ['127.0.0.1:{tls_port}']\n  certificates:\n"
                          "    - {certificate: bench.pem, key: bench.key}\n")
    return server.start()


def main():
    hello_port, nginx_port = free_ports(2)
    hello = Peer([build_folder() / "bin" / "bench_hello_h2o", str(hello_port)])
    nginx = Nginx(f"server {{ listen 127.0.0.1:{nginx_port}; location / {{ default_type "
                  "application/json; add_header x-content-type-options nosniff; "
                  "return 200 '{\"ok\":true}\r\n'; } }")
    server = dais_with_hello()
    try:
        urls = {"dais": f"{server.url}/hello", "dais, on a fiber": f"{server.url}/hello/fiber",
                "bare libh2o": f"http://127.0.0.1:{hello_port}/",
                "nginx": f"http://127.0.0.1:{nginx_port}/"}
        for url in urls.values():
            eventually(answers(url, BODY))
        pids = {"bare libh2o": hello.pids, "nginx": nginx.pids}
        result = interleave({name: partial(measured, url, pids.get(name, [server.worker_pid]))
                             for name, url in urls.items()})
        ours = result["dais"]["us"]
        report("static JSON route, one worker, wrk -c64", [
            *[(f"{name}: CPU per request", figures["us"], "µs",
               f"{figures['rps'] / 1000:.1f} k/s, p99 {figures['p99']:.2f} ms")
              for name, figures in result.items()],
            ("ratio to bare libh2o", ours / result["bare libh2o"]["us"], "×", "≤ 1.08"),
            ("ratio to nginx", ours / result["nginx"]["us"], "×", "≤ 1.10"),
        ])
    finally:
        server.stop()
        server.remove()
        hello.stop()
        nginx.stop()
