# SPDX-License-Identifier: MIT
"""Logins as fast as Argon2id lets them: how many there are, and what other routes feel of it."""
import multiprocessing
import threading
import time

from harness import Server, SECONDS, interleave, report

ACCOUNTS = 8
CALLERS = 4  # open loop, each on its own connection
CALLS_PER_S = 50  # of each caller
PASSWORD = "correct horse battery"
CONFIG = ("rates: {login: {user: 0, address: 0}, read: {user: 0, address: 0}}\n"
          "plugins: {auth: {sessions_max: 1000}, streams: {}}\n")


def call_steadily(server, path, token, seconds, results):
    """One caller at a fixed rate; what an answer waits behind a late one counts as well."""
    caller = server.api(token)
    caller.get(path).expect(200)
    times, due = [], time.perf_counter()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.perf_counter()))
        caller.get(path).expect(200)
        times.append(time.perf_counter() - due)
        due += 1 / CALLS_PER_S
    results.put(times)


def latencies(server, path, token):
    """p50 and p99 of all callers, in ms."""
    results = multiprocessing.Queue()
    callers = [multiprocessing.Process(target=call_steadily,
                                       args=(server, path, token, SECONDS, results))
               for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    times = sorted(time_s for _ in callers for time_s in results.get())
    for caller in callers:
        caller.join()
    return {"p50": times[len(times) // 2] * 1000, "p99": times[len(times) * 99 // 100] * 1000}


def log_in_for_ever(server, email, stop, count):
    caller = server.api()
    while not stop.is_set():
        caller.post("/api/auth/login", {"email": email, "password": PASSWORD}).expect(200)
        count.append(email)


def flooded(server, emails, path, token):
    """The same while each account logs in again and again."""
    stop, count = threading.Event(), []
    threads = [threading.Thread(target=log_in_for_ever, args=(server, email, stop, count))
               for email in emails]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    result = latencies(server, path, token)
    stop.set()
    for thread in threads:
        thread.join()
    result["logins"] = len(count) / (time.perf_counter() - began)
    return result


def main():
    server = Server(config=CONFIG).start()
    try:
        viewer = server.user()
        path = f"/api/streams/{server.stream()['id']}"
        emails = [server.user().user["email"] for _ in range(ACCOUNTS)]
        result = interleave({
            "undisturbed": lambda: {**latencies(server, path, viewer.token), "logins": 0.0},
            "flooded": lambda: flooded(server, emails, path, viewer.token)})
        calm, flood = result["undisturbed"], result["flooded"]
        report(f"GET /api/streams/:id, {CALLERS * CALLS_PER_S}/s, beside {ACCOUNTS} clients that log in", [
            ("logins", flood["logins"], "1/s", "as Argon2id allows"),
            ("undisturbed: p99", calm["p99"], "ms", f"p50 {calm['p50']:.2f} ms"),
            ("flooded: p99", flood["p99"], "ms", f"p50 {flood['p50']:.2f} ms"),
            ("p99 ratio", flood["p99"] / calm["p99"], "×", "≤ 2"),
        ])
    finally:
        server.stop()
