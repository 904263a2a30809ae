# SPDX-License-Identifier: MIT
"""Operations of one plugin, hooks of others: amended, refused, observed, heard of.

The plugin `shelf` owns the operation shelf.item.create; `amend` adds a suffix to titles, notes items
inside of the transaction and writes down what it hears after the commit; `veto` refuses a word, and its
hooks `closed` and `open` do what an item's note says.
"""
import re
import shutil
import threading
import time

import pytest

from dais import eventually
from dais.server import build_folder
from dais.wait import scale

LIMITS = "limits:\n  outbox_attempts: 4\n  outbox_poll_ms: 200\n"


def plugin(server, name, path=None, **keys):
    """A row below `plugins:` for a copy of a test plugin that any user may read."""
    path = path or server.folder / f"{name}.so"
    if not path.exists():
        shutil.copy(build_folder() / "tests" / "plugins" / f"{name}.so", path)
        path.chmod(0o644)
    rows = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"  {name}:\n    path: {path}\n{rows}"


def start(server, *rows, wait=True):
    server.config = f"workers: 2\n{LIMITS}plugins:\n" + "".join(rows)
    server.start(wait=wait)


def put(server, title, shelf="a", note=None):
    body = {"shelf": shelf, "title": title, **({"note": note} if note else {})}
    return server.api().post("/shelf/items", body)


def titles(server):
    return [item["title"] for item in server.api().get("/shelf/items").expect(200).json]


def heard(server, shelf=None):
    rows = server.api().get("/amend/heard").expect(200).json
    return [row for row in rows if shelf in (None, row["shelf"])]


@pytest.fixture(name="hooked", scope="module")
def _hooked():
    """A server with the three plugins; each test uses shelves of its own."""
    from conftest import _end, _serve
    server = _serve()
    start(server, plugin(server, "veto", word='"stop!"'), plugin(server, "amend", suffix='"!"'),
          plugin(server, "shelf"))
    yield server
    _end(server)


# -- before -------------------------------------------------------------------------------------


def test_a_veto_names_the_field_and_stores_nothing(hooked):
    answer = put(hooked, "please stop!", "veto").expect(403)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["code"] == "denied" and answer.json["field"] == "title"
    assert answer.json["detail"] == "has a word that nobody wants to read"
    assert not [title for title in titles(hooked) if "stop" in title]


def test_an_amendment_is_what_counts(hooked):
    answer = put(hooked, "one", "amended").expect(201).json
    assert answer == {"shelf": "amended", "title": "one!", "note": "amended", "number": 1}
    assert "one!" in titles(hooked)
    assert "one!" in hooked.api().get("/amend/notes").json
    row = eventually(lambda: heard(hooked, "amended"))[0]
    assert row["title"] == "one!" and row["number"] == 1 and row["attempt"] == 1


def test_hooks_run_in_the_order_of_their_priority(hooked):
    """`veto` (20) sees what `amend` (10) made of the title."""
    put(hooked, "do stop", "order").expect(403)


@pytest.mark.parametrize("deed", ["fail", "hide", "end", "deep"])
def test_a_fail_closed_hook_that_fails_fails_the_operation(hooked, deed):
    answer = put(hooked, f"closed {deed}", "closed", f"closed:{deed}").expect(503)
    assert answer.json["detail"] == "the plugin veto failed at shelf.item.create"
    assert int(answer.headers["retry-after"]) > 0
    assert f"closed {deed}!" not in titles(hooked)


@pytest.mark.parametrize("deed", ["fail", "lie", "touch", "hide", "write", "end", "deep"])
def test_a_fail_open_hook_that_fails_is_passed_over(hooked, deed):
    answer = put(hooked, f"open {deed}", "open", f"open:{deed}").expect(201).json
    assert answer["title"] == f"open {deed}!" and answer["shelf"] == "open"
    assert f"open {deed}!" in titles(hooked)
    assert hooked.api().get("/veto/traces").text == "0"


@pytest.mark.parametrize("deed, reason", [("lie", "what it made of title must"),
                                          ("touch", "what it made of shelf is not for hooks")])
