# SPDX-License-Identifier: MIT
"""Wrong tries at passwords: growing waits, the same for accounts that exist and that don't."""
import itertools
import statistics
import threading
import time
import uuid

import pytest

from dais.api import Api
from dais.server import LOCALHOST
from dais.wait import scale

PASSWORD = "correct horse battery"
FREE = 3
FREE_ACCOUNT = 6
FREE_ADDRESS = 12
WAIT_S = 20
WAIT_MAX_S = 100
WAIT_ACCOUNT_S = 10

_sources = itertools.count(2)


@pytest.fixture(scope="module")
def strict():
    """A server with few free tries, and waits that no test sits out: see let_time_pass."""
    from dais import Server
    server = Server(config="workers: 3\nrates: {login: {user: 0, address: 0}}\nplugins: {auth: {"
                           f"login_free: {FREE}, login_free_account: {FREE_ACCOUNT}, "
                           f"login_free_address: {FREE_ADDRESS}, login_wait_ms: {WAIT_S * 1000}, "
                           f"login_wait_max_s: {WAIT_MAX_S}, "
                           f"login_wait_account_s: {WAIT_ACCOUNT_S}}}}}\n").start()
    yield server
    server.stop()
    server.remove()


def let_time_pass(server):
    """All waits are over."""
    server.sql("UPDATE auth.tries SET next_at = least(next_at, now())")


def elsewhere(server):
    """A caller from an address that nobody has used."""
    return Api(LOCALHOST, server.port, timeout_s=30 * scale(), source=f"127.0.1.{next(_sources)}")


def attempt(caller, email, password="wrong"):
    return caller.post("/api/auth/login", {"email": email, "password": password})


def exhaust(caller, email, tries):
    """Fails until the server says wait; returns the statuses before."""
    statuses = []
    for _ in range(tries + 2):
        reply = attempt(caller, email)
        if reply.status == 429:
            return statuses, reply
        statuses.append(reply.status)
    raise AssertionError(f"never told to wait: {statuses}")


@pytest.mark.parametrize("known", [True, False], ids=["known account", "unknown account"])
def test_wrong_tries_wait_longer_and_longer(strict, known):
    email = strict.user().user["email"] if known else f"{uuid.uuid4().hex}@example.org"
    caller = elsewhere(strict)
    statuses, told = exhaust(caller, email, FREE)
    assert statuses == [401] * (FREE + 1) and told.json["code"] == "limit"
    waits = [int(told.headers["retry-after"])]
    for _ in range(3):
        let_time_pass(strict)
        attempt(caller, email).expect(401)
        waits.append(int(attempt(caller, email).expect(429).headers["retry-after"]))
    for wait, whole in zip(waits, (WAIT_S, 2 * WAIT_S, 4 * WAIT_S, WAIT_MAX_S)):
        assert whole - 5 * scale() < wait <= whole, waits


def test_tries_side_by_side_gain_nothing(strict):
    email = strict.user().user["email"]
    source = elsewhere(strict).source
    statuses = []

    def one():
        caller = Api(LOCALHOST, strict.port, source=source)
        statuses.append(attempt(caller, email).status)
        caller.close()

    threads = [threading.Thread(target=one) for _ in range(3 * FREE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(401) <= FREE + 2 and statuses.count(429) >= 2 * FREE - 2


def test_the_right_password_forgets_the_accounts_failures(strict):
    email = strict.user().user["email"]
    caller = elsewhere(strict)
    for _ in range(3):
        for _ in range(FREE):
            attempt(caller, email).expect(401)
        attempt(caller, email, PASSWORD).expect(200)


def test_success_elsewhere_does_not_clear_an_address(strict):
    own = strict.user().user["email"]
    caller = elsewhere(strict)
    for i in range(FREE_ADDRESS + 1):
        attempt(caller, f"victim{i}-{uuid.uuid4().hex}@example.org").expect(401)
        if i % 4 == 0 and i < FREE_ADDRESS:
            attempt(caller, own, PASSWORD).expect(200)
    attempt(caller, own, PASSWORD).expect(429)


def test_many_addresses_slow_an_account_but_not_where_its_owner_logs_in(strict):
    email = strict.user().user["email"]  # logged in from 127.0.0.1
    statuses = [attempt(elsewhere(strict), email).status for _ in range(FREE_ACCOUNT + 2)]
    assert statuses == [401] * (FREE_ACCOUNT + 1) + [429]
    told = attempt(elsewhere(strict), email, PASSWORD).expect(429)
    assert int(told.headers["retry-after"]) <= WAIT_ACCOUNT_S
    strict.login(email, PASSWORD)  # from here at once


def test_an_attacker_does_not_shut_the_owner_out(strict):
    email = strict.user().user["email"]
    attacker = elsewhere(strict)
    exhaust(attacker, email, FREE)
    for _ in range(10):
        attempt(attacker, email).expect(429)
    attempt(elsewhere(strict), email, PASSWORD).expect(200)


def test_wrong_old_passwords_wait_too(strict):
    user = strict.user()
    body = {"oldPassword": "wrong", "newPassword": "new password"}
    statuses = [user.put("/api/auth/password", body).status for _ in range(FREE + 3)]
    assert statuses == [403] * (FREE + 1) + [429] * 2
    strict.login(user.user["email"], PASSWORD)


def test_counters_hold_no_address_and_are_swept(strict):
    email = f"{uuid.uuid4().hex}@example.org"
    attempt(elsewhere(strict), email).expect(401)
    table = str(strict.sql("SELECT * FROM auth.tries"))
    assert email not in table and "127.0.1." not in table


def test_login_takes_as_long_for_accounts_that_do_not_exist(strict):
    """Interleaved tries, medians: what the machine does meanwhile hits both alike."""
    known = [strict.user().user["email"] for _ in range(3)]
    times = {True: [], False: []}
    for i in range(3 * FREE):
        for exists in (True, False):
            email = known[i % 3] if exists else f"{uuid.uuid4().hex}@example.org"
            caller = elsewhere(strict)
            caller.get("/readyz").expect(200)  # connected
            began = time.perf_counter()
            attempt(caller, email).expect(401)
            times[exists].append(time.perf_counter() - began)
            caller.close()
    ratio = statistics.median(times[True]) / statistics.median(times[False])
    assert 0.6 < ratio < 1.6, ratio
