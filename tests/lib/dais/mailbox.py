# SPDX-License-Identifier: MIT
"""A mail server that keeps what it gets and refuses, hangs or asks for secrets when it is told to."""
import asyncio
import email
import email.policy
import re
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from .server import LOCALHOST, free_ports
from .wait import eventually

LINK = re.compile(r"https?://\S+[?&]token=(\S+)")


class _Handler:
    """What the server says at each step; called on the thread of its loop."""

    def __init__(self, box):
        self.box = box

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.box.next_reply("RCPT")
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.box.saw(envelope, session)
        while self.box.hangs.is_set():
            await asyncio.sleep(0.02)
        reply = self.box.next_reply("DATA")
        if not reply:
            self.box.keep(envelope)
        return reply or "250 OK"


class Mailbox:
    """An SMTP server on a port of its own. `letters` is what it accepted, `seen` what it was shown.

    With `tls` it offers STARTTLS with a certificate of its own making (`ca_file`), with `login` it
    takes mail only from who names that user and password.
    """

    def __init__(self, folder, tls=False, login=None):
        self.port = free_ports(1)[0]
        self.letters = []
        self.seen = []
        self.hangs = threading.Event()
        self.login = login
        self._replies = {"RCPT": [], "DATA": []}
        self._tls = None
        self.ca_file = None
        if tls:
            self._make_certificate(folder)
        self._controller = None

    def _make_certificate(self, folder):
        self.ca_file, key = folder / "mail.crt", folder / "mail.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", str(key), "-out", str(self.ca_file)],
                       check=True, capture_output=True)
        self.ca_file.chmod(0o644)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.ca_file, key)

    def _authenticate(self, server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and self.login == (data.login.decode(),
                                                                  data.password.decode())
        return AuthResult(success=good, handled=False)

    # -- life ---------------------------------------------------------------------------------

    def start(self):
        secured = {"tls_context": self._tls, "require_starttls": True} if self._tls else {}
        if self.login:
            secured.update(auth_required=True, auth_require_tls=bool(self._tls),
                           authenticator=self._authenticate)
        self._controller = Controller(_Handler(self), hostname=LOCALHOST, port=self.port, **secured)
        self._controller.start()
        return self

    def stop(self):
        if self._controller:
            self.hangs.clear()
            self._controller.stop()
            self._controller = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.stop()

    # -- what it says -------------------------------------------------------------------------

    def refuse(self, step, *replies):
        """The next messages are answered by these, at RCPT or after DATA; then all is well."""
        self._replies[step] += replies

    def next_reply(self, step):
        replies = self._replies[step]
        return replies.pop(0) if replies else None

    # -- what it got --------------------------------------------------------------------------

    def saw(self, envelope, session):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        letter.raw = envelope.content
        letter.encrypted = session.ssl is not None
        self.seen.append(letter)

    def keep(self, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        letter.raw = envelope.content
        letter.sender, letter.recipients = envelope.mail_from, envelope.rcpt_tos
        self.letters.append(letter)

    def to(self, address):
        """The letters that went to `address`, oldest first."""
        return [letter for letter in self.letters if address in letter.recipients]

    def letter(self, address, count=1, timeout_s=10.0):
        """Waits for the letter number `count` to `address`."""
        eventually(lambda: len(self.to(address)) >= count, timeout_s,
                   what=f"letter {count} to {address}")
        return self.to(address)[count - 1]

    def token(self, address, count=1):
        """The secret in the link of a letter."""
        return LINK.search(self.letter(address, count).get_content()).group(1)