def test_a_hook_that_breaks_the_rules_is_charged_for_it(hooked, deed, reason):
    answer = put(hooked, f"closed {deed}", "rules", f"closed:{deed}").expect(500)
    assert answer.json["code"] == "internal"
    assert re.search(f'event="hook failed".*id=veto hook=closed.*{reason}', hooked.log())


@pytest.mark.parametrize("deed", ["sleep", "query"])
def test_a_hook_ends_with_its_time_limit(hooked, deed):
    begun = time.monotonic()
    put(hooked, "in time", "limit", f"open:{deed}").expect(201)
    put(hooked, "too late", "limit", f"closed:{deed}").expect(503)
    assert time.monotonic() - begun < 3 * scale()
    assert "in time!" in titles(hooked) and "too late!" not in titles(hooked)
    assert hooked.metric("dais_hook_timeouts_total") >= 2


def test_describe_lists_operations_and_hooks_in_their_order(hooked):
    told = hooked.cli("describe", "hooks").stdout
    order = re.findall(r"shelf.item.create\s+(before|after|after_commit)\b.*?(amend|veto)\s+(\w+)",
                       told)
    assert order == [("before", "amend", "suffix"), ("before", "veto", "word"),
                     ("before", "veto", "closed"), ("before", "veto", "open"),
                     ("after", "amend", "note"), ("after", "veto", "late"),
                     ("after_commit", "amend", "hear")]
    assert "shelf*, title, note, number" in hooked.cli("describe", "operations").stdout


# -- inside of the transaction ------------------------------------------------------------------


def test_an_after_hook_that_fails_undoes_everything(hooked):
    put(hooked, "late", "late").expect(503)
    assert "late!" not in titles(hooked)
    assert "late!" not in hooked.api().get("/amend/notes").json
    assert heard(hooked, "late") == []


def test_a_service_writes_in_the_transaction_of_its_caller(hooked):
    api = hooked.api()
    kept = api.post("/shelf/noted", {"title": "kept", "commit": True}).expect(200).json
    undone = api.post("/shelf/noted", {"title": "undone", "commit": False}).expect(200).json
    assert "kept" in titles(hooked) and "kept" in api.get("/amend/notes").json
    assert "undone" not in titles(hooked) and "undone" not in api.get("/amend/notes").json
    state = -13  # who did not begin it cannot end it, and an ended one takes nothing more
    assert kept == {"meddled": state, "ended": 0, "after": state}
    assert undone == {"meddled": state, "ended": 0, "after": state}


def test_an_operation_without_hooks_costs_a_look_up(hooked):
    assert hooked.api().get("/shelf/speed").expect(200).json["ns"] < 500 * scale()


# -- after the commit ---------------------------------------------------------------------------


def test_after_commit_is_heard_at_once(hooked):
    begun = time.monotonic()
    put(hooked, "quick", "quick").expect(201)
    eventually(lambda: heard(hooked, "quick"))
    assert time.monotonic() - begun < 0.15 * scale()


def test_what_failed_is_told_again_and_its_key_waits(hooked):
    for title in ("stubborn", "second", "third"):
        put(hooked, title, "waiting").expect(201)
    put(hooked, "free", "another").expect(201)
    eventually(lambda: len(heard(hooked, "waiting")) == 3)
    assert [(row["title"], row["attempt"]) for row in heard(hooked, "waiting")] == [
        ("stubborn!", 3), ("second!", 1), ("third!", 1)]
    order = [row["title"] for row in heard(hooked)]
    assert order.index("free!") < order.index("stubborn!")


def test_what_never_succeeds_is_set_aside(hooked):
    put(hooked, "hopeless", "hopeless").expect(201)
    put(hooked, "behind it", "hopeless").expect(201)
    eventually(lambda: heard(hooked, "hopeless"), 20)
    assert [row["title"] for row in heard(hooked, "hopeless")] == ["behind it!"]
    dead = hooked.sql("SELECT subscriber, operation, key, attempts, reason FROM dais.outbox_dead")
    assert dead == [["amend/hear", "shelf.item.create", "hopeless", "4", "DAIS_E_INTERNAL"]]
    assert hooked.metric("dais_outbox_dead_total") == 1
    assert 'event="delivery given up"' in hooked.log()


