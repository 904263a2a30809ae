# SPDX-License-Identifier: MIT
"""WebSocket by hand (RFC 6455): every frame as the test wants it, right or wrong."""
import base64
import hashlib
import os
import socket
import struct

from .api import Reply
from .wait import scale

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The server answered the handshake with something else than 101; `reply` says what."""

    def __init__(self, reply):
        super().__init__(repr(reply))
        self.reply = reply


class Closed(Exception):
    """The other side closed: with a code, or without a close frame (None)."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code = code
        self.reason = reason


def read_head(stream):
    """Status and headers of one answer; (None, {}) when the connection ended instead."""
    line = stream.readline()
    if not line:
        return None, {}
    headers = {}
    while (row := stream.readline().strip()):
        name, _, value = row.decode().partition(":")
        headers[name.lower()] = value.strip()
    return int(line.split()[1]), headers


def mask(payload, key):
    whole = key * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(whole[:len(payload)], "big")
    return number.to_bytes(len(payload), "big")


def frame(opcode, payload=b"", fin=True, masked=True, rsv=0):
    """The bytes of one frame as a client sends it."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    size, bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    key = os.urandom(4)
    return head + (key + mask(payload, key) if masked else payload)


class WebSocket:
    """One connection. `connection` is a fresh TCP or TLS socket; pings are answered by itself."""

    def __init__(self, connection, path, headers=None, host="127.0.0.1"):
        self.socket = connection
        self.socket.settimeout(10 * scale())
        self.stream = self.socket.makefile("rb")
        self.pings = 0
        self._greet(path, host, headers or {})

    @classmethod
    def open(cls, server, path, headers=None):
        return cls(server.connect(), path, headers)

    def _greet(self, path, host, headers):
        key = base64.b64encode(os.urandom(16))
        sent = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key.decode(), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if value is not None)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        status, self.headers = read_head(self.stream)
        if status != 101:
            size = int(self.headers.get("content-length", 0))
            body = self.stream.read(size)
            self.socket.close()
            raise Refused(Reply(status, self.headers, body))
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
        assert self.headers["sec-websocket-accept"] == accept

    def send(self, message):
        """One message: text for a str, else binary."""
        text = isinstance(message, str)
        self.send_frame(TEXT if text else BINARY, message.encode() if text else message)

    def send_frame(self, opcode, payload=b"", **options):
        self.socket.sendall(frame(opcode, payload, **options))

    def recv_frame(self):
        """(fin, opcode, payload) of the next frame, whatever it is."""
        head = self._read(2)
        size = head[1] & 0x7f
        assert not head[1] & 0x80, "a server masks nothing"
        if size == 126:
            size, = struct.unpack(">H", self._read(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._read(8))
        return bool(head[0] & 0x80), head[0] & 0x0f, self._read(size)

    def _read(self, count):
        data = self.stream.read(count)
        if len(data) < count:
            raise Closed(None)
        return data

    def recv(self):
        """The next message: str or bytes. Closed when there is none any more."""
        while True:
            try:
                _, opcode, payload = self.recv_frame()
            except ConnectionError as error:
                raise Closed(None) from error
            if opcode == PING:
                self.pings += 1
                self.send_frame(PONG, payload)
            elif opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                raise Closed(code, payload[2:].decode())
            elif opcode != PONG:
                return payload.decode() if opcode == TEXT else payload

    def wait_closed(self):
        """Reads until the other side closes; the code, None when there was no close frame."""
        try:
            while True:
                self.recv()
        except Closed as closed:
            return closed.code

    def close(self, code=1000):
        """Closes in order; the code that the server answers with."""
        self.send_frame(CLOSE, struct.pack(">H", code))
        try:
            return self.wait_closed()
        finally:
            self.drop()

    def drop(self):
        """Ends the TCP connection, without a word."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster
        self.stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.drop()
