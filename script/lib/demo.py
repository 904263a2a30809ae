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


class Demo:
    """One run: the server, then the encoder."""

    def __init__(self, dais, arguments):
        self.dais = dais
        self.data = Path(os.environ["DAIS_DATA"])
        self.port = os.environ.get("PORT", "8080")
        self.rtmp_port = os.environ.get("RTMP_PORT", "1935")
        self.server = subprocess.Popen([dais, "serve", *arguments])
        self.encoder = None
        self.token = None

    def run(self):
        self.wait_ready()
        password = self.account()
        self.token = self.call("POST", "/api/auth/login",
                               {"email": EMAIL, "password": password})["token"]
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

    def wait_ready(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            if self.server.poll() is not None:
                sys.exit(self.server.returncode or 1)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit("demo: the server does not become ready")
                time.sleep(0.05)

    def call(self, method, path, body=None):
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
            sys.exit(f"demo: {method} {path}: {error.code} {error.read().decode()}")

    def account(self):
        """The demo account's password: made once, kept beside the data it opens."""
        kept = self.data / "demo-password"
        if kept.exists():
            return kept.read_text().strip()
        password = secrets.token_urlsafe(12)
        added = subprocess.run([self.dais, "user", "add", EMAIL, "--role", "admin"],
                               env=dict(os.environ, DAIS_PASSWORD=password),
                               capture_output=True, text=True, check=False)
        if added.returncode != 0:
            sys.exit(f"demo: {added.stdout}{added.stderr}")
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password + "\n")
        return password

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
            "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-re",
            "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30",
            "-f", "lavfi", "-i", "sine=frequency=440:beep_factor=2:sample_rate=48000",
            "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
            "-pix_fmt", "yuv420p", "-g", "60", "-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2",
            "-f", "fifo", "-fifo_format", "flv", "-attempt_recovery", "1",
            "-recover_any_error", "1", "-recovery_wait_time", "1", "-drop_pkts_on_overflow", "1",
            f"rtmp://127.0.0.1:{self.rtmp_port}/live/{key}"])


def main():
    demo = Demo(sys.argv[1], sys.argv[2:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.exit(demo.run())
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server is already ending
        demo.stop()


if __name__ == "__main__":
    main()
