# SPDX-License-Identifier: MIT
"""Pages hear what happens: nobody reloads, nobody asks again and again."""
import json
import os
import subprocess
from pathlib import Path

from dais import Publisher
from dais.wait import scale

HERE = Path(__file__).resolve().parent
PICTURES = Path(os.environ.get("DAIS_PICTURES", HERE.parents[1] / "build" / "pictures"))


def test_lists_and_viewers_hear_of_each_other(own_server):
    server = own_server()
    stream = server.user(role="admin").post("/api/streams", {"title": "Evening show"}).json
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = subprocess.Popen(["node", str(HERE / "live.mjs"), server.url, stream["playbackId"],
                             str(PICTURES / "list.png")], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    encoder = None
    try:
        assert page.stdout.readline() == "the list is empty\n", page.stderr.read()
        encoder = Publisher(f"{server.rtmp_url}/{stream['streamKey']}")
        page.stdin.write("\n")
        page.stdin.flush()
        assert page.stdout.readline() == "who watches is known\n", page.stderr.read()
        encoder.stop()
        out, err = page.communicate("\n", timeout=120 * scale())
        assert page.returncode == 0, err
        assert json.loads(out)["asked"] <= 6  # once each time that it heard of something
    finally:
        page.kill()
        page.wait()
        if encoder:
            encoder.stop()
