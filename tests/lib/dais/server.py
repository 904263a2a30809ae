# SPDX-License-Identifier: MIT
"""The real server, started as an operator starts it, in a data directory of its own."""
import atexit
import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from . import processes
from .api import Api
from .reload import Reloader
from .wait import eventually, scale

ROOT = Path(__file__).resolve().parents[3]
LOCALHOST = "127.0.0.1"

SANITIZER_REPORT = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:).*")

_names = itertools.count(1)


def build_folder():
    """The build under test: DAIS_BUILD, or build/dev."""
    return Path(os.environ.get("DAIS_BUILD", ROOT / "build" / "dev"))


def free_ports(count):
    """Ports nobody uses, below those the kernel gives to outgoing connections."""
    ports = set()
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((LOCALHOST, port))
                ports.add(port)
            except OSError:
                pass
    return list(ports)


def sanitizer_environment():
    """How the sanitizers report: everything they find ends the process."""
    lib = ROOT / "tests" / "lib"
    return {
        "ASAN_OPTIONS": "detect_stack_use_after_return=0:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={lib / 'lsan.supp'}:print_suppressions=0",
        "TSAN_OPTIONS": "second_deadlock_stack=1",
    }


def _copy(source, target):
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def _make_seed():
    """The data of a server that was started once, by itself, and stopped."""
    first = Server(fresh=True)
    atexit.register(first.remove)
    first.start(reloads=False)
    first.stop()
    shutil.rmtree(first.data / "run")
    return first.data


