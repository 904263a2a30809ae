# SPDX-License-Identifier: MIT
"""HTTPS and RTMPS: what is shown to whom, and certificates that change while the server runs."""
import os
import signal
import socket
import subprocess

import pytest

from dais import decode_errors, eventually
from dais.server import free_ports
from dais.tls import LOCALHOST, Certificate, SecureApi, context
from dais.wait import scale

REFUSED = 'event="certificates not reloaded, the old ones stay"'


class Site:
    """A server with two certificates, and where its secure ports are."""

    def __init__(self, server):
        self.server = server
        self.https_port, self.rtmps_port = free_ports(2)
        self.first = Certificate(server.folder, "first", "a.test")
        self.second = Certificate(server.folder, "second", "b.test", "*.c.test")
        server.env["RTMPS_PORT"] = str(self.rtmps_port)
        server.config = "\n".join([
            "tls:",
            f'  listen: ["{LOCALHOST}:{self.https_port}"]',
            "  certificates:",
            "    - {certificate: first.pem, key: first.key}",
            f"    - {{certificate: {self.second.path}, key: {self.second.key}}}",
            ""])

    def api(self):
        return SecureApi(LOCALHOST, self.https_port, timeout_s=30 * scale())

    def refusals(self):
        return self.server.log().count(REFUSED)


@pytest.fixture(scope="module")
def site():
    from dais import Server
    with_tls = Server()
    made = Site(with_tls)
    with with_tls:
        yield made


def test_https_beside_http(site):
    secure = site.api().get("/healthz").expect(200)
    assert secure.body == site.server.api().get("/healthz").expect(200).body


def test_the_name_chooses_the_certificate(site):
    assert site.first.is_shown(site.https_port, "a.test")
    assert site.second.is_shown(site.https_port, "b.test")
    assert site.second.is_shown(site.https_port, "x.c.test")
    assert site.first.is_shown(site.https_port, "unknown.test")


def test_http_1_1_alone_is_offered(site):
    offer = context()
    offer.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((LOCALHOST, site.https_port)) as plain:
        with offer.wrap_socket(plain) as secure:
            assert secure.selected_alpn_protocol() == "http/1.1"


def test_plain_http_on_the_secure_port_ends(site):
    for port in (site.https_port, site.rtmps_port):
        with site.server.connect(port) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b"?"
            while answer:  # an alert, and then the end
                answer = plain.recv(100)


def test_renewed_certificates_are_served(site):
    """By themselves, a few seconds after both files were replaced; connections stay."""
    kept = site.api()
    kept.get("/healthz").expect(200)
    connection = kept._conn.sock
    site.first.write("a.test", "renewed.test")
    eventually(lambda: site.first.is_shown(site.https_port, "a.test"), 15)
    kept.get("/healthz").expect(200)
    assert kept._conn.sock is connection


def test_broken_certificates_keep_the_old_ones(site):
    before = site.refusals()
    good_key, served = site.second.key.read_bytes(), site.second.path.read_bytes()
    site.second.key.write_text("no key at all\n")
    eventually(lambda: site.refusals() == before + 1, 15)
    assert "second.key: holds no private key in PEM" in site.server.log()
    assert site.second.is_shown(site.https_port, "b.test")
    refused = site.server.cli("tls", "reload")
    assert refused.returncode != 0
    assert "second.key: holds no private key in PEM" in refused.stderr
    site.second.key.write_bytes(good_key)
    assert site.server.cli("tls", "reload").returncode == 0
    assert site.second.path.read_bytes() == served


def test_reload_by_hand(site):
    site.first.write("a.test")
    done = site.server.cli("tls", "reload")
    assert done.returncode == 0, done.stderr
    assert site.first.is_shown(site.https_port, "a.test")


def test_reload_by_hangup(site):
    before = site.server.metric("dais_tls_reloads_total")
    os.kill(site.server.supervisor_pid, signal.SIGHUP)
    eventually(lambda: site.server.metric("dais_tls_reloads_total") > before)


def test_rtmps_is_watched_by_https(site, publish):
    stream = site.server.stream()
    url = f"rtmps://{LOCALHOST}:{site.rtmps_port}/live/{stream['streamKey']}"
    encoder = subprocess.Popen(
        ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re",
         "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-c:v", "libx264",
         "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-f", "flv", url],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page = f"/hls/{stream['playbackId']}/master.m3u8"
        eventually(lambda: site.api().get(page).status == 200, 20)
        assert decode_errors(f"https://{LOCALHOST}:{site.https_port}{page}", seconds=2) == ""
    finally:
        encoder.terminate()
        encoder.wait()


def test_metrics_tell_when_certificates_end(site):
    ends = site.server.metric("dais_tls_certificate_end_timestamp_seconds")
    assert ends > 1e9
    assert site.server.metric("dais_tls_reloads_total") >= 2
    assert site.server.metric("dais_tls_reload_failures_total") >= 1


def test_check_and_doctor_look_at_certificates(site, own_server):
    other = Site(own_server(start=False))
    other.first.write("a.test", days=5)
    other.server._config_args()
    doctor = other.server.cli("--config", "dais.yaml", "doctor").stdout
    assert "first.pem ends in " in doctor
    assert f"ok    certificate: {other.second.path} lasts until" in doctor
    assert other.server.cli("--config", "dais.yaml", "check").returncode == 0
    other.first.key.write_bytes(other.second.key.read_bytes())
    found = other.server.cli("--config", "dais.yaml", "check")
    assert found.returncode != 0
    assert "first.key: is not the key of " in found.stdout + found.stderr
    doctor = other.server.cli("--config", "dais.yaml", "doctor").stdout
    assert "fail  certificate: " in doctor


def test_a_start_without_a_usable_key_says_so(own_server):
    other = Site(own_server(start=False))
    other.first.key.unlink()
    other.server.start(wait=False)
    assert other.server.process.wait(20 * scale()) != 0
    assert "first.key: No such file or directory" in other.server.log()
    other.server.process = None
