# SPDX-License-Identifier: MIT
"""A small HTTP client: one kept connection, JSON in and out, nothing hidden."""
import http.client
import json
from urllib.parse import urlencode, urlsplit

from .wait import eventually


class Reply:
    """One answer: status, headers (names in lower case) and body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, status):
        """Returns the answer, when its status is the expected one."""
        assert self.status == status, f"{self.status}, expected {status}: {self.body[:500]!r}"
        return self

    def __repr__(self):
        return f"<{self.status} {self.body[:200]!r}>"


class Api:
    """A caller of the server, with a token or without."""

    def __init__(self, host, port, token=None, timeout_s=30.0, source=None):
        self.host = host
        self.source = source  # the address to call from: any of 127.0.0.0/8
        self.port = port
        self.token = token
        self.timeout_s = timeout_s
        self.user = None
        self._conn = None

    def close(self):
        if self._conn:
            self._conn.close()
            self._conn = None

    def with_token(self, token):
        """Another caller of the same server."""
        return Api(self.host, self.port, token, self.timeout_s)

    def request(self, method, path, body=None, headers=None, query=None):
        """Sends one request; `body` is bytes, or anything that JSON can say."""
        sent = {"Host": f"{self.host}:{self.port}"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        if query:
            path += "?" + urlencode(query)
        return self._roundtrip(method, path, body, sent)

    def _roundtrip(self, method, path, body, headers):
        # A kept connection that the server closed meanwhile is replaced, once.
        for attempt in (1, 2):
            fresh = self._conn is None
            if fresh:
                self._conn = http.client.HTTPConnection(
                    self.host, self.port, timeout=self.timeout_s,
                    source_address=(self.source, 0) if self.source else None)
            try:
                self._conn.request(method, path, body=body, headers=headers)
                answer = self._conn.getresponse()
                content = answer.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh or attempt == 2:
                    raise
                continue
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, content)
        raise AssertionError("unreachable")

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def soon(self, path, status):
        """GETs until the answer has this status: a right that was taken away counts within 250 ms
        on every worker, not before the answer to whoever took it."""
        return eventually(lambda: self.get(path).expect(status), 1.0)

    def get_url(self, url):
        """GET of an absolute URL of this server, or of one relative to its root."""
        parts = urlsplit(url)
        return self.get(parts.path + (f"?{parts.query}" if parts.query else ""))