class Server:
    """`dais serve` with data, configuration and ports of its own.

    start() returns when /readyz answers 200; stop() ends it in order and fails when a process is
    left behind or a sanitizer had something to say. Its data is a copy of what the first server of
    the run left, which saves making a database; `fresh` begins with nothing.
    """

    _seed = None

    def __init__(self, config=None, env=None, args=(), fresh=False):
        self.folder = Path(tempfile.mkdtemp(prefix="dais-"))
        self.folder.chmod(0o755)  # as root the server runs as another user
        self.data = self.folder / "data"
        self.log_path = self.folder / "log"
        self.port, self.rtmp_port = free_ports(2)
        self.config = config
        self.fresh = fresh or bool({"DAIS_DATA", "DATABASE_URL"} & set(env or {}))
        self.args = list(args)
        self.env = dict(os.environ, DAIS_DATA=str(self.data), PORT=str(self.port),
                        RTMP_PORT=str(self.rtmp_port), **sanitizer_environment())
        self.env.update(env or {})
        self.process = None
        self._log = None
        self._reloader = None

    # -- life ---------------------------------------------------------------------------------

    def _begin_data(self):
        if self.fresh or self.data.exists():
            return
        Server._seed = Server._seed or _make_seed()
        _copy(Server._seed, self.data)

    def start(self, wait=True, reloads=True):
        self._begin_data()
        command = [str(build_folder() / "bin" / "dais"), "serve", *self._config_args(), *self.args]
        self._log = open(self.log_path, "ab")
        self.process = subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=self._log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if wait:
            self.wait_ready()
        if reloads:
            self._begin_reloads()
        return self

    def _begin_reloads(self):
        """With DAIS_TEST_RELOAD_MS all plugins are replaced that often while the test runs."""
        every_ms = os.environ.get("DAIS_TEST_RELOAD_MS")
        if every_ms and not self._reloader:
            self._reloader = Reloader(self, int(every_ms)).start()

    def _end_reloads(self):
        reloader, self._reloader = self._reloader, None
        if reloader:
            print(f"{reloader.stop()} reloads while the tests ran")

    def _config_args(self):
        if self.config is None:
            return []
        path = self.folder / "dais.yaml"
        path.write_text(self.config)
        return ["--config", str(path)]

    def wait_ready(self, timeout_s=60.0):
        eventually(self.is_ready, timeout_s, what="the server is ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
        return self.api(timeout_s=2.0).get("/readyz").status == 200

    def stop(self):
        """Ends the server as an operator does, and looks at what it left."""
        if self.process is None:
            return
        process, self.process = self.process, None
        try:
            self._end_reloads()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=20 * scale())
            left = self._left_behind()
            report = SANITIZER_REPORT.search(self.log())
            assert not report, f"a sanitizer reported: {report.group(0)}"
            assert not left, f"processes left behind: {left}"
            assert code == 0, f"the server ended with {code}"
        finally:
            self._kill_all(process)
            self._log.close()

    def _left_behind(self):
        try:
            eventually(lambda: not processes.using(self.data), 5.0)
        except AssertionError:
            return {pid: " ".join(processes.cmdline(pid)) for pid in processes.using(self.data)}
        return {}

    def _kill_all(self, process):
        for pid in {process.pid, *processes.using(self.data)}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()

    def remove(self):
        """Deletes the data; after stop()."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            self.stop()
        except AssertionError:
            if kind is None:  # what the test itself said is worth more
                raise
        finally:
            if kind is None:
                self.remove()

    # -- its processes ------------------------------------------------------------------------

    @property
    def supervisor_pid(self):
        return self.process.pid

    @property
    def worker_pid(self):
        """The process that serves: the supervisor's child that is not PostgreSQL."""
        def find():
            return [pid for pid in processes.children(self.supervisor_pid)
                    if (name := processes.program(pid)) and "postgres" not in name]
        return eventually(find, what="the server process")[0]

    @property
    def postgres_pid(self):
        """The postmaster of the embedded cluster."""
        def find():
            return [pid for pid in processes.children(self.supervisor_pid)
                    if "postgres" in processes.program(pid)]
        return eventually(find, what="the postmaster")[0]

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)

    # -- what it says -------------------------------------------------------------------------

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log().splitlines()[-lines:])

    def metric(self, name):
        """The value of one metric, labels as written: 'dais_x_total{worker="0"}'."""
        for line in self.api().get("/metrics").expect(200).text.splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return None

    def sql(self, text):
        """Runs SQL in the embedded database, as its owner; the rows as lists of texts."""
        folder = (self.data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
        done = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", folder,
                               "-U", "dais", "-d", "postgres", "-c", text],
                              capture_output=True, text=True, timeout=60 * scale(), check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    # -- its clients --------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://{LOCALHOST}:{self.port}"

    @property
    def rtmp_url(self):
        return f"rtmp://{LOCALHOST}:{self.rtmp_port}/live"

    def api(self, token=None, timeout_s=30.0):
        return Api(LOCALHOST, self.port, token, timeout_s * scale())

    def connect(self, port=None):
        """A TCP connection for bytes of the test's own making."""
        return socket.create_connection((LOCALHOST, port or self.port), timeout=10 * scale())

    def cli(self, *words, env=None):
        """Runs `dais <words>` beside the running server and returns the finished process."""
        return subprocess.run([str(build_folder() / "bin" / "dais"), *words],
                              env=dict(self.env, **(env or {})), cwd=self.folder,
                              capture_output=True, text=True, timeout=30 * scale(), check=False)

    def user(self, role="attendee", password="correct horse battery"):
        """A new account with a role, logged in."""
        email = f"{role}{next(_names)}-{os.getpid()}@example.org"
        added = self.cli("user", "add", email, "--role", role, env={"DAIS_PASSWORD": password})
        assert added.returncode == 0, f"user add: {added.stdout}{added.stderr}"
        return self.login(email, password)

    def login(self, email, password):
        answer = self.api().post("/api/auth/login", {"email": email, "password": password})
        body = answer.expect(200).json
        caller = self.api(body["token"])
        caller.user = body["user"]
        return caller

    def stream(self, owner=None, **fields):
        """A new stream, as its owner sees it; the owner is a new administrator if not given."""
        owner = owner or self.user(role="admin")
        body = {"title": f"Stream {next(_names)}", **fields}
        return owner.post("/api/streams", body).expect(201).json
