# SPDX-License-Identifier: MIT
"""A viewer's browser: real Chromium, real hls.js, a real encoder."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from dais import Hls, Publisher, eventually
from dais.wait import scale

HERE = Path(__file__).resolve().parent
PICTURES = Path(os.environ.get("DAIS_PICTURES", HERE.parents[1] / "build" / "pictures"))


def watch(url, name, size):
    """Plays a watch page for six seconds; returns what the browser saw."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["node", str(HERE / "watch.mjs"), url, str(PICTURES / f"{name}.png"), size],
                          capture_output=True, text=True, timeout=120 * scale(), check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name, size", [("watch", "1280x900"), ("watch-phone", "390x844")])
def test_the_watch_page_plays(server, admin, publish, name, size):
    stream = admin.post("/api/streams", {"title": "Morning show", "description": "News & weather"}
                        ).expect(201).json
    publish(server, stream)
    path = f"/api/streams/{stream['id']}"
    eventually(lambda: admin.get(path).json["status"] == "live")
    seen = watch(f"{server.url}/watch/{stream['playbackId']}", name, size)
    assert seen["after"]["time"] - seen["before"]["time"] >= 5
    assert seen["after"]["frames"] - seen["before"]["frames"] >= 100
    assert seen["after"]["audioBytes"] > seen["before"]["audioBytes"]
    assert (seen["after"]["width"], seen["after"]["height"]) == (640, 360)
    assert seen["brightness"] > 20
    assert seen["title"] == "Morning show" and seen["live"]
    assert not seen["curtain"] and not seen["overflow"] and not seen["errors"]


def test_the_pages_are_served_with_the_right_caching(api):
    for path in ("/", "/watch/whatever"):
        page = api.get(path).expect(200)
        assert page.headers["content-type"].startswith("text/html")
        assert "no-cache" in page.headers["cache-control"]
    script = page.text.split('src="')[1].split('"')[0]
    reply = api.get(script).expect(200)
    assert "javascript" in reply.headers["content-type"]
    assert "max-age=31536000" in reply.headers["cache-control"]
    api.get("/assets/../../../etc/passwd").expect(400)
    api.get("/assets/%2e%2e/%2e%2e/etc/passwd").expect(400)
    api.get("/assets/nothing.js").expect(404)


def test_a_page_that_plays_survives_a_crash_of_the_server(own_server):
    server = own_server()
    stream = server.user(role="admin").post("/api/streams", {"title": "x"}).expect(201).json
    encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}", reconnect=True)
    page = None
    try:
        eventually(lambda: Hls(server, stream["playbackId"]).media()[0].segments, 30)
        url = f"{server.url}/watch/{stream['playbackId']}"
        page = subprocess.Popen(["node", str(HERE / "survive.mjs"), url], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert page.stdout.readline() == "playing\n", page.stderr.read()
        server.kill(server.worker_pid)
        out, err = page.communicate("killed\n", timeout=120 * scale())
        assert page.returncode == 0, err
        seen = json.loads(out)
        assert seen["after"]["frames"] - seen["before"]["frames"] > 900
    finally:
        if page:
            page.kill()
            page.wait()
        encoder.stop()
