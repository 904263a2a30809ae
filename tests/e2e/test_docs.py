# SPDX-License-Identifier: MIT
"""The page /docs in a browser: routes and events of all plugins."""
import json
import subprocess
from pathlib import Path

from dais.plugins import row
from dais.wait import scale

SCRIPT = Path(__file__).with_name("docs.mjs")


def test_the_page_shows_routes_and_events(own_server):
    server = own_server(start=False)
    server.config = "workers: 1\nplugins:\n" + row(server, "talk") + row(server, "protocol_echo")
    server.start()
    done = subprocess.run(["node", SCRIPT, f"{server.url}/docs"], capture_output=True, text=True,
                          timeout=60 * scale(), check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert not seen["errors"]
    assert {"core", "Events of /ws and Socket.IO", "Events of Socket.IO, namespace /private",
            "Endpoints"} <= set(seen["groups"])
    said = seen["rows"]["ws.in.talk.admin"]
    assert "SEND" in said and "talk:admin" in said and "role · admin" in said
    assert "What is said" in said  # a field
    assert "Who said it" in seen["rows"]["ws.in.talk.say"]  # of the answer
    assert "GET" in seen["rows"]["ws.out.talk.heard"]
    assert "Whether the process answers" in seen["rows"]["core_get_healthz"]