def test_every_item_is_heard_in_its_order_whatever_is_killed(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "amend", wait_ms=5), plugin(server, "shelf"))
    made = {"a": 0, "b": 0}

    def make(count):
        for _ in range(count):
            for shelf in made:
                made[shelf] += put(server, "item", shelf).status == 201

    make(30)
    server.kill(server.worker_pid)
    eventually(lambda: server.api(timeout_s=2).get("/readyz").status == 200, 20)
    make(20)
    server.kill(server.postgres_pid)
    eventually(lambda: put(server, "item", "b").status == 201, 20)
    made["b"] += 1
    items = eventually(lambda: server.api().get("/shelf/items").expect(200).json)
    stored = {shelf: len([1 for item in items if item["shelf"] == shelf]) for shelf in made}
    assert all(stored[shelf] >= made[shelf] for shelf in made)
    for shelf in made:
        eventually(lambda: len(heard(server, shelf)) >= stored[shelf], 30)
        assert [row["number"] for row in heard(server, shelf)] == list(
            range(1, stored[shelf] + 1))
    assert server.sql("SELECT count(*) FROM dais.outbox") == [["0"]]


def test_two_nodes_tell_everything_once(own_server):
    first = own_server(start=False)
    start(first, plugin(first, "amend"), plugin(first, "shelf"))
    socket = next(first.data.rglob(".s.PGSQL.5432"))
    second = own_server(start=False, env={
        "DATABASE_URL": f"postgresql://dais@/postgres?host={socket.parent}"})
    start(second, plugin(second, "amend"), plugin(second, "shelf"))
    for _ in range(40):
        put(first, "of the first", "shared").expect(201)
        put(second, "of the second", "shared").expect(201)
    eventually(lambda: len(heard(first, "shared")) >= 80)
    assert [row["number"] for row in heard(first, "shared")] == list(range(1, 81))
    assert {row["attempt"] for row in heard(first, "shared")} == {1}
    second.stop()


# -- plugins that are out -----------------------------------------------------------------------


def test_a_decision_waits_for_a_plugin_that_is_out(own_server):
    """Fail-closed operations answer 503 with the reason, and after_commit rows are kept."""
    server = own_server(start=False)
    rows = [plugin(server, "veto"), plugin(server, "amend"), plugin(server, "shelf")]
    start(server, *rows)
    put(server, "before").expect(201)
    eventually(lambda: heard(server))
    server.stop()
    broken = server.folder / "broken.so"
    broken.write_bytes(b"no plugin any more")
    start(server, plugin(server, "veto", broken, required="false"), rows[1], rows[2])
    answer = put(server, "while it is out").expect(503)
    assert answer.json["detail"].startswith("shelf.item.create needs the plugin veto: ")
    assert "is no shared object" in answer.json["detail"]
    server.stop()
    start(server, plugin(server, "amend", broken, required="false"), rows[2])
    put(server, "while nobody listens").expect(503)  # amend notes items fail-closed
    server.sql("INSERT INTO dais.outbox (subscriber, operation, key, value) VALUES "
               "('amend/hear', 'shelf.item.create', 'a', '{\"title\": \"kept\", \"later\": 1}')")
    server.stop()
    start(server, *rows)
    eventually(lambda: [row["title"] for row in heard(server)] == ["before", "kept"])


def test_rows_wait_a_week_for_a_plugin_that_is_gone(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "shelf"))
    for age in ("6 days", "8 days"):
        server.sql("INSERT INTO dais.outbox (subscriber, operation, value, created_at) VALUES "
                   f"('gone/hear', 'shelf.item.create', '{{}}', now() - interval '{age}')")
    server.stop()
    start(server, plugin(server, "shelf"))
    eventually(lambda: server.sql("SELECT count(*) FROM dais.outbox") == [["1"]])
    eventually(lambda: re.search('event="rows of the outbox dropped.* rows=1', server.log()))


