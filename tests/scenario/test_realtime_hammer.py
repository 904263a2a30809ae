# SPDX-License-Identifier: MIT
"""Crowds that come and go while plugins are reloaded: nobody misses an event, none comes twice.

script/soak hammer does the same with 2,000 members for a minute.
"""
import os

from dais import eventually
from dais.crowd import configure
from dais.processes import rss_bytes
from dais.reload import Reloader
from dais.swarm import Swarm
from dais.wait import scale

SOAK = "DAIS_SOAK" in os.environ
MEMBERS, SECONDS, ROOMS = (2000, 60, 20) if SOAK else (300, 10, 6)
PER_SECOND, STAY_S = (60, (0.05, 20.0)) if SOAK else (60, (0.05, 3.0))
PONG_MS = 5000 if SOAK else 1500
RELOAD_MS = 500
RELOAD_BYTES = 100 * 1024  # code is never unloaded


def test_every_event_reaches_every_member_once(own_server):
    # Somebody who vanishes between two polls is missed when a ping is not answered.
    server = configure(own_server(start=False), workers=2, plugin_loads=10000,
                       eio_ping_interval_ms=500,
                       eio_ping_timeout_ms=int(PONG_MS * scale())).start()
    warm = Swarm(server, MEMBERS, ROOMS, stay_s=STAY_S)  # what grows to its size does so
    warm.run(1, PER_SECOND)
    assert warm.problems == []
    before = rss_bytes(server.worker_pid)

    reloader = Reloader(server, RELOAD_MS).start()
    swarm = Swarm(server, MEMBERS, ROOMS, stay_s=STAY_S)
    for publisher in swarm.publishers.values():
        publisher.said = warm.publishers[publisher.room].said  # the rooms are still there
    swarm.run(SECONDS, PER_SECOND)
    reloads = reloader.stop()
    print(f"{swarm.summary()}; {reloads} reloads")
    assert swarm.problems == []
    assert all(swarm.replayed.values()), "somebody came back to nothing in each way of speaking"

    def is_small_again():
        return rss_bytes(server.worker_pid) <= before * 1.1 + reloads * RELOAD_BYTES
    if scale() == 1:  # the memory of sanitizers is another matter
        eventually(is_small_again, 5, what=f"{before} bytes as before, a tenth more at most")
    print(f"memory {before / 1e6:.1f} MB before, {rss_bytes(server.worker_pid) / 1e6:.1f} MB after")
