# SPDX-License-Identifier: MIT
"""demo.py DAIS [arguments of `dais serve`]

Serves, makes a demo account and a stream, publishes a test picture with sound to it and prints the
address of its page. Ends everything on Ctrl-C.
"""
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

EMAIL = "demo@example.org"
TITLE = "Demo: a clock and a tone"
READY_TIMEOUT_S = 60
SYSTEM_DATA = "/var/lib/dais"  # where root's server keeps its data when ./var is out of reach


class Demo:
    """One run: the server, then the encoder.

    Both have process groups of their own, so that Ctrl-C reaches this program alone, which then
    ends them in order.
    """

    def __init__(self, dais, arguments):
        self.dais = dais
        self.server = subprocess.Popen([dais, "serve", *arguments], process_group=0)
        self.encoder = None
        self.token = None
        self.data = None
        self.port = None
        self.rtmp_port = None

    def run(self):
        self.find()
        password = self.password()
        self.token = self.log_in(password)
        stream = self.stream()
        self.encoder = self.publish(stream["streamKey"])
        print(f"\n  Watch    http://localhost:{self.port}/watch/{stream['playbackId']}"
              f"\n  Account  {EMAIL}  {password}"
              f"\n  Encoder  rtmp://localhost:{self.rtmp_port}/live  key {stream['streamKey']}"
              "\n\n  Ctrl-C ends it all.\n", flush=True)
        return self.server.wait()

    def stop(self):
        for process in (self.encoder, self.server):
            if process and process.poll() is None:
                process.terminate()
                process.wait()

    def find(self):
        """Where the server keeps its data and where it listens, once it is ready."""
        folders = [Path(os.environ.get("DAIS_DATA") or "var"), Path(SYSTEM_DATA)]
        self.data = self.wait(lambda: next(filter(self.is_data, folders), None))
        ports = json.loads(self.wait(lambda: read(self.data / "run" / "ports.json")))
        self.port = ports["http"].rpartition(":")[2]
        self.rtmp_port = ports["rtmp"].rpartition(":")[2]
        self.wait(self.is_ready)

    def is_data(self, folder):
        return read(folder / "run" / "dais.pid").strip() == str(self.server.pid)

    def is_ready(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).close()
            return True
        except OSError:
            return False

    def wait(self, check):
        """What `check` returns, as soon as that is something."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not (found := check()):
            if self.server.poll() is not None:
                sys.exit(self.server.returncode or 1)
            if time.monotonic() > deadline:
                sys.exit("demo: the server does not become ready")
            time.sleep(0.05)
        return found

    def call(self, method, path, body=None, refused=None):
        """The answer's JSON, or None when its status is `refused`."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"} if body is not None else {})
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == refused:
                return None
            sys.exit(f"demo: {method} {path}: {error.code} {error.read().decode()}")

    def password(self):
        """The demo account's password: made once, kept beside the data it opens."""
        kept = self.data / "demo-password"
        if not kept.exists():
            with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(12) + "\n")
        return kept.read_text().strip()

    def log_in(self, password):
        """A token of the demo account, which the first run makes."""
        token = self.token_for(password, refused=401)
        if not token:
            self.add_account(password)
            token = self.token_for(password)
        return token

    def token_for(self, password, refused=None):
        answer = self.call("POST", "/api/auth/login", {"email": EMAIL, "password": password}, refused)
        return answer and answer["token"]

    def add_account(self, password):
        added = subprocess.run(
            [self.dais, "user", "add", EMAIL, "--role", "admin"], capture_output=True, text=True,
            env=dict(os.environ, DAIS_DATA=str(self.data), DAIS_PASSWORD=password), check=False)
        if added.returncode != 0:
            sys.exit(f"demo: {added.stdout}{added.stderr}")

    def stream(self):
        """The demo stream as its owner sees it; made by the first run."""
        for stream in self.call("GET", "/api/streams")["streams"]:
            if stream["title"] == TITLE:
                own = self.call("GET", f"/api/streams/{stream['id']}")
                if own.get("streamKey"):
                    return own
        return self.call("POST", "/api/streams", {"title": TITLE})

    def publish(self, key):
        """FFmpeg, which comes back when the server was restarted: its fifo muxer tries again."""
        return subprocess.Popen([
            "ffmpeg", "-hide_banner", "-loglevel", "fatal", "-nostdin", "-re",
            "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30",
            "-f", "lavfi", "-i", "sine=frequency=440:beep_factor=2:sample_rate=48000",
            "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
            "-pix_fmt", "yuv420p", "-g", "60", "-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2",
            # The fifo muxer does not ask for what FLV needs: codec headers apart from the frames.
            "-flags", "+global_header", "-f", "fifo", "-fifo_format", "flv", "-attempt_recovery", "1",
            "-recover_any_error", "1", "-recovery_wait_time", "1", "-drop_pkts_on_overflow", "1",
            f"rtmp://127.0.0.1:{self.rtmp_port}/live/{key}"], process_group=0)


def read(path):
    """The text of a small file; empty while it isn't there."""
    try:
        return path.read_text()
    except OSError:
        return ""


def main():
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in ends:
        signal.signal(number, lambda *_: sys.exit(0))
    demo = Demo(sys.argv[1], sys.argv[2:])
    try:
        sys.exit(demo.run())
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)  # it is ending already
        demo.stop()


if __name__ == "__main__":
    main()