def test_hooks_hold_while_all_plugins_are_replaced(own_server):
    """No decision is missed, nothing fails, and everything is heard once."""
    server = own_server(start=False)
    start(server, plugin(server, "veto"), plugin(server, "amend", suffix='"!"'),
          plugin(server, "shelf"))
    over, failed, made = threading.Event(), [], 0

    def replace():
        while not over.is_set():
            for name in ("veto", "amend", "shelf"):
                done = server.cli("plugin", "reload", name)
                failed.extend([done.stderr] if done.returncode else [])

    thread = threading.Thread(target=replace)
    thread.start()
    until = time.monotonic() + 3
    try:
        while time.monotonic() < until:
            assert put(server, "item", "kept").expect(201).json["title"] == "item!"
            put(server, "a forbidden one", "kept").expect(403)
            made += 1
    finally:
        over.set()
        thread.join()
    assert not failed
    assert server.log().count('event="plugin reloaded"') >= 6
    eventually(lambda: len(heard(server, "kept")) >= made)
    assert [row["number"] for row in heard(server, "kept")] == list(range(1, made + 1))
    assert server.sql("SELECT count(*) FROM amend.notes") == [[str(made)]]


def test_a_hook_that_crashes_takes_the_process_not_the_data(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "veto"), plugin(server, "shelf"))
    pid = server.worker_pid
    with pytest.raises(OSError):
        put(server, "crash", note="open:crash")
    eventually(lambda: server.worker_pid != pid)
    eventually(lambda: server.api(timeout_s=2).get("/readyz").status == 200, 20)
    assert titles(server) == []
    put(server, "and on").expect(201)


def test_a_fail_closed_hook_in_quarantine_is_waited_for(own_server):
    server = own_server(start=False)
    rows = plugin(server, "veto"), plugin(server, "shelf")
    server.config = "workers: 2\nlimits:\n  crash_count: 1\nplugins:\n" + "".join(rows)
    server.start()
    with pytest.raises(OSError):
        put(server, "crash", note="open:crash")
    eventually(lambda: server.api(timeout_s=2).get("/readyz").status == 200, 20)
    answer = put(server, "while it is out").expect(503)
    assert answer.json["detail"].startswith("shelf.item.create needs the plugin veto: ")
    assert "veto" in server.cli("describe", "hooks").stdout
    released = server.cli("plugin", "release", "veto")
    assert released.returncode == 0, released.stderr
    put(server, "and on").expect(201)
    put(server, "a forbidden one").expect(403)


# -- operations of the bundled plugins ----------------------------------------------------------


def test_streams_are_amended_and_refused(own_server):
    server = own_server(start=False)
    start(server, "  auth: {}\n  streams: {}\n", plugin(server, "veto"),
          plugin(server, "amend", suffix='" (test)"'))
    owner = server.user(role="admin")
    made = owner.post("/api/streams", {"title": "Morning"}).expect(201).json
    assert made["title"] == "Morning (test)"
    assert owner.get(f"/api/streams/{made['id']}").json["title"] == "Morning (test)"
    refused = owner.post("/api/streams", {"title": "a forbidden one"}).expect(403).json
    assert refused["field"] == "title"
    long = owner.post("/api/streams", {"title": "x" * 199}).expect(201).json
    assert long["title"] == "x" * 199  # what would be too long is not taken from the hook


def test_an_account_that_is_removed_takes_its_streams_along(own_server):
    server = own_server(start=False)
    start(server, "  auth: {}\n  streams: {}\n")
    admin, owner = server.user(role="admin"), server.user(role="admin")
    mine = admin.post("/api/streams", {"title": "stays"}).expect(201).json
    for _ in range(3):
        owner.post("/api/streams", {"title": "goes"}).expect(201)
    admin.delete(f"/api/users/{owner.user['id']}").expect(204)
    eventually(lambda: [stream["id"] for stream in
                        server.api().get("/api/streams").json["streams"]] == [mine["id"]])
