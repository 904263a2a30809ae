# SPDX-License-Identifier: MIT
"""What an operator sees from outside: metrics as Prometheus wants them, and lines that machines read."""
import json
import re

import pytest

from dais import eventually

NAME = re.compile(r"^[a-z][a-z0-9_]*$")
SERIES = re.compile(r'^([a-z_][a-z0-9_]*)(\{([^}]*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
KINDS = {"counter", "gauge", "histogram"}
BAD_UNITS = {"ms", "us", "ns", "milliseconds", "microseconds", "minutes", "hours", "kb", "kib", "mb",
             "mib", "kilobytes", "megabytes", "percent"}
SUFFIXES = ("_bucket", "_sum", "_count")


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.kind, self.series = name, text, None, {}

    def owns(self, name):
        return name == self.name or (self.kind == "histogram" and
                                     name in {self.name + suffix for suffix in SUFFIXES})


def labels_of(text):
    if not text:
        return ()
    found = LABEL.findall(text)
    assert "".join(f'{name}="{value}",' for name, value in found).rstrip(",") == text.rstrip(","), text
    assert len({name for name, _ in found}) == len(found), f"a label twice: {text}"
    return tuple(sorted(found))


def parse(text):
    """Text format 0.0.4, and nothing but it: every family once, HELP then TYPE then its series."""
    assert text.endswith("\n")
    families, family = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, prose = line[7:].partition(" ")
            assert name not in families, f"{name} comes twice"
            assert prose, f"{name} has no help"
            family = families[name] = Family(name, prose)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == family.name and family.kind is None and not family.series
            assert kind in KINDS
            family.kind = kind
        else:
            match = SERIES.match(line)
            assert match, f"no series: {line!r}"
            name, _, labels, value = match.groups()
            assert family.kind and family.owns(name), f"{name} stands below {family.name}"
            key = (name, labels_of(labels))
            assert key not in family.series, f"{key} comes twice"
            family.series[key] = float(value)
    return families


def check_name(family):
    assert NAME.match(family.name) and "__" not in family.name
    assert not set(family.name.split("_")) & BAD_UNITS, f"{family.name}: base units"
    assert not set(family.name.split("_")) & KINDS, f"{family.name} names its kind"
    assert family.name.endswith("_total") == (family.kind == "counter"), family.name
    assert not family.name.endswith(SUFFIXES), family.name


def check_histogram(family):
    by_rest = {}
    for (name, labels), value in family.series.items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        bound = dict(labels).get("le")
        assert (bound is not None) == name.endswith("_bucket")
        by_rest.setdefault(rest, {})[bound if bound else name] = value
    for cells in by_rest.values():
        bounds = [(float(bound), value) for bound, value in cells.items()
                  if not bound.startswith(family.name)]
        assert bounds == sorted(bounds) and bounds[-1][0] == float("inf")
        assert [v for _, v in bounds] == sorted(v for _, v in bounds), "buckets hold those below"
        assert bounds[-1][1] == cells[family.name + "_count"]
        assert family.name + "_sum" in cells


def test_metrics_keep_the_rules(server):
    server.user().get("/api/auth/me").expect(200)
    families = parse(server.api().get("/metrics").expect(200).text)
    for family in families.values():
        check_name(family)
        assert family.series, f"{family.name} has no value"
        if family.kind == "histogram":
            check_histogram(family)
        if family.kind == "counter":
            assert all(value >= 0 for value in family.series.values()), family.name
    assert {"process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds",
            "process_cpu_seconds_total", "dais_build_info"} <= set(families)
    duration = families["dais_http_request_duration_seconds"]
    classes = {dict(labels).get("class") for _, labels in duration.series}
    assert {"read", "write", "login", "media"} <= classes
    plugins = {dict(labels)["plugin"] for _, labels in families["dais_plugin_calls_total"].series}
    assert {"auth", "streams"} <= plugins


def test_describe_lists_every_metric(server):
    told = json.loads(server.cli("describe", "--format", "json").stdout)
    names = {row["name"]: row for row in told["metrics"]}
    for name, family in parse(server.api().get("/metrics").expect(200).text).items():
        assert names[name]["kind"] == family.kind
        assert names[name]["help"] == family.help


def test_a_plugin_is_charged_for_its_statements(server):
    user = server.user()
    queries = 'dais_plugin_queries_total{plugin="auth"}'
    seconds = 'dais_plugin_query_seconds_total{plugin="auth"}'
    before = server.metric(queries), server.metric(seconds)
    user.get("/api/auth/me").expect(200)
    assert server.metric(queries) > before[0]
    assert server.metric(seconds) > before[1]


def test_metrics_are_for_this_machine_unless_configured(own_server):
    server = own_server(config="metrics:\n  access: local\n")
    api = server.api()
    api.get("/metrics").expect(200)
    answer = api.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.expect(403).json["code"] == "denied"
    server.stop()
    server.config = "metrics:\n  access: public\n"
    server.start()
    server.api().get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).expect(200)
    server.stop()
    server.config = "metrics:\n  access: admin\n"
    server.start()
    server.api().get("/metrics").expect(401)
    server.user().get("/metrics").expect(403)
    server.user(role="admin").get("/metrics").expect(200)


