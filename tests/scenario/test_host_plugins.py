# SPDX-License-Identifier: MIT
"""The host as an operator meets it: foreign plugins, what is left out, a database that is away."""
import json
import re
import shutil
import socket
import time

from dais import eventually
from dais.server import build_folder

SECRET = {"PROBE_SECRET": "a text of more than thirty-two characters"}
NOWHERE = "postgres://nobody@127.0.0.1:1/nothing"


def plugin(server, name, **keys):
    """A row below `plugins:` for a copy of a test plugin that any user may read."""
    path = server.folder / f"{name}.so"
    if not path.exists():
        shutil.copy(build_folder() / "tests" / "plugins" / f"{name}.so", path)
        path.chmod(0o644)
    rows = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"  {name}:\n    path: {path}\n{rows}"


def start(server, *rows, wait=True):
    server.config = "workers: 2\nplugins:\n" + "".join(rows)
    server.start(wait=wait)


def test_a_foreign_plugin_serves(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "caller"), plugin(server, "probe", greeting="servus"))
    api = server.api()
    assert api.get("/probe/hello").expect(200).text == "servus"
    assert api.get("/caller/twice?number=4").expect(200).json == {"number": 8}
    assert server.cli("probe", "greet", "Bob", "--times", "2").stdout == "servus Bob\n" * 2
    listed = server.cli("plugin", "list").stdout
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        ["caller", "0.1.0", "started"], ["probe", "1.2.3", "started"]]
    assert (server.data / "secrets" / "probe.key").stat().st_mode & 0o777 == 0o600


def test_an_answer_of_the_database_outlives_its_handler(own_server):
    """What a slow reader is still owed stays as it was, whatever the others ask for meanwhile."""
    server = own_server(start=False)
    start(server, plugin(server, "rows"))
    with server.connect() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
        slow.sendall(b"GET /rows/large HTTP/1.1\r\nHost: dais\r\nConnection: close\r\n\r\n")
        begin = slow.recv(1)
        for _ in range(4):
            assert len(server.api().get("/rows/large").expect(200).text) == 7000002
        with slow.makefile("rb") as stream:
            answer = begin + stream.read()
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b'"' + b"x" * 7000000 + b'"'


def test_a_worker_stops_after_its_last_event(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "last_event"))
    server.stop()
    assert re.search(r'event="stream ended".* stream=left-open', server.log())
    assert "killed=yes" not in server.log()


def test_routes_of_a_plugin_left_out_answer_503(own_server):
    server = own_server(start=False)
    start(server, plugin(server, "probe"))
    server.api().get("/probe/hello").expect(200)
    server.stop()
    (server.folder / "probe.so").write_bytes(b"no plugin any more")
    start(server, plugin(server, "probe", required="false"))
    answer = server.api().get("/probe/hello").expect(503)
    assert "is no shared object" in answer.json["detail"]
    assert int(answer.headers["retry-after"]) > 0
    server.api().post("/probe/echo", {"text": "x"}).expect(503)
    server.api().get("/probe/other").expect(404)
    assert "failed" in server.cli("plugin", "list").stdout


def test_a_database_that_is_away(own_server):
    server = own_server(start=False, env={"DATABASE_URL": NOWHERE, **SECRET})
    start(server, plugin(server, "probe"), wait=False)
    api = server.api()

    def lives():
        try:
            return api.get("/healthz").status == 200
        except OSError:
            return False
    eventually(lives, 10)
    ready = api.get("/readyz").expect(503).json
    assert {"what": "database", "reason": "it does not answer"} in ready["missing"]
    assert {"what": "probe", "reason": "it is starting"} in ready["missing"]
    answer = api.get("/probe/hello").expect(503)
    assert int(answer.headers["retry-after"]) > 0
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 5


def test_beside_a_foreign_database_secrets_are_given(own_server):
    server = own_server(start=False, env={"DATABASE_URL": NOWHERE})
    start(server, plugin(server, "probe"), wait=False)
    eventually(lambda: "secret key must be given by the environment variable PROBE_SECRET"
               in server.log(), 10)
    assert not (server.data / "secrets").exists()
    server.env["PROBE_SECRET"] = "too short"
    server.process.terminate()
    server.process.wait(20)
    start(server, plugin(server, "probe"), wait=False)
    eventually(lambda: "PROBE_SECRET: must have at least 32 characters" in server.log(), 10)
    server.process.terminate()
    server.process.wait(20)
    server.process = None


def test_the_documents_follow_the_tables(server):
    api = server.api().get("/docs/openapi.json").expect(200).json
    assert api["openapi"] == "3.1.0"
    login = api["paths"]["/api/auth/login"]["post"]
    assert login["tags"] == ["auth"]
    schema = login["requestBody"]["content"]["application/json"]["schema"]
    assert {"email", "password"} <= set(schema["properties"])
    stream = api["paths"]["/api/streams/{id}"]
    assert {"get", "put", "delete"} <= set(stream)
    assert stream["delete"]["security"] == [{"bearer": []}]
    assert stream["get"]["parameters"][0]["in"] == "path"
    ids = [operation["operationId"] for path in api["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert "<title>Dais API</title>" in server.api().get("/docs").expect(200).text


def test_every_route_and_metric_is_told(server):
    told = json.loads(server.cli("describe", "--format", "json").stdout)
    paths = server.api().get("/docs/openapi.json").expect(200).json["paths"]
    routes = {(row["method"].lower(), re.sub(r":(\w+)", r"{\1}", row["path"]))
              for row in told["routes"]}
    assert len(routes) > 15
    assert routes == {(method, path) for path, operations in paths.items()
                      for method in operations}
    shown = server.api().get("/metrics").expect(200).text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", shown, re.M))
    assert len(told["metrics"]) > 10
    for row in told["metrics"]:
        assert kinds[row["name"]] == row["kind"], row
