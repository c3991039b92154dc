"""What makes a landed fork a stranger to its siblings: everything drawn, cached or remembered before the fork."""

import os
import struct
import sys
import time

# Of the state of a Mersenne twister.
MERSENNE_WORDS = 624


def become_stranger(environment: dict[str, str]):
    """Replaces the environment, and makes afresh what tells two forks of one zygote apart, or should.

    `random` does this by itself after every fork. What no process can change about itself stays as it was: the hash
    seed of texts, and where in memory things lie.
    """
    time_zone = os.environ.get("TZ")
    _set_environment(environment)
    if os.environ.get("TZ") != time_zone:
        time.tzset()
    for name, refresh in REFRESHED.items():
        if name in sys.modules:
            refresh(sys.modules[name])


def _set_environment(environment: dict[str, str]):
    """Only what differs is written: most of it is what the zygote has, and pages that are not written to are shared."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _refresh_random(module):
    module.seed()


def _refresh_numpy(module):
    """The whole state at once: `seed()` takes longer, and draws no more."""
    state = struct.unpack(f"={MERSENNE_WORDS}I", os.urandom(MERSENNE_WORDS * 4))
    module.set_state(("MT19937", state, MERSENNE_WORDS))


def _refresh_uuid(module):
    module._node = None
    module._last_timestamp = None


def _refresh_tempfile(module):
    module._name_sequence = None
    module.tempdir = None


def _refresh_multiprocessing(module):
    current = module.current_process()
    current.authkey = os.urandom(32)
    current._config.pop("tempdir", None)


def _refresh_ssl(module):
    """OpenSSL tells a fork by its process number, which may be the same inside another sandbox."""
    module.RAND_add(os.urandom(32), 32.0)


def _refresh_platform(module):
    module._uname_cache = None
    module._platform_cache.clear()


REFRESHED = {
    "random": _refresh_random,
    "numpy.random": _refresh_numpy,
    "uuid": _refresh_uuid,
    "tempfile": _refresh_tempfile,
    "multiprocessing.process": _refresh_multiprocessing,
    "_ssl": _refresh_ssl,
    "platform": _refresh_platform,
}
