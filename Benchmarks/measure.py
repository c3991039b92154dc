"""Times things: spawning of programs, alternation of rivals, quantiles."""

import os
import time
from dataclasses import dataclass, field

_NULL_INPUT = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)
_NULL_OUTPUT = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)


class Failed(Exception):
    """A measurement that could not be made, in a sentence."""


@dataclass
class Sample:
    """Readings of one thing, in seconds."""

    seconds: list = field(default_factory=list)

    @property
    def n(self):
        return len(self.seconds)

    def quantile(self, q):
        """The nearest rank: a reading that was really taken. With fewer than 100 readings p99 is the largest."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    @property
    def p50(self):
        return self.quantile(0.50)

    @property
    def p99(self):
        return self.quantile(0.99)


def spawn_seconds(argv, environment=None):
    """Seconds from before `posix_spawn` (a vfork inside) until `argv` is reaped. Throws `Failed` unless it exits with
    0."""
    start = time.perf_counter()
    pid = os.posix_spawnp(
        argv[0], argv, os.environ if environment is None else environment, file_actions=[_NULL_INPUT, _NULL_OUTPUT])
    _, status, _ = os.wait4(pid, 0)
    elapsed = time.perf_counter() - start
    if status != 0:
        raise Failed(f"`{' '.join(argv)}` ended with {os.waitstatus_to_exitcode(status)}")
    return elapsed


def timed(action):
    """Turns a call into one that returns how many seconds it took."""

    def call():
        start = time.perf_counter()
        action()
        return time.perf_counter() - start

    return call


def interleave(rivals, rounds, warm_up=3):
    """Calls each of `rivals` (name -> call that returns seconds) in turn, A B A B, and gives name -> `Sample`. What the
    machine does besides hits all of them alike."""
    samples = {name: Sample() for name in rivals}
    for number in range(warm_up + rounds):
        for name, call in rivals.items():
            seconds = call()
            if number >= warm_up:
                samples[name].seconds.append(seconds)
    return samples
