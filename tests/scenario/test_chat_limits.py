# SPDX-License-Identifier: MIT
"""What moderators have only so much of, and what they alone hear."""
import contextlib
import re
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from dais import eventually
from dais.chat import WAYS, House
from dais.server import build_folder

every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def house():
    with House(workers=3) as house:
        yield house


@pytest.fixture
def room(house):
    with house.room() as room:
        yield room


@pytest.fixture
def full(house, room):
    """A message that 1,000 accounts have reported."""
    said = room.say("anna", "Bad words")["id"]
    house.server.sql(
        "INSERT INTO chat.reports (id, room_id, message_id, reporter_id, reason) "
        f"SELECT gen_random_uuid(), '{room.id}', '{said}', gen_random_uuid(), 'spam' "
        "FROM generate_series(1, 1000)")
    return said


@every_way
def test_the_queue_of_reports_is_bounded(room, full, way):
    refused = room.way("berta", way).do("report", messageId=full, reason="spam")
    assert refused.status == 429 and refused.problem["detail"]


def test_pages_of_reports(room, full):
    found, page = [], room.get("owner", "/reports", limit=100)
    while True:
        found += [report["id"] for report in page["reports"]]
        if "next" not in page:
            break
        page = room.get("owner", "/reports", limit=100, before=page["next"])
    assert len(found) == len(set(found)) == 1000


@every_way
def test_a_decision_counts_for_all_reports_of_a_message(house, room, full, way):
    report = room.get("owner", "/reports", limit=1)["reports"][0]["id"]
    owner = room.way("owner", way)
    done = owner.done("resolve", reportId=report, action="delete")
    assert done["status"] == "deleted" and done["resolvedBy"] == house.id("owner")
    assert done["message"] == "Bad words"  # moderators read it still
    assert room.get("owner", "/reports")["reports"] == [] and room.texts() == []
    assert owner.done("resolve", reportId=report, action="delete")["status"] == "deleted"
    assert owner.do("resolve", reportId=report, action="dismiss").status == 409


def test_a_bar_that_is_refused_leaves_the_report_open(room):
    room.appoint("helper")
    said = room.say("owner", "x")["id"]
    report = room.way("anna").done("report", messageId=said, reason="spam")["id"]
    assert room.way("helper").do("resolve", reportId=report, action="bar").status == 403
    assert room.get("owner", "/reports")["reports"][0]["status"] == "open"
    assert room.texts() == ["x"]


@every_way
def test_moderators_of_a_room_are_bounded(house, room, way):
    assert room.get("owner", "/moderators") == {"moderators": []}
    house.server.sql("INSERT INTO chat.moderators (room_id, user_id, added_by) "
                     f"SELECT '{room.id}', gen_random_uuid(), '{house.id('owner')}' "
                     "FROM generate_series(1, 100)")
    refused = room.way("owner", way).do("appoint", userId=house.id("anna"))
    assert refused.status == 409 and refused.problem["detail"]


@every_way
def test_pins_are_bounded(room, way):
    owner = room.way("owner", way)
    said = [room.say("anna", f"m{i}")["id"] for i in range(6)]
    for message in said[:5]:
        owner.done("pin", messageId=message)
    refused = owner.do("pin", messageId=said[5])
    assert refused.status == 409 and refused.problem["detail"]
    owner.done("pin", messageId=said[0])  # it is pinned already
    owner.done("unpin", messageId=said[0])
    owner.done("pin", messageId=said[5])


def test_who_is_dismissed_hears_no_more(house, room):
    room.appoint("helper")
    helper, owner = room.join("helper", "ws"), room.join("owner", "socketio")
    room.bar("pest", seconds=60, reason="spam")
    for desk in (helper, owner):
        told = desk.next("chat:bars")
        assert told["userId"] == house.id("pest") and told["barred"] and told["reason"] == "spam"
    room.way("owner").done("dismiss", userId=house.id("helper"))
    assert helper.next("chat:moderator") == {
        "roomId": room.id, "userId": house.id("helper"), "value": False}
    room.way("owner").done("unbar", userId=house.id("pest"))
    assert owner.next("chat:bars")["barred"] is False
    room.say("anna", "They hear")
    helper.next("chat:message")
    helper.none("chat:bars")


def test_a_clear_that_names_a_user_in_its_body(house, room):
    """Nobody is cleared whom the client did not mean."""
    room.say("anna", "stays")
    room.say("pest", "goes")
    house.person("owner").request("DELETE", f"/api/chat/rooms/{room.id}/messages",
                                  {"userId": house.id("pest")}).expect(200)
    assert room.texts() == ["stays"]


def test_what_is_held_back_is_no_business_of_others(room):
    room.set(isChatDelayed=True, chatDelaySeconds=60)
    held = room.say("anna", "Not yet")["id"]
    assert room.way("carla").do("report", messageId=held, reason="spam").status == 404
    assert room.way("owner").do("pin", messageId=held).status == 409


def test_a_clear_takes_what_is_held_back(room):
    room.set(isChatDelayed=True, chatDelaySeconds=1)
    crowd, desk = room.join("carla"), room.join("owner", "socketio")
    room.say("anna", "held")
    desk.next("chat:message")
    room.way("owner").done("clear")
    later = room.say("anna", "later")["id"]
    assert crowd.next("chat:message")["id"] == later
    assert room.texts() == ["later"]


def test_settings_that_cannot_stand(room):
    owner = room.way("owner")
    for name, value in {"messageMax": 501, "blockedWords": ["x" * 51], "slowModeSeconds": -1,
                        "writers": "nobody", "chatDelaySeconds": 61}.items():
        refused = owner.do("settings", **{name: value})
        assert refused.status == 400 and refused.problem["field"] == name, refused