@pytest.fixture(scope="module")
def talkative():
    from dais.server import Server
    with Server(config="workers: 1\nlog:\n  format: json\nhttp:\n  access_log: true\n") as server:
        yield server


def lines_of(server, event):
    lines = []
    for line in server.log().splitlines():
        if line.startswith("{"):
            lines.append(json.loads(line))
    return [line for line in lines if line["event"] == event]


def test_every_line_is_one_object(talkative):
    log = talkative.log().splitlines()
    assert len(log) > 5
    for line in log:
        told = json.loads(line)
        assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", told["ts"])
        assert told["level"] in {"debug", "info", "warn", "error"}
        assert told["event"]


def test_a_request_leaves_a_line_with_its_context(talkative):
    api = talkative.api()
    answer = api.get("/api/auth/me", headers={"X-Request-Id": "mine-17"}).expect(401)
    assert answer.headers["x-request-id"] == "mine-17"

    def find():
        return [line for line in lines_of(talkative, "request")
                if line["client_request"] == "mine-17"]
    line = eventually(find)[0]
    assert line["plugin"] == "auth" and line["generation"] == 1 and line["worker"] == 0
    assert re.match(r"^[0-9a-f]{16}$", line["request"])
    assert (line["method"], line["route"], line["path"], line["status"]) == (
        "GET", "/api/auth/me", "/api/auth/me", 401)
    own = api.get("/api/auth/me").expect(401).headers["x-request-id"]
    assert eventually(lambda: [x for x in lines_of(talkative, "request") if x["request"] == own])
    odd = api.get("/api/auth/me", headers={"X-Request-Id": "a b\"c"}).expect(401)
    assert re.match(r"^[0-9a-f]{16}$", odd.headers["x-request-id"])


def test_no_request_is_left_out_of_the_access_log(talkative):
    before = len(lines_of(talkative, "request"))
    api = talkative.api()
    for _ in range(200):
        api.get("/healthz").expect(200)
    eventually(lambda: len(lines_of(talkative, "request")) >= before + 200)


def test_the_level_changes_while_it_runs(talkative):
    def requests():
        return len(lines_of(talkative, "request"))
    assert talkative.cli("log", "level").stdout == "info\n"
    assert talkative.cli("log", "level", "warn").stdout == "warn\n"
    before = requests()
    talkative.api().get("/healthz").expect(200)
    assert talkative.cli("log", "level", "info", "--plugin", "auth").stdout == "warn\nauth: info\n"
    talkative.api().get("/api/auth/me").expect(401)
    eventually(lambda: requests() == before + 1)
    assert lines_of(talkative, "request")[-1]["plugin"] == "auth"
    assert talkative.cli("log", "level", "default", "--plugin", "auth").stdout == "warn\n"
    assert talkative.cli("log", "level", "default").stdout == "info\n"
    assert talkative.cli("log", "level", "info", "--plugin", "nobody").returncode == 1


def test_a_chat_counts_what_was_written_and_what_was_refused(server):
    owner = server.user(role="admin")
    path = f"/api/chat/session/{server.stream(owner)['id']}"
    names = [f"dais_chat_{name}_total" for name in ("messages", "refused", "untold")]
    before = [server.metric(name) for name in names]
    owner.post(path, {"message": "Hello"}).expect(201)
    owner.post(path, {"message": " "}).expect(400)
    after = [server.metric(name) for name in names]
    assert [now - then for now, then in zip(after, before)] == [1, 1, 0]
