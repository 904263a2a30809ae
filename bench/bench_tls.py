# SPDX-License-Identifier: MIT
"""The smallest route over TLS against nginx: CPU of a request on a kept connection, and of a new one."""
from functools import partial

from bench_http import dais_with_hello, measured
from harness import Nginx, eventually, free_ports, interleave, report

from dais.tls import Certificate, SecureApi

CLOSE = ("Connection: close",)


def answers(port, path):
    return lambda: SecureApi("127.0.0.1", port).get(path).status == 200


def nginx_with(certificate, port):
    return Nginx(f"ssl_certificate {certificate.path}; ssl_certificate_key {certificate.key};"
                 "ssl_protocols TLSv1.2 TLSv1.3;"
                 f"server {{ listen 127.0.0.1:{port} ssl; location / {{ default_type "
                 "application/json; add_header x-content-type-options nosniff; "
                 "return 200 '{\"ok\":true}\r\n'; } }")


def main():
    port, nginx_port = free_ports(2)
    server = dais_with_hello(tls_port=port)
    nginx = nginx_with(server.certificate, nginx_port)
    try:
        eventually(answers(port, "/hello"))
        eventually(answers(nginx_port, "/"))
        urls = {"dais": (f"https://127.0.0.1:{port}/hello", [server.worker_pid]),
                "nginx": (f"https://127.0.0.1:{nginx_port}/", nginx.pids)}
        kept = interleave({name: partial(measured, *place) for name, place in urls.items()})
        new = interleave({name: partial(measured, *place, headers=CLOSE)
                          for name, place in urls.items()})
        report("static JSON route over TLS 1.3, P-256, one worker, wrk -c64", [
            *[(f"{name}: CPU per request", figures["us"], "µs",
               f"{figures['rps'] / 1000:.1f} k/s, p99 {figures['p99']:.2f} ms")
              for name, figures in kept.items()],
            ("requests of a CPU second, ratio to nginx", kept["nginx"]["us"] / kept["dais"]["us"],
             "×", "≥ 0.9"),
            *[(f"{name}: CPU per new connection", figures["us"], "µs",
               f"{figures['rps'] / 1000:.2f} k/s, p99 {figures['p99']:.2f} ms")
              for name, figures in new.items()],
            ("connections of a CPU second, ratio to nginx", new["nginx"]["us"] / new["dais"]["us"],
             "×", "≥ 0.9"),
        ])
    finally:
        server.stop()
        server.remove()
        nginx.stop()
