# SPDX-License-Identifier: MIT
"""The database seen from beside the server: as an operator and as a foreign client."""
import os
import signal
import socket
import struct
import subprocess

from .wait import eventually

PORT = 5432
PROTOCOL = 3 << 16


class Postgres:
    """The embedded PostgreSQL of a server."""

    def __init__(self, server):
        self.server = server
        self.folder = server.data / "run-postgres"

    def ask(self, sql):
        """Runs SQL and returns the values of its last answer, a row a line."""
        done = subprocess.run(["psql", "-h", str(self.folder), "-U", "dais", "-d", "postgres",
                               "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql],
                              capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise OSError(done.stderr)
        return done.stdout.strip()

    def sessions(self, application):
        """The processes of the sessions whose application has such a name."""
        return [int(pid) for pid in self.ask(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE "
            f"'{application}'").split()]

    def naps(self):
        """How many sessions sleep in a statement."""
        return int(self.ask("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                            "AND query LIKE 'SELECT pg_sleep%'"))

    def hold(self, sql):
        """Runs SQL in a transaction that stays open until the returned process's input ends."""
        held = subprocess.Popen(["psql", "-h", str(self.folder), "-U", "dais", "-d", "postgres",
                                 "-XqAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        held.stdin.write(f"BEGIN; {sql};\n\\echo held\n")
        held.stdin.flush()
        assert held.stdout.readline() == "held\n"
        return held

    def session(self):
        """A session that stays, for questions that must not wait for one to begin."""
        return Session(self.folder)

    def restart(self, number=signal.SIGKILL):
        """Ends the postmaster by a signal; the supervisor starts another one."""
        old = self.server.postgres_pid
        os.kill(old, number)
        eventually(lambda: self.server.postgres_pid != old, 30, what="another postmaster")

    def connect(self):
        """One session that does nothing, and its process; OSError when the server is full."""
        conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        conn.settimeout(10)
        try:
            conn.connect(str(self.folder / f".s.PGSQL.{PORT}"))
            words = b"user\0dais\0database\0postgres\0application_name\0stranger\0\0"
            conn.sendall(struct.pack("!II", len(words) + 8, PROTOCOL) + words)
            with conn.makefile("rb") as answers:
                return conn, self._process(answers)
        except OSError:
            conn.close()
            raise

    @staticmethod
    def _process(answers):
        """Reads up to BackendKeyData."""
        while True:
            head = answers.read(5)
            if len(head) < 5 or head[:1] == b"E":
                raise ConnectionRefusedError(head)
            body = answers.read(struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] == b"K":
                return struct.unpack("!I", body[:4])[0]


class Session:
    """One psql that stays."""

    END = "--"

    def __init__(self, folder):
        self.psql = subprocess.Popen(["psql", "-h", str(folder), "-U", "dais", "-d", "postgres",
                                      "-XqAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True)
        self.ask("SELECT 1")

    def ask(self, sql):
        """The rows of the answer, each a line."""
        self.psql.stdin.write(f"{sql};\n\\echo {self.END}\n")
        self.psql.stdin.flush()
        rows = []
        while (line := self.psql.stdout.readline().rstrip("\n")) != self.END:
            assert self.psql.poll() is None, "psql ended"
            rows.append(line)
        return rows

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.psql.communicate("")
