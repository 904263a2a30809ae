# SPDX-License-Identifier: MIT
"""Chat while its code is replaced and while processes die: what was acknowledged is there, once, and
everybody hears all of it in order.

script/soak chat does the first of these with 1,000 members and 200 messages a second, for 30 s.
"""
import itertools
import os
import time

import pytest

from dais import eventually
from dais.chat import WAYS, House
from dais.chat_crowd import Crowd, LoadCrowd, talk
from dais.postgres import Postgres
from dais.reload import reload
from dais.wait import scale

SOAK = "DAIS_SOAK" in os.environ
MEMBERS, SECONDS, PER_SECOND = (1000, 30, 200) if SOAK else (60, 6, 100)
TALKERS = tuple(f"talker{i}" for i in range(50 if SOAK else 4))


@pytest.fixture(scope="module")
def house():
    with House(workers=2, plugins=()) as house:
        yield house


def quantile_ms(talkers, share):
    took = sorted(one for talker in talkers for one in talker.took_s)
    return 1000 * took[int(share * (len(took) - 1))]


def test_nothing_is_lost_while_chat_is_reloaded(house):
    with house.room() as room:
        crowd = (LoadCrowd if SOAK else Crowd)(room, MEMBERS).start()
        talkers = talk(room, TALKERS, PER_SECOND)
        began = time.monotonic()
        reloads = []
        while time.monotonic() < began + SECONDS:
            time.sleep(max(0.0, began + len(reloads) + 1 - time.monotonic()))
            reloads.append(reload(house.server, "chat")[1])
        said = [talker.stop() for talker in talkers]
        seconds = time.monotonic() - began
        assert crowd.stop(sum(said)) == []
        assert sum(said) > PER_SECOND  # however slow the machine is
        assert room.ids() == sorted(one for talker in talkers for one in talker.said)
        print(f"{MEMBERS} members heard {sum(said)} messages in {seconds:.1f} s, none lost, doubled or "
              f"out of order; sends took {quantile_ms(talkers, 0.5):.1f} ms (p50), "
              f"{quantile_ms(talkers, 0.99):.1f} ms (p99), {quantile_ms(talkers, 1):.0f} ms at most; {len(reloads)} reloads of "
              f"{max(reloads):.0f} ms at most")


def test_settings_and_bars_outlast_reloads(house):
    with house.room(slowModeSeconds=60) as room:
        room.bar("pest")
        room.say("anna", "first")
        reload(house.server, "chat")
        assert room.get("guest", "")["settings"]["slowModeSeconds"] == 60
        assert room.way("pest").do("send", message="x").status == 403
        assert room.way("anna").do("send", message="x").status == 429


def talk_through(room, harm):
    """Talkers on all ways while `harm` is done; all of them get through again. The talkers."""
    talkers = talk(room, TALKERS, 400, patient=True)
    eventually(lambda: all(len(talker.said) > 20 for talker in talkers))
    harm()
    before = [len(talker.said) for talker in talkers]
    eventually(lambda: all(len(talker.said) > count + 20
                           for talker, count in zip(talkers, before)), 30)
    for talker in talkers:
        talker.stop()
    return talkers


def check_stored(room, talkers):
    """Everything that was acknowledged, once; and what each said last, which may be stored without
    that he knows."""
    stored = room.messages("owner")
    for talker in talkers:
        theirs = [m for m in stored if m["message"].startswith(talker.name + " ")]
        count = len(talker.said)
        assert [m["message"] for m in theirs[:count]] == [
            f"{talker.name} {i + 1}" for i in range(count)]
        assert [m["id"] for m in theirs[:count]] == talker.said
        assert len(theirs) <= count + 1
    assert len({message["id"] for message in stored}) == len(stored)


def stop_and_start(server):
    server.stop()
    server.start()


def kill_worker(server):
    old = server.worker_pid
    server.kill(old)
    eventually(lambda: server.worker_pid != old, 20, what="another process")
    server.wait_ready()


def test_server_killed_mid_traffic(house):
    with house.room() as room:
        check_stored(room, talk_through(room, lambda: kill_worker(house.server)))


def test_postgres_killed_mid_traffic(house):
    with house.room() as room:
        check_stored(room, talk_through(room, Postgres(house.server).restart))


@pytest.mark.parametrize("ends", [stop_and_start, kill_worker])
def test_delays_and_bars_outlast_the_server(house, ends):
    """What waited to be seen is told once, what was removed meanwhile never; whoever is barred stays
    so."""
    with house.room(isChatDelayed=True, chatDelaySeconds=int(5 * scale())) as room:
        room.bar("pest")
        room.bar("noisy", seconds=600)
        removed = room.say("anna", "bad")["id"]
        said = room.say("anna", "good")
        room.way("owner").done("delete", messageId=removed)
        ends(house.server)
        crowd = room.join("berta")
        for who, way in itertools.product(("pest", "noisy"), WAYS):
            assert room.way(who, way).do("send", message="x").status == 403
        if room.texts("berta") == []:  # unless it took longer than the delay to come back
            assert crowd.next("chat:message", timeout_s=20)["id"] == said["id"]
        room.say("owner", "end")
        crowd.next("chat:message", lambda it: it["message"] == "end")
        assert not [m for m in crowd.kept if m["event"] == "chat:message"
                    and m["data"]["id"] != said["id"]]
        assert room.texts() == ["good", "end"]
