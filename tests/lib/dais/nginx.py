# SPDX-License-Identifier: MIT
"""nginx with the configuration of docs/nginx, in a folder of its own."""
import re
import subprocess
import tempfile
from pathlib import Path

from .server import LOCALHOST, ROOT, free_ports
from .tls import Certificate, SecureApi
from .wait import eventually, scale

CONF = ROOT / "docs" / "nginx" / "dais.conf"

MAIN = """\
{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/dais.conf;
}}
"""


class Nginx:
    """In front of `server`; `port` speaks HTTPS, `plain_port` leads there."""

    def __init__(self, server):
        self.folder = Path(tempfile.mkdtemp(prefix="dais-nginx-"))
        self.port, self.plain_port = free_ports(2)
        self.certificate = Certificate(self.folder, "front", "live.example")
        (self.folder / "dais.conf").write_text(self._conf(server))
        user = "user root;" if Path("/proc/self").owner() == "root" else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))
        self.process = None

    def _conf(self, server):
        """The file as it is delivered, with the places marked EDIT filled in."""
        text = CONF.read_text()
        for pattern, mine in [
                (r"server 127\.0\.0\.1:8080;", f"server {LOCALHOST}:{server.port};"),
                (r"listen \[::\]:\d+[^;]*;", ""),
                (r"listen 80;", f"listen {LOCALHOST}:{self.plain_port};"),
                (r"listen 443 ", f"listen {LOCALHOST}:{self.port} "),
                (r"/var/log/nginx/dais\.log", f"{self.folder}/access.log"),
                (r"/etc/letsencrypt/live/live\.example/fullchain\.pem", str(self.certificate.path)),
                (r"/etc/letsencrypt/live/live\.example/privkey\.pem", str(self.certificate.key))]:
            text, count = re.subn(pattern, mine, text)
            assert count, f"{CONF}: {pattern} is not there"
        return text

    def start(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-c", self.folder / "nginx.conf", "-p", self.folder],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.api().get("/healthz").status == 200, what="nginx is ready")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10 * scale())

    def api(self, token=None):
        return SecureApi(LOCALHOST, self.port, token, 30 * scale())

    def curl(self, path, *options, body=None):
        """What curl, which speaks HTTP/2, says: (version, status, body)."""
        done = subprocess.run(
            ["curl", "-sk", "--http2", *options, "-w", "\n%{http_version} %{http_code}",
             f"https://{LOCALHOST}:{self.port}{path}"],
            input=body, capture_output=True, text=True, timeout=30 * scale(), check=True)
        text, _, last = done.stdout.rpartition("\n")
        version, status = last.split()
        return version, int(status), text
