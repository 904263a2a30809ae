# SPDX-License-Identifier: MIT
"""Behind nginx, with the configuration that docs/nginx offers."""
import json
import shutil
import socket
import ssl

import pytest

from dais import Hls, Server, decode_errors, eventually
from dais.nginx import Nginx
from dais.server import LOCALHOST
from dais.wait import scale
from dais.websocket import WebSocket

CONFIG = """\
http:
  access_log: true
  trusted_proxies: [127.0.0.1]
limits:
  log_lines_per_second: 100000
"""


@pytest.fixture(scope="module")
def front():
    with Server(config=CONFIG) as server:
        nginx = Nginx(server)
        nginx.server = server
        try:
            yield nginx.start()
        finally:
            nginx.stop()
            shutil.rmtree(nginx.folder)


def test_http2_towards_the_client(front):
    assert front.curl("/healthz")[:2] == ("2", 200)


def test_plain_http_leads_to_https(front):
    reply = front.server.connect(front.plain_port)
    reply.sendall(b"GET /watch?v=1 HTTP/1.1\r\nHost: live.example\r\nConnection: close\r\n\r\n")
    answer = reply.makefile("rb").read()
    assert b" 301 " in answer
    assert b"Location: https://live.example/watch?v=1\r\n" in answer


def test_connections_to_dais_are_kept(front):
    caller = front.api()
    before = front.server.metric("dais_http_connections_total")
    for _ in range(50):
        caller.get("/healthz").expect(200)
    assert front.server.metric("dais_http_connections_total") - before < 10


def logged(front, text):
    """The access log's line with `text` in it."""
    return eventually(lambda: [line for line in front.server.log().splitlines()
                               if "event=request" in line and text in line])[0]


def test_the_client_is_seen(front):
    """And what it claims about itself is not."""
    mark = "/api/version?from=client"
    front.curl(mark, "--interface", "127.0.0.7", "-H", "X-Forwarded-For: 192.0.2.1",
               "-H", "Forwarded: for=192.0.2.2")
    assert "192.0.2" not in logged(front, "peer=127.0.0.7")


def test_who_goes_past_nginx_is_not_believed(front):
    with socket.create_connection((LOCALHOST, front.server.port),
                                  source_address=("127.0.0.8", 0)) as stranger:
        stranger.sendall(b"GET /api/version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                         b"X-Forwarded-For: 192.0.2.9\r\n\r\n")
        assert b" 200 " in stranger.makefile("rb").readline()
    assert "192.0.2" not in logged(front, "peer=127.0.0.8")


def test_a_login_and_problems_pass(front):
    user = front.server.user(role="admin")
    mine = front.api(user.token)
    assert mine.get("/api/streams").expect(200)
    assert front.api().get("/api/streams/none").status in (400, 401, 404)
    version, status, body = front.curl("/api/auth/login", "-H", "Content-Type: application/json",
                                       "--data-binary", "@-", body="x" * (2 << 20))
    assert (version, status) == ("2", 413)
    assert json.loads(body)["code"] == "too_large"


def test_sockets_pass_and_no_log_has_their_tokens(front):
    user = front.server.user()
    for path in (f"/ws?token={user.token}",
                 f"/socket.io/?EIO=4&transport=websocket&token={user.token}"):
        plain = socket.create_connection((LOCALHOST, front.port), timeout=10 * scale())
        context = ssl._create_unverified_context()
        with context.wrap_socket(plain, server_hostname="live.example") as wire:
            WebSocket(wire, path).drop()
    front.curl(f"/socket.io/?EIO=4&transport=polling&token={user.token}")
    log = eventually(lambda: (front.folder / "access.log").read_text().count("/socket.io/") == 2
                     and (front.folder / "access.log").read_text())
    assert '"GET /ws" 101' in log and user.token not in log
    assert user.token not in front.server.log()


def test_a_stream_is_watched_through_nginx(front, publish):
    stream = front.server.stream()
    publish(front.server, stream, size="320x180")
    hls = Hls(front.server, stream["playbackId"])
    eventually(lambda: hls.media()[0].segments, 20)
    page = hls.path(hls.url)
    version, status, text = front.curl(page)
    assert (version, status) == ("2", 200) and "#EXTM3U" in text
    assert decode_errors(f"https://{LOCALHOST}:{front.port}{page}", seconds=2) == ""
