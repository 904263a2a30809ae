# SPDX-License-Identifier: MIT
"""The fixtures of every scenario; see lib/dais."""
import os
import signal

import pytest

from dais import Publisher, Server
from dais.server import build_folder
from dais.wait import scale

TEST_TIMEOUT_S = int(os.environ.get("DAIS_TEST_TIMEOUT_S", "120"))

# Sanitizers cost a factor: every time-out of the library is stretched by it.
_cache = build_folder() / "CMakeCache.txt"
if _cache.exists() and "DAIS_SANITIZE:STRING=\n" not in _cache.read_text():
    os.environ.setdefault("DAIS_TIME_SCALE", "4")

_servers = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed shows the last lines of the servers it talked to."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for server in _servers:
            report.sections.append((f"log of the server in {server.folder}", server.log_tail()))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """A test that hangs fails where it hangs."""
    def ring(number, frame):
        raise TimeoutError(f"{item.name} took longer than {TEST_TIMEOUT_S * scale():g} s")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(int(TEST_TIMEOUT_S * scale()))
    yield
    signal.alarm(0)


def _serve(**options):
    server = Server(**options)
    _servers.append(server)
    return server


def _end(server):
    try:
        server.stop()
    finally:
        _servers.remove(server)
    server.remove()


@pytest.fixture(scope="session")
def server():
    """A running server that all tests share: make accounts and streams of your own on it."""
    shared = _serve().start()
    yield shared
    _end(shared)


@pytest.fixture(scope="session")
def accounts():
    """A running server for tests about accounts: four workers, no rates, few sessions each."""
    shared = _serve(config="workers: 4\n"
                           "rates: {login: {user: 0, address: 0}, write: {user: 0, address: 0}}\n"
                           "plugins: {auth: {sessions_max: 5, keys_max: 3}, streams: {}}\n").start()
    yield shared
    _end(shared)


@pytest.fixture
def own_server():
    """Makes servers for this test alone: own_server(config=…, env=…), already running."""
    made = []

    def make(start=True, **options):
        server = _serve(**options)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        _end(server)


@pytest.fixture
def api(server):
    """A caller of the shared server without a token."""
    caller = server.api()
    yield caller
    caller.close()


@pytest.fixture
def admin(server):
    """A new administrator of the shared server."""
    return server.user(role="admin")


@pytest.fixture
def publish():
    """Starts encoders: publish(server, stream, **options); all are ended with the test."""
    started = []

    def start(server, stream, **options):
        publisher = Publisher(f"{server.rtmp_url}/{stream['streamKey']}", **options)
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop()
