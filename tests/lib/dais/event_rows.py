# SPDX-License-Identifier: MIT
"""The events of a running server, read from its own description: /docs/asyncapi.json is written
from the event tables, so a test that walks the events needs no edit when one is added. Values that
fit or don't come from routes.py.
"""
CORE = "core"


class EventRow:
    """One row of an event table, as one way of speaking knows it."""

    def __init__(self, document, key, operation):
        def follow(reference):
            at = document
            for name in reference.removeprefix("#/").split("/"):
                at = at[name]
            return follow(at["$ref"]) if "$ref" in at else at

        channel = follow(operation["channel"]["$ref"])
        message = follow(operation["messages"][0]["$ref"])
        payload = message["payload"]
        self.key = key
        self.name = message["name"]
        self.plugin = operation["tags"][0]["name"]
        self.access = operation["x-dais-access"]
        self.roles = set(operation["x-dais-roles"])
        self.is_raw = message.get("x-dais-raw", False)
        self.space = channel.get("x-dais-namespace")
        self.is_envelope = channel["address"] == "/ws"
        schema = payload["properties"]["data"] if self.is_envelope and not self.is_raw else payload
        self.data = schema if "properties" in schema else None

    def __repr__(self):
        return self.key


def load(api):
    """All events that clients may send to the server behind `api`, `/ws` and Socket.IO."""
    document = api.get("/docs/asyncapi.json").expect(200).json
    return [EventRow(document, key, operation) for key, operation in document["operations"].items()
            if operation["action"] == "receive" and operation["tags"]]
