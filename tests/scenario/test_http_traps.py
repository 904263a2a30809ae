# SPDX-License-Identifier: MIT
"""What hostile and clumsy clients send, byte by byte: the traps of HTTP/1.1."""
import contextlib
import re
import socket
import time

import pytest

HOST = b"Host: test\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


class Wire:
    """A connection on which bytes are sent as they are."""

    def __init__(self, server, timeout_s=10.0):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout_s)
        self.buffer = b""

    def send(self, data):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def _fill(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        self.buffer += more
        return bool(more)

    def answer(self, head=False):
        """The next answer: (status, headers by lower-case name, body); None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._fill():
                return None
        text, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = text.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines[1:])}
        length = 0 if head else int(headers.get("content-length", 0))
        while len(self.buffer) < length and self._fill():
            pass
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(lines[0].split()[1]), headers, body

    def at_end(self):
        """Whether the server closes without another byte."""
        return not self.buffer and not self._fill()

    def close(self):
        self.socket.close()


@pytest.fixture
def wire(server):
    made = []

    def connect():
        made.append(Wire(server))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def status_of(wire, request):
    connection = wire()
    connection.send(request)
    answer = connection.answer()
    return answer and answer[0]


def get(path, *headers):
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n"


def post(path, *headers, body=b""):
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n" + body


def test_head_never_gets_a_body(wire):
    connection = wire()
    connection.send(HEALTH.replace(b"GET", b"HEAD") + HEALTH)
    status, headers, _ = connection.answer(head=True)
    assert status == 200 and int(headers["content-length"]) > 0
    assert connection.answer()[0] == 200


def test_http2_is_off(wire):
    connection = wire()
    connection.send(get(b"/healthz", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
                        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"))
    assert connection.answer()[0] == 200
    connection = wire()
    connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert connection.answer()[0] == 400
    assert connection.at_end()


@pytest.mark.parametrize("path", [b"/healthz%00", b"/a%2Fb", b"/a%2fb", b"/../etc/passwd", b"/a/%2e%2E/b",
                                  b"/./a", b"/a%", b"/a%zz", b"healthz"])
def test_paths_that_could_mean_something_else_are_refused(wire, path):
    connection = wire()
    connection.send(get(path))
    status, headers, body = connection.answer()
    assert status == 400
    assert headers["content-type"] == "application/problem+json" and b'"code":"invalid"' in body


def test_raw_nul_in_path(wire):
    assert status_of(wire, get(b"/health\x00z")) == 400


def test_long_url(wire):
    connection = wire()
    connection.send(get(b"/" + b"a" * 300_000))
    assert connection.answer()[0] == 414


def test_too_many_headers(wire):
    headers = [b"X-%d: y" % i for i in range(101)]
    assert status_of(wire, get(b"/healthz", *headers)) in (400, 431)


def test_too_large_headers(wire):
    assert status_of(wire, get(b"/healthz", b"X-Long: " + b"a" * 100_000)) == 431


CONFUSING = {
    "length and chunked": [b"Content-Length: 6", b"Transfer-Encoding: chunked"],
    "chunked and length": [b"Transfer-Encoding: chunked", b"Content-Length: 6"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "two equal lengths": [b"Content-Length: 5", b"Content-Length: 5"],
    "chunked twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "length that is no number": [b"Content-Length: 5x"],
    "negative length": [b"Content-Length: -1"],
    "unknown encoding": [b"Transfer-Encoding: gzip"],
    "space before the colon": [b"Content-Length : 5"],
    "folded header": [b"X-A: b", b" folded"],
}


@pytest.mark.parametrize("headers", CONFUSING.values(), ids=CONFUSING)
def test_confusing_framing_ends_the_connection(wire, headers):
    connection = wire()
    connection.send(post(b"/api/streams", *headers, body=b"0\r\n\r\nX" + HEALTH))
    assert connection.answer()[0] == 400
    assert connection.at_end(), "what followed was taken for a request"


def test_host_is_needed(wire):
    assert status_of(wire, b"GET /healthz HTTP/1.1\r\n\r\n") == 400
    assert status_of(wire, b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400
    assert status_of(wire, b"GET /healthz HTTP/1.1\r\nHost: evil\"host\r\n\r\n") == 400
    assert status_of(wire, b"GET /healthz HTTP/1.0\r\n\r\n") == 200


@pytest.mark.parametrize("method, status", [(b"BREW", 405), (b"TRACE", 405), (b"POST", 405)])
def test_other_methods(wire, method, status):
    assert status_of(wire, HEALTH.replace(b"GET", method)) == status


def test_connect_is_no_proxy(wire):
    assert status_of(wire, b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n") == 400


def test_absolute_form(wire):
    assert status_of(wire, get(b"http://test/healthz")) == 200


def test_body_too_large(wire):
    assert status_of(wire, post(b"/api/streams", b"Content-Length: 999999999")) == 413
    connection = wire()
    connection.send(post(b"/api/streams", b"Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    for _ in range(40):
        connection.send(chunk)
    assert connection.answer()[0] == 413


def test_expect(wire):
    connection = wire()
    connection.send(post(b"/api/streams", b"Content-Length: 2", b"Content-Type: application/json",
                         b"Expect: 100-continue"))
    assert connection.answer()[0] == 100
    connection.send(b"{}")
    assert connection.answer()[0] == 401
    assert status_of(wire, post(b"/api/streams", b"Content-Length: 2", b"Expect: magic")) == 417


REFUSALS = {
    "no request": (b"GARBAGE\r\n\r\n", 400, b"invalid"),
    "101 headers": (get(b"/healthz", *[b"X-%d: y" % i for i in range(101)]), 400, b"invalid"),
    "long URL": (get(b"/" + b"a" * 300_000), 414, b"uri"),
    "large headers": (get(b"/healthz", b"X-Long: " + b"a" * 100_000), 431, b"headers"),
    "large body": (post(b"/api/streams", b"Content-Length: 999999999"), 413, b"too_large"),
    "no length": (post(b"/api/streams", b"Content-Length: 5x"), 400, b"invalid"),
    "no chunk": (post(b"/api/streams", b"Transfer-Encoding: chunked", body=b"zz\r\n"), 400, b"invalid"),
    "expectation": (post(b"/api/streams", b"Content-Length: 2", b"Expect: magic"), 417, b"invalid"),
}


@pytest.mark.parametrize("request_bytes, status, code", REFUSALS.values(), ids=REFUSALS)
def test_every_refusal_is_a_problem_document(wire, request_bytes, status, code):
    connection = wire()
    connection.send(request_bytes)
    got, headers, body = connection.answer()
    assert got == status and headers["content-type"] == "application/problem+json"
    assert b'"code":"%s"' % code in body and b'"status":%d' % status in body
    assert connection.at_end()


def test_pipelined_answers_keep_their_order(wire):
    connection = wire()
    connection.send(HEALTH + get(b"/nowhere") + get(b"/api/streams") + HEALTH)
    assert [connection.answer()[0] for _ in range(4)] == [200, 404, 200, 200]


def test_one_byte_at_a_time(wire):
    connection = wire()
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(len(HEALTH)):
        connection.send(HEALTH[i:i + 1])
    assert connection.answer()[0] == 200


def test_clients_that_leave(wire, api):
    """In the middle of the head, of the body, and while their handler works."""
    login = b'{"email":"nobody@example.org","password":"not the password"}'
    whole = post(b"/api/auth/login", b"Content-Type: application/json",
                 b"Content-Length: %d" % len(login), body=login)
    for cut in (10, 60, len(whole) - 5, len(whole)):
        for _ in range(8):
            connection = wire()
            connection.send(whole[:cut])
            connection.close()
    api.get("/healthz").expect(200)


def test_reader_that_stops_holds_up_nobody(wire, api):
    page = api.get("/").expect(200).text
    asset = re.search(r'src="(/[^"]+\.js)"', page).group(1).encode()
    lazy = [wire() for _ in range(8)]
    for connection in lazy:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(get(asset) * 20)
    for _ in range(50):
        api.get("/healthz").expect(200)


def test_trickled_heads_and_bodies_are_cut(wire):
    """A request must be whole ten seconds after its first byte, a body come at its rate from then."""
    head, body = wire(), wire()
    began = time.monotonic()
    head.send(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    body.send(post(b"/api/streams", b"Content-Length: 1000", b"Content-Type: application/json"))
    open_wires = [head, body]
    while open_wires and time.monotonic() - began < 30:
        for connection in list(open_wires):
            connection.socket.settimeout(0.5)
            connection.send(b"a")
            with contextlib.suppress(TimeoutError):
                if connection.at_end():
                    assert 9 < time.monotonic() - began < 14
                    open_wires.remove(connection)
    assert not open_wires


def test_answers_name_no_version(wire):
    connection = wire()
    connection.send(HEALTH)
    _, headers, _ = connection.answer()
    assert not re.search(r"\d", headers.get("server", ""))
    assert headers["x-content-type-options"] == "nosniff"
