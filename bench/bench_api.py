# SPDX-License-Identifier: MIT
"""GET /api/streams/:id with a token and one query, against Node's http with pg and jsonwebtoken."""
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import ROOT, Peer, Server, eventually, free_ports, interleave, report, wrk

POSTGRES = Path("/usr/lib/postgresql/15/bin")


class Database:
    """A cluster that both talk to, by TCP, as both would in production."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dais-bench-pg-"))
        shutil.chown(self.folder, "postgres", "postgres") if os.getuid() == 0 else None
        (self.port,) = free_ports(1)
        self._run(POSTGRES / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "bench",
                  "--no-sync", "--locale=C.UTF-8")
        self._run(POSTGRES / "pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log",
                  "-o", f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1", "start")
        self.url = f"postgresql://bench@127.0.0.1:{self.port}/postgres"

    def _run(self, *command):
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*prefix, *map(str, command)], check=True, cwd="/",
                       stdout=subprocess.DEVNULL)

    def stop(self):
        self._run(POSTGRES / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def loaded(url, token):
    result = wrk(url, headers=[f"Authorization: Bearer {token}"])
    assert result["errors"] == 0, result
    result["rps"] = result["requests"] / result["seconds"]
    return result


def main():
    folder = ROOT / "bench" / "node"
    if not (folder / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True)
    database = Database()
    secret = secrets.token_hex(32)
    (port,) = free_ports(1)
    server = Server(config="workers: 1\n",
                    env={"DATABASE_URL": database.url, "JWT_SECRET": secret,
                         "STREAM_KEY_SECRET": secrets.token_hex(32)}).start()
    node = Peer(["node", folder / "server.mjs", port, database.url, secret])
    try:
        admin = server.user(role="admin")
        viewer = server.user()
        stream = admin.post("/api/streams", {"title": "Morning"}).expect(201).json
        path = f"/api/streams/{stream['id']}"
        peer_url = f"http://127.0.0.1:{port}{path}"
        eventually(lambda: not socket.create_connection(("127.0.0.1", port)).close())
        result = interleave({"dais": lambda: loaded(server.url + path, viewer.token),
                             "node": lambda: loaded(peer_url, viewer.token)})
        report("GET /api/streams/:id: token, one query, JSON, one worker, wrk -c64", [
            *[(f"{name}: requests", figures["rps"], "1/s",
               f"p50 {figures['p50']:.2f} ms, p99 {figures['p99']:.2f} ms")
              for name, figures in result.items()],
            ("ratio", result["dais"]["rps"] / result["node"]["rps"], "×", "≥ 3"),
            ("p99 ratio", result["dais"]["p99"] / result["node"]["p99"], "×", "< 1"),
        ])
    finally:
        node.stop()
        server.stop()
        database.stop()
