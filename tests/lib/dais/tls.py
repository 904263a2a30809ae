# SPDX-License-Identifier: MIT
"""Certificates that a test makes itself, and clients that look at what they are shown."""
import http.client
import socket
import ssl
import subprocess
from pathlib import Path

from .api import Api
from .wait import scale

LOCALHOST = "127.0.0.1"


class Certificate:
    """A certificate of its own (P-256) for `names`, as two files in `folder`."""

    def __init__(self, folder, file, *names, days=90):
        self.path = Path(folder) / f"{file}.pem"
        self.key = Path(folder) / f"{file}.key"
        self.write(*names, days=days)

    def write(self, *names, days=90):
        """Makes a new pair in the place of the old one."""
        alternatives = ",".join(f"DNS:{name}" for name in names)
        fresh = [self.path.with_suffix(".new"), self.key.with_suffix(".newkey")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
                        "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}",
                        "-out", fresh[0], "-keyout", fresh[1]],
                       check=True, capture_output=True)
        fresh[1].chmod(0o644)  # as root the server runs as another user
        fresh[0].rename(self.path)
        fresh[1].rename(self.key)

    def is_shown(self, port, name):
        """Whether a client that asks for `name` gets this certificate."""
        return shown(port, name) == ssl.PEM_cert_to_DER_cert(self.path.read_text())


def context():
    """Believes everything: what is shown is for the test to judge."""
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def shown(port, name):
    """The certificate that a client gets, in DER."""
    with socket.create_connection((LOCALHOST, port), timeout=10 * scale()) as plain:
        with context().wrap_socket(plain, server_hostname=name) as secure:
            return secure.getpeercert(binary_form=True)


class SecureApi(Api):
    """A caller by HTTPS."""

    def request(self, method, path, **options):
        if self._conn is None:
            self._conn = http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout_s,
                                                     context=context())
        return super().request(method, path, **options)
