# SPDX-License-Identifier: MIT
"""/docs/asyncapi.json: what real-time clients may send and get, from the tables of the plugins."""
import pytest

from dais import Server
from dais.plugins import row


@pytest.fixture(scope="module")
def server():
    running = Server()
    running.config = "workers: 1\nplugins:\n" + row(running, "talk") + row(running, "protocol_echo")
    with running:
        yield running


@pytest.fixture(scope="module")
def api(server):
    return server.api().get("/docs/asyncapi.json").expect(200).json


def follow(api, reference):
    at = api
    for name in reference.removeprefix("#/").split("/"):
        at = at[name]
    return at


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_document_is_an_asyncapi_of_3_0(api):
    assert api["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(api["info"])
    for operation in api["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert channel.startswith("#/channels/")
        for message in operation["messages"] + operation.get("reply", {}).get("messages", []):
            assert message["$ref"].startswith(channel + "/messages/")


def test_every_reference_leads_somewhere(api):
    found = list(references(api))
    assert len(found) > 100
    for reference in found:
        assert follow(api, reference)


def test_a_channel_for_each_way_of_speaking(api):
    places = {key: (channel["address"], channel.get("x-dais-namespace"))
              for key, channel in api["channels"].items()}
    assert places["ws"] == ("/ws", None)
    assert places["socketio"] == ("/socket.io/", "/")
    assert places["socketio.private"] == ("/socket.io/", "/private")
    endpoint = api["channels"]["endpoint.engine.io"]
    assert (endpoint["address"], endpoint["x-dais-protocol"]) == ("/engine.io/", "engine.io")


def test_an_event_that_clients_send(api):
    operation = api["operations"]["ws.in.talk.say"]
    assert (operation["action"], operation["x-dais-access"]) == ("receive", "public")
    assert operation["x-dais-rate-class"] == "event"
    assert operation["tags"] == [{"name": "talk"}]
    payload = follow(api, follow(api, operation["messages"][0]["$ref"])["$ref"])["payload"]
    assert payload["properties"]["event"] == {"const": "talk:say"}
    assert payload["properties"]["data"]["properties"]["text"]["maxLength"] == 100
    done, failed = follow(api, follow(api, operation["reply"]["messages"][0]["$ref"])["$ref"]
                          )["payload"]["oneOf"]
    assert done["properties"]["ok"] == {"const": True}
    assert "by" in done["properties"]["data"]["properties"]
    assert failed["properties"]["error"] == {"$ref": "#/components/schemas/Problem"}


def test_an_event_in_the_form_of_socket_io(api):
    operation = api["operations"]["socketio.in.talk.say"]
    message = follow(api, follow(api, operation["messages"][0]["$ref"])["$ref"])
    assert message["name"] == "talk:say"
    assert "text" in message["payload"]["properties"]


def test_who_may_send_it(api):
    admin = api["operations"]["ws.in.talk.admin"]
    assert (admin["x-dais-access"], admin["x-dais-roles"]) == ("role", ["admin"])
    assert admin["security"] == [{"$ref": "#/components/securitySchemes/bearer"}]
    assert "security" not in api["operations"]["ws.in.talk.say"]


def test_an_event_that_clients_get(api):
    operation = api["operations"]["socketio.out.talk.heard"]
    assert operation["action"] == "send" and "reply" not in operation
    assert {"auth.expiring", "auth.revoked", "room.resync"} <= {
        key.removeprefix("ws.out.") for key in api["operations"]}


def test_a_raw_event_takes_anything(api):
    message = api["components"]["messages"]["socketio.in.message"]
    assert message["x-dais-raw"] is True and message["payload"] == {}


def test_the_command_describes_them(server):
    told = server.cli("describe").stdout
    for word in ("talk:say", "talk:heard", "/private", "/engine.io/", "Where people talk"):
        assert word in told
