# SPDX-License-Identifier: MIT
"""Messages committed per second against pgbench, pages of a long room, and from a sender to all."""
import json
import re
import shutil
import subprocess
import time
from functools import partial

from harness import (RUNS, SECONDS, build_folder, eventually, interleave, report, wrk)

from dais.chat import House

SENDERS = 64
LONG = 1_000_000
TEXT = "Hello everybody, how are you doing today?"
LOCAL = "max_connections = 200\ntrack_activity_query_size = 8192\n"
AUTHOR = "00000000-0000-4000-8000-"
SOCKETS, HTTP, PGBENCH = "/ws", "HTTP", "pgbench"
HOOKED = "with a hook"


class Place:
    """A server with one room and as many who may write as pgbench has clients."""

    def __init__(self, workers=2, hooked=False):
        self.house = House(workers=workers, plugins=())
        self.server = self.house.server
        if hooked:
            path = self.server.folder / "looker.so"
            shutil.copy(build_folder() / "bench" / path.name, path)
            path.chmod(0o644)
            self.server.config += f"  looker:\n    path: {path}\n"
        self.server.start()
        self.server.stop()
        (self.server.data / "postgres" / "local.conf").write_text(LOCAL)
        self.server.start()
        self.room = self.house.room()
        self.tokens = self._senders()
        self.room.say("owner", TEXT)

    def _senders(self):
        """Accounts whose ids pgbench can name, too. They share a password, which takes its time."""
        self.house.person("sender")
        self.server.sql(
            "INSERT INTO auth.users (id, email, name, password, email_verified_at) "
            f"SELECT ('{AUTHOR}' || lpad(to_hex(i), 12, '0'))::uuid, 's' || i || '@example.org', "
            "'Sender ' || i, u.password, now() "
            f"FROM auth.users u, generate_series(0, {SENDERS - 1}) i "
            f"WHERE u.id = '{self.house.id('sender')}'")
        return [self.server.login(f"s{i}@example.org", "correct horse battery").token
                for i in range(SENDERS)]

    def count(self):
        return int(self.server.sql("SELECT count(*) FROM chat.messages")[0][0])

    def stop(self):
        self.server.stop()
        self.server.remove()


