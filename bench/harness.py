# SPDX-License-Identifier: MIT
"""What all benchmarks share: peers as child processes, CPU time, interleaved runs, the table."""
import atexit
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
os.environ.setdefault("DAIS_BUILD", str(ROOT / "build" / "release"))

from dais import Server, eventually  # noqa: E402
from dais.processes import cpu_s, descendants, rss_bytes  # noqa: E402
from dais.server import build_folder, free_ports  # noqa: E402

RUNS = int(os.environ.get("DAIS_BENCH_RUNS", "5"))
SECONDS = int(os.environ.get("DAIS_BENCH_SECONDS", "5"))

__all__ = ["ROOT", "RUNS", "SECONDS", "Server", "Peer", "Nginx", "build_folder", "cpu_s",
           "descendants", "eventually", "free_ports", "interleave", "private_bytes", "report",
           "rss_bytes", "tree_cpu_s", "wrk"]


class Peer:
    """A child process that is measured, with a folder of its own."""

    def __init__(self, command, env=None, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="dais-bench-"))
        self._log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([str(word) for word in command], cwd=self.folder,
                                        env=dict(os.environ, **(env or {})), stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=subprocess.STDOUT)
        atexit.register(self.stop)  # also when what was started after it failed

    @property
    def pids(self):
        return [self.process.pid, *descendants(self.process.pid)]

    def stop(self):
        atexit.unregister(self.stop)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Nginx(Peer):
    """nginx with one worker process and the given blocks of configuration."""

    def __init__(self, http="", rtmp=""):
        folder = Path(tempfile.mkdtemp(prefix="dais-bench-"))
        folder.chmod(0o755)
        modules = "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;" if rtmp else ""
        temp = "".join(f"{name}_temp_path {folder}/{name};" for name in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"{modules} user root; worker_processes 1; daemon off; pid {folder}/pid;"
            f"error_log {folder}/error.log; events {{ worker_connections 4096; }}"
            f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;"
            f"{temp} {http} }} {rtmp}")
        super().__init__(["nginx", "-c", folder / "nginx.conf", "-p", folder], folder=folder)


def tree_cpu_s(pids):
    """CPU seconds of some processes together."""
    return sum(cpu_s(pid) for pid in pids)


def private_bytes(pid):
    """Memory that a process shares with nobody."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


def wrk(url, connections=64, seconds=None, headers=(), threads=1):
    """Loads `url`; returns requests, bytes, errors, p50 and p99 in milliseconds."""
    script = Path(__file__).with_name("report.lua")
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds or SECONDS}s",
               "--timeout", "10s", "-s", str(script)]
    for header in headers:
        command += ["-H", header]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    fields = dict(part.split("=") for part in done.stdout.split("RESULT ")[1].split())
    return {name: float(value) for name, value in fields.items()}


def interleave(candidates, runs=None):
    """Runs each candidate in turn, `runs` times; returns the median of each figure by name."""
    results = {name: [] for name in candidates}
    for _ in range(runs or RUNS):
        for name, run in candidates.items():
            results[name].append(run())
    return {name: {key: statistics.median(run[key] for run in figures) for key in figures[0]}
            for name, figures in results.items()}


def report(title, rows):
    """Prints rows of (what, value, unit, limit or "")."""
    print(f"\n{title}")
    for what, value, unit, limit in rows:
        print(f"  {what:<52} {value:>10.3f} {unit:<10} {limit}")
    sys.stdout.flush()