def wrote(room, who, count, ago_s):
    """What somebody wrote back then, a millisecond each; ids from old to new."""
    begin_ms = int((time.time() - ago_s) * 1000)
    ids = [str(uuid.UUID(int=(begin_ms + i) << 80 | 7 << 76 | 2 << 62 | uuid.uuid4().int >> 68))
           for i in range(count)]
    room.house.server.sql(
        "INSERT INTO chat.messages (id, room_id, author_id, type, text, created_at) "
        f"SELECT x::uuid, '{room.id}', '{room.house.id(who)}', 'comment', 'old', now() "
        f"FROM unnest('{{{','.join(ids)}}}'::text[]) x")
    return ids


@every_way
def test_a_bar_that_removes_much_leaves_what_is_older(house, room, way):
    """It is told as one event with both bounds, so that nobody drops what stays."""
    viewer = room.join("anna")
    older, newer = wrote(room, "pest", 3, 3600), wrote(room, "pest", 1201, 30)
    others = wrote(room, "carla", 3, 20)
    room.way("owner", way).done("bar", userId=house.id("pest"), seconds=60, deleteMessages=60)
    told = viewer.next("chat:cleared")
    assert told["roomId"] == room.id and told["userId"] == house.id("pest")
    assert older[-1] < told["from"] <= newer[0] and told["clearedThrough"] == newer[-1]
    assert room.ids() == older + others
    room.way("owner").done("unbar", userId=house.id("pest"))


@every_way
def test_a_clear_of_one_account_takes_all_of_it(house, room, way):
    viewer = room.join("anna")
    wrote(room, "pest", 1001, 3600)
    others = wrote(room, "carla", 3, 7200)
    done = room.way("owner", way).done("clear", userId=house.id("pest"))
    assert viewer.next("chat:cleared") == {
        "roomId": room.id, "clearedThrough": done["clearedThrough"], "userId": house.id("pest")}
    assert room.ids() == others


@contextlib.contextmanager
def held(server, statement):
    """A transaction that has done this, and ends when it is left."""
    folder = (server.data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    with subprocess.Popen(["psql", "-XqAt", "-h", folder, "-U", "dais", "-d", "postgres"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as psql:
        psql.stdin.write(f"BEGIN; {statement};\n")
        psql.stdin.flush()
        assert psql.stdout.readline()
        yield
        psql.stdin.close()


@pytest.mark.parametrize("deed", ["pin", "delete", "bar", "clear", "settings"])
def test_who_is_dismissed_while_he_waits_does_nothing(house, room, deed):
    room.appoint("helper")
    said = room.say("anna", "stays")["id"]
    fields = {"pin": {"messageId": said}, "delete": {"messageId": said}, "clear": {},
              "bar": {"userId": house.id("anna")}, "settings": {"slowModeSeconds": 7}}[deed]
    helper, owner = room.way("helper"), room.way("owner")
    with ThreadPoolExecutor(2) as pool:
        with held(house.server, f"SELECT 1 FROM chat.rooms WHERE id = '{room.id}' FOR UPDATE"):
            dismissed = pool.submit(owner.do, "dismiss", userId=house.id("helper"))
            eventually(lambda: house.server.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), 5)
            done = pool.submit(helper.do, deed, **fields)
            for _ in range(5):
                room.page()  # it has come as far as this by now
        assert dismissed.result().ok and done.result().status == 403
    assert room.texts() == ["stays"] and room.get("owner", "/bars")["bars"] == []


def plan(server, pattern, types, values):
    """How the database runs a statement of chat with parameters that it does not know."""
    built = (build_folder() / "plugins" / "chat.so").read_bytes()
    statement = re.search(pattern, built).group().decode()
    rows = server.sql(f"SET plan_cache_mode = force_generic_plan; PREPARE p({types}) AS "
                      f"{statement}; BEGIN; EXPLAIN (ANALYZE, BUFFERS) EXECUTE p({values}); ROLLBACK")
    return "\n".join(row[0] for row in rows)


def test_what_is_deleted_costs_pages_nothing(house, room):
    """However much was deleted, and whoever else talks, a page reads what it shows."""
    server, owner = house.server, room.way("owner")
    wrote(room, "carla", 20, 7200)
    wrote(room, "pest", 3000, 3600)
    owner.done("clear", userId=house.id("pest"))
    with house.room() as other:
        wrote(other, "pest", 3000, 3600)
    server.sql("VACUUM ANALYZE chat.messages")
    page = plan(server, rb"SELECT m\.id, [^\0]+ ORDER BY n\.id DESC [^\0]+",
                "uuid, uuid, int, uuid, bigint", f"'{room.id}', NULL, 0, NULL, 50")
    sweep = plan(server, rb"WITH bite AS [^\0]+", "uuid, uuid, uuid, uuid, uuid",
                 f"'{room.id}', '{house.id('carla')}', NULL, NULL, '{house.id('owner')}'")
    purge = plan(server, rb"DELETE FROM chat\.messages [^\0]+ UNION ALL [^\0]+", "uuid, bigint",
                 f"'{room.id}', 500")
    for lines in (page, sweep, purge):
        assert "Seq Scan on messages" not in lines, lines
    assert "messages_room" in page and "Rows Removed by Filter" not in page, page
    assert "messages_client" in sweep, sweep
    assert "messages_room" in purge and "messages_deleted" in purge, purge
