# SPDX-License-Identifier: MIT
"""The control socket of a running server, without a process for each call."""
import json
import os
import socket

from .wait import scale


class Refused(Exception):
    """The server's answer to a verb that failed: its code and its one line."""

    def __init__(self, answer):
        super().__init__(f"{answer['error']}: {answer['message']}")
        self.code = answer["error"]
        self.message = answer["message"]


def call(data, verb, **args):
    """Runs a verb of the server with this data directory and gives the text that it printed."""
    folder = os.open(data / "run", os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as conn:
            conn.settimeout(30 * scale())
            conn.connect(f"/proc/self/fd/{folder}/control.sock")
            conn.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
            with conn.makefile("rb") as stream:
                line = stream.readline()
    finally:
        os.close(folder)
    if not line:
        raise ConnectionError("the server went away before it answered")
    answer = json.loads(line)
    if not answer["ok"]:
        raise Refused(answer)
    return answer["text"]
