# SPDX-License-Identifier: MIT
"""A small RTMP client whose bytes the test decides; see Adobe's RTMP 1.0 specification."""
import os
import socket
import struct

from .wait import scale

CHUNK = 128
COMMAND, DATA, AUDIO, VIDEO = 20, 18, 8, 9


def amf0(*values):
    """Encodes values as AMF0."""
    out = b""
    for value in values:
        if value is None:
            out += b"\x05"
        elif isinstance(value, bool):
            out += b"\x01" + bytes([value])
        elif isinstance(value, (int, float)):
            out += b"\x00" + struct.pack(">d", value)
        elif isinstance(value, str):
            out += b"\x02" + _text(value)
        else:
            out += b"\x03" + b"".join(_text(k) + amf0(v) for k, v in value.items()) + b"\0\0\x09"
    return out


def _text(value):
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def amf0_read(data):
    """Decodes all values of an AMF0 message."""
    values, at = [], 0
    while at < len(data):
        value, at = _read(data, at)
        values.append(value)
    return values


def _read(data, at):
    kind, at = data[at], at + 1
    if kind == 0:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if kind == 1:
        return bool(data[at]), at + 1
    if kind == 2:
        return _read_text(data, at)
    if kind in (3, 8):
        at += 4 if kind == 8 else 0
        found = {}
        while data[at:at + 3] != b"\0\0\x09":
            name, at = _read_text(data, at)
            found[name], at = _read(data, at)
        return found, at + 3
    return None, at


def _read_text(data, at):
    (length,) = struct.unpack_from(">H", data, at)
    return data[at + 2:at + 2 + length].decode(), at + 2 + length


class RtmpClient:
    """One connection. `slow` sends one byte at a time."""

    def __init__(self, server, slow=False, handshake=True):
        self.conn = server.connect(server.rtmp_port)
        self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.conn.settimeout(10 * scale())
        self.slow = slow
        self._input = b""
        self._chunk = CHUNK
        self._messages = {}
        if handshake:
            self.handshake()

    def close(self):
        self.conn.close()

    def reset(self):
        """Ends the connection with a RST."""
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.conn.close()

    def send(self, data):
        if not self.slow:
            self.conn.sendall(data)
            return
        for byte in data:
            self.conn.send(bytes([byte]))

    def handshake(self):
        c1 = bytes(8) + os.urandom(1528)
        self.send(b"\x03" + c1)
        reply = self._take(1 + 1536 + 1536)
        assert reply[0] == 3 and reply[1537:] == c1, "S2 must echo C1"
        self.send(reply[1:1537])

    def _take(self, count):
        while len(self._input) < count:
            data = self.conn.recv(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self._input += data
        taken, self._input = self._input[:count], self._input[count:]
        return taken

    def message(self, kind, payload, stream=0, timestamp=0, csid=3):
        """Sends a message in chunks of 128 bytes."""
        head = bytes([csid]) + struct.pack(">I", timestamp)[1:] + struct.pack(">I", len(payload))[1:]
        head += bytes([kind]) + struct.pack("<I", stream)
        parts = [payload[i:i + CHUNK] for i in range(0, len(payload), CHUNK)] or [b""]
        self.send(head + bytes([0xC0 | csid]).join(parts))

    def command(self, name, transaction, *values, stream=0):
        self.message(COMMAND, amf0(name, transaction, *values), stream)

    def read(self):
        """The next message as (type, payload)."""
        while True:
            first = self._take(1)[0]
            form, csid = first >> 6, first & 63
            assert csid > 1
            state = self._messages.setdefault(csid, {"left": 0, "data": b""})
            size = (11, 7, 3, 0)[form]
            head = self._take(size)
            if size >= 7:
                state.update(length=int.from_bytes(head[3:6], "big"), kind=head[6])
            if state["left"] == 0:
                state.update(left=state["length"], data=b"")
            part = self._take(min(self._chunk, state["left"]))
            state["data"] += part
            state["left"] -= len(part)
            if state["left"] == 0:
                if state["kind"] == 1:
                    self._chunk = int.from_bytes(state["data"], "big")
                return state["kind"], state["data"]

    def command_read(self):
        """The next command, decoded; everything else is passed over."""
        while True:
            kind, data = self.read()
            if kind == COMMAND:
                return amf0_read(data)

    def connect(self, app="live", **more):
        self.command("connect", 1, {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0",
                                    "tcUrl": f"rtmp://localhost/{app}", **more})
        return self.command_read()

    def publish(self, name):
        """createStream and publish; returns the first onStatus information object."""
        self.command("createStream", 2, None)
        result = self.command_read()
        assert result[0] == "_result" and result[3] >= 1
        self.command("publish", 3, None, name, "live", stream=int(result[3]))
        while True:
            reply = self.command_read()
            if reply[0] == "onStatus":
                return reply[3]

    def ended(self):
        """Waits until the server closed; True when it did."""
        try:
            while True:
                self.read()
        except (EOFError, ConnectionError):
            return True