def sent(place, way):
    """One run of the senders; it counts what the database holds, and p99 is that of the answers."""
    before = place.count()
    done = subprocess.run(
        [str(build_folder() / "bin" / "bench_senders"), "--port", str(place.server.port), "--way",
         "ws" if way == SOCKETS else "http", "--room", place.room.id, "--text", TEXT, "--seconds",
         str(SECONDS)], input="\n".join(place.tokens), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # What was answered is committed; warming up and what was under way at the end are more.
    assert place.count() - before >= found["per_s"] * found["seconds"], (found, before)
    return found


def statement(place):
    """The insert as the server has prepared it, with values of pgbench's own."""
    found = place.server.sql("SELECT replace(query, E'\\n', ' ') FROM pg_stat_activity WHERE query "
                             "LIKE 'WITH u AS%INSERT INTO chat.messages%$9::timestamptz%' LIMIT 1")
    values = {1: "(:prefix || lpad(to_hex(:id::bigint), 16, '0'))", 2: ":room",
              3: f"('{AUTHOR}' || lpad(to_hex(:client_id::int), 12, '0'))", 4: ":version", 5: ":text",
              6: "NULL", 7: "NULL", 8: "NULL", 9: "now()", 10: ":delay"}
    return re.sub(r"\$(\d+)", lambda match: values[int(match[1])], found[0][0])


def pgbench(place, script):
    """One run of pgbench: each insert is a transaction, in the same database."""
    folder = place.server.data / "run-postgres"
    prefix = f"{time.time_ns() // 1_000_000:012x}7000"
    ((version,),) = place.server.sql(f"SELECT version FROM chat.rooms WHERE id = '{place.room.id}'")
    before = place.count()
    values = {"n": 0, "prefix": prefix, "room": place.room.id, "version": version, "text": TEXT, "delay": 0}
    done = subprocess.run(
        ["pgbench", "-h", str(folder), "-U", "dais", "-n", "-c", str(SENDERS), "-j", "2", "-M",
         "prepared", "-T", str(SECONDS), "-f", str(script),
         *[f"-D{name}={value}" for name, value in values.items()], "postgres"],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0 and place.count() > before, done.stderr[-1000:]
    return {"per_s": float(re.search(r"tps = ([\d.]+)", done.stdout)[1]),
            "p50_ms": float(re.search(r"latency average = ([\d.]+)", done.stdout)[1]), "p99_ms": 0.0}


def committed(workers):
    place = Place(workers)
    hooked = Place(workers, hooked=True)
    try:
        script = place.server.folder / "insert.sql"
        script.write_text(f"\\set n :n + 1\n\\set id :n * {SENDERS} + :client_id\n"
                          f"{statement(place)};\n")
        figures = interleave({
            SOCKETS: partial(sent, place, SOCKETS), HTTP: partial(sent, place, HTTP),
            f"{SOCKETS} {HOOKED}": partial(sent, hooked, SOCKETS),
            f"{HTTP} {HOOKED}": partial(sent, hooked, HTTP),
            PGBENCH: partial(pgbench, place, script)})
    finally:
        hooked.stop()
        place.stop()
    rate = {name: found["per_s"] for name, found in figures.items()}
    report(f"messages committed, {SENDERS} senders, {workers} workers", [
        *[(name, found["per_s"] / 1000, "k/s",
           f"p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms" if found["p99_ms"] else
           f"mean {found['p50_ms']:.1f} ms") for name, found in figures.items()],
        (f"{SOCKETS} to {PGBENCH}", rate[SOCKETS] / rate[PGBENCH], "×", "≥ 3"),
        (f"{HTTP} to {PGBENCH}", rate[HTTP] / rate[PGBENCH], "×", "≥ 2.5"),
        *[(f"{way} {HOOKED} to without", rate[f"{way} {HOOKED}"] / rate[way], "×", "≥ 0.7")
          for way in (SOCKETS, HTTP)]])


def page(place, before):
    query = f"?before={before}" if before else ""
    found = wrk(f"{place.server.url}/api/chat/session/{place.room.id}{query}", connections=1,
                headers=[f"Authorization: Bearer {place.tokens[0]}"])
    assert found["errors"] == 0, found
    return {"ms": found["seconds"] * 1000 / found["requests"], "p99": found["p99"]}


def history():
    """A room of a million messages; a page from its end, and from nearly its beginning."""
    place = Place()
    try:
        place.server.sql(
            "INSERT INTO chat.messages (id, room_id, author_id, type, text, created_at) SELECT "
            "('0190' || lpad(to_hex(i), 8, '0') || '70008000000000000000')::uuid, "
            f"'{place.room.id}', ('{AUTHOR}' || lpad(to_hex(i % {SENDERS}), 12, '0'))::uuid, "
            f"'comment', '{TEXT}', now() FROM generate_series(1, {LONG}) i")
        place.server.sql("VACUUM ANALYZE chat.messages")
        ((deep,),) = place.server.sql(
            f"SELECT id FROM chat.messages WHERE room_id = '{place.room.id}' ORDER BY id OFFSET 500 "
            "LIMIT 1")
        figures = interleave({"first": partial(page, place, None), "deep": partial(page, place, deep)})
    finally:
        place.stop()
    report(f"page of 50 in a room of {LONG:,} messages", [
        *[(name, found["ms"], "ms", f"p99 {found['p99']:.2f} ms") for name, found in figures.items()],
        ("deep to first", figures["deep"]["ms"] / figures["first"]["ms"], "×", "0.8 to 1.2")])


def heard(place, members, rate):
    before = place.count()
    say = json.dumps({"roomId": place.room.id, "message": ""}, separators=(",", ":"))
    done = subprocess.run(
        [str(build_folder() / "bin" / "bench_load"), "--port", str(place.server.port), "--members",
         str(members), "--rate", str(rate), "--seconds", str(SECONDS), "--join", "chat:join",
         "--data", json.dumps({"roomId": place.room.id}), "--delivery", "chat:message", "--event",
         "chat:send", "--say", say.removesuffix('"}'), "--token", place.tokens[0]],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["missing"] == 0 and found["uneven"] == 0, found
    eventually(lambda: place.count() - before == found["sent"])
    return found


def to_everybody(members, rate):
    place = Place()
    try:
        figures = interleave({"all": partial(heard, place, members, rate)})["all"]
    finally:
        place.stop()
    report(f"from a sender to {members} members, {rate} messages per second", [
        ("p50", figures["p50_ms"], "ms", "≤ 10"), ("p99", figures["p99_ms"], "ms", "≤ 40")])


def main():
    print(f"medians of {RUNS} interleaved runs of {SECONDS} s", flush=True)
    for workers in (1, 2):
        committed(workers)
    history()
    to_everybody(1000, 50)
