# SPDX-License-Identifier: MIT
"""What may be had of everything: the table of limits, rates, and whose requests they count."""
import json
import os
from pathlib import Path

import pytest

from dais import Server

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "limits.md"
LIMITED = """
rates:
  read: {user: 20, address: 40}
  media: {connection: 10}
"""
STRICT = "rates: {profile: spec003-strict}\n"
HEAD = """# Limits

Generated from the tables of the core: tests/scenario/test_limits.py compares it, and with
`DAIS_GOLDEN=write` in the environment writes it anew. `dais describe limits` prints it with the
values in force. Limits are set below `limits:`, allowances below `rates:` of the configuration;
an allowance of 0 is any number.

| name | default | from | to | unit | what |
|---|---|---|---|---|---|
"""


def described(server):
    return json.loads(server.cli("describe", "--format", "json").stdout)["limits"]


def reference_of(rows):
    lines = [f"| `{row['name']}` | {row.get('default', row['value'])} | {row.get('min', '')} "
             f"| {row.get('max', '')} | {row.get('unit', '')} | {row['prose']} |\n" for row in rows]
    return HEAD + "".join(lines)


def test_limits_are_documented(server):
    text = reference_of(described(server))
    if os.environ.get("DAIS_GOLDEN") == "write":
        REFERENCE.write_text(text)
    assert REFERENCE.read_text() == text


def statuses(api, count, **options):
    return [api.get("/api/streams", **options).status for _ in range(count)]


@pytest.fixture(scope="module")
def strict():
    more = "http: {trusted_proxies: [127.0.0.0/8]}\nlimits: {body_bytes: 2048}\n"
    with Server(config=STRICT + more) as server:
        yield server


@pytest.fixture(scope="module")
def limited():
    with Server(config=LIMITED) as server:
        yield server


def test_describe_limits_prints_what_is_in_force(strict):
    printed = strict.cli("describe", "limits").stdout.splitlines()
    lines = {line.split()[0]: line for line in printed if line}
    assert "value=2048  default=1048576  min=1024  max=1073741824  bytes" in lines["body_bytes"]
    assert "spec003-strict" in lines["rates.profile"]
    expected = {"rates.read.address": "value=100 ", "rates.media.address": "value=1000 ",
                "rates.status.address": "value=60 ", "rates.connect.address": "value=10 ",
                "rates.event.connection": "value=100 ", "rates.ingest.connection": "value=1000000 "}
    for name, value in expected.items():
        assert value in lines[name], lines[name]


def test_spec003_http_100_per_minute_and_address(strict):
    """100 requests at once, then one every 0.6 seconds; other addresses are not concerned."""
    api = strict.api()
    here = {"X-Forwarded-For": "192.0.2.1"}
    answers = statuses(api, 110, headers=here)
    assert answers[:100] == [200] * 100
    assert 429 in answers[100:]
    reply = api.get("/api/streams", headers=here)
    if reply.status == 429:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["code"] == "limit"
        assert int(reply.headers["retry-after"]) in (1, 2)
    assert statuses(api, 5, headers={"X-Forwarded-For": "192.0.2.2"}) == [200] * 5


def test_spec003_http_1000_per_minute_for_media(strict):
    api = strict.api()
    here = {"X-Forwarded-For": "192.0.2.3"}
    served = 0
    while served < 3000 and api.get("/hls/nothing/master.m3u8", headers=here).status == 404:
        served += 1
    assert 1000 <= served < 3000  # some come back while the others are used up


def test_whoever_pretends_to_be_others_is_counted(limited):
    """Nobody but a trusted proxy may say whom he speaks for."""
    api = limited.api()
    answers = [api.get("/api/streams", headers={"X-Forwarded-For": f"192.0.2.{i}"}).status
               for i in range(80)]
    assert answers.count(429) >= 30


def test_users_have_allowances_of_their_own(limited):
    """Whatever strangers at their address have used up."""
    ada, bob = limited.user(), limited.user()
    assert 429 in statuses(ada, 40)
    assert statuses(bob, 15) == [200] * 15


def test_a_connection_has_an_allowance(limited):
    api = limited.api()
    answers = [api.get("/hls/nothing/master.m3u8").status for _ in range(20)]
    assert answers[:10] == [404] * 10 and 429 in answers
    api.close()
    assert api.get("/hls/nothing/master.m3u8").status == 404


@pytest.mark.parametrize("config, told", [
    ("rates: {raed: {address: 1}}\n", "unknown key 'rates.raed'; did you mean 'read'?"),
    ("rates: {read: {adress: 1}}\n", "unknown key 'rates.read.adress'; did you mean 'address'?"),
    ("rates: {read: {address: -1}}\n", "rates.read.address"),
    ("rates: {profile: strict}\n", "rates.profile"),
    ("http: {trusted_proxies: [10.0.0.0/33]}\n", "10.0.0.0/33"),
    ("http: {forwarded_header: x-real-ip}\n", "http.forwarded_header"),
    ("limits: {json_depth: 33}\n", "limits.json_depth: is out of bounds"),
])
def test_what_cannot_be_set_is_refused(own_server, config, told):
    server = own_server(config=config, start=False)
    (server.folder / "dais.yaml").write_text(config)
    checked = server.cli("check", "--config", str(server.folder / "dais.yaml"))
    assert checked.returncode != 0
    assert told in checked.stdout + checked.stderr
