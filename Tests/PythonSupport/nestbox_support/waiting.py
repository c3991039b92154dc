"""Waiting for what must come true, never for time to pass."""

import time

POLL_SECONDS = 0.02


def eventually(condition, what, seconds=15.0):
    """The first true value of `condition()`; fails with `what` when none came in `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} seconds: {what}")
        time.sleep(POLL_SECONDS)
