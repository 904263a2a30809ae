# SPDX-License-Identifier: MIT
"""Waiting for what must become true, never for time to pass."""
import os
import time

POLL_S = 0.02


def scale():
    """Sanitizer builds are slower: every time-out is multiplied by this."""
    return float(os.environ.get("DAIS_TIME_SCALE", "1"))


def at_once(seconds=0.25):
    """The bound for what has to be felt everywhere at once, longer where processors are fought for."""
    crowding = os.getloadavg()[0] / (os.cpu_count() or 1)
    return seconds * scale() * max(1.0, crowding)


def eventually(check, timeout_s=10.0, what=None):
    """Calls `check` until it returns something true, and returns that.

    An AssertionError or OSError raised by `check` counts as "not yet"; the last one is shown when
    the time is up.
    """
    deadline = time.monotonic() + timeout_s * scale()
    last = None
    while True:
        try:
            result = check()
            if result:
                return result
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            message = f"not within {timeout_s * scale():g} s: {what or check}"
            raise AssertionError(f"{message}: {last}" if last else message)
        time.sleep(POLL_S)
