# SPDX-License-Identifier: MIT
"""Many connections at a time and many one after the other: service goes on for who behaves.

script/soak flood does the same with 10,000 idle connections and 5,000 connects per second.
"""
import os

from dais import eventually
from dais.flood import Crowd, latencies, quantile
from dais.processes import rss_bytes
from dais.wait import scale

SOAK = "DAIS_SOAK" in os.environ
IDLE = 10000 if SOAK else 2000
CONNECTS_PER_S = 5000 if SOAK else 1000
REQUESTS = 300
CONNECTION_BYTES_MAX = 24 * 1024
# Latencies here are some tenths of a millisecond, and the clients share the cores with the server.
NOISE_S = 0.002


def test_idle_connections_are_served(server):
    before = rss_bytes(server.worker_pid)
    with Crowd.holding(server, IDLE) as crowd:
        assert crowd.began == {"held": IDLE, "served": IDLE // 2}
        assert server.metric("dais_http_connections") >= IDLE
        each = (rss_bytes(server.worker_pid) - before) / IDLE
        print(f"{each:.0f} bytes for each of {IDLE} idle connections")
        assert crowd.answered() == IDLE
    if scale() == 1:  # the memory of sanitizers is another matter
        assert each < CONNECTION_BYTES_MAX


def test_connects_do_not_slow_down_who_behaves(server, api):
    alone = latencies(api, REQUESTS)
    with Crowd.connecting(server, CONNECTS_PER_S) as crowd:
        crowded = latencies(api, REQUESTS)
    print(f"latency alone {quantile(alone, 0.5):.6f} {quantile(alone, 0.99):.6f} s, "
          f"crowded {quantile(crowded, 0.5):.6f} {quantile(crowded, 0.99):.6f} s, {crowd.ended}")
    assert crowd.ended["answered"] == crowd.ended["asked"] > 0
    assert quantile(crowded, 0.5) <= 2 * quantile(alone, 0.5) + NOISE_S


def test_one_address_cannot_take_all_connections(own_server):
    """The others are closed at once; somebody else is served as ever."""
    server = own_server(config="limits: {http_connections_per_address: 20}\n")
    wires = [server.connect() for _ in range(100)]
    with Crowd.holding(server, 64) as others:  # from 64 addresses
        assert others.answered() == 64
    for wire in wires:
        wire.close()
    closed = eventually(lambda: server.metric("dais_http_connections_crowded_total"))
    assert closed >= 100 - 2 * 20, "two workers take so many"
