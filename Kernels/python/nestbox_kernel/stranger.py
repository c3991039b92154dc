"""What makes a landed fork a stranger to its siblings: everything drawn, cached or remembered before the fork."""

import os
import struct
import sys
import time

# Of the state of a Mersenne twister.
MERSENNE_WORDS = 624


class Stranger:
    """Made before the fork, used after it."""

    def __init__(self):
        self._known = dict(os.environ)

    def become(self, environment: dict[str, str]):
        """Replaces the environment, and makes afresh what tells two forks of one zygote apart, or should.

        `random` does this by itself after every fork. What no process can change about itself stays as it was: the hash
        seed of texts, and where in memory things lie.
        """
        self._set_environment(environment)
        for name, refresh in REFRESHED.items():
            if name in sys.modules:
                refresh(sys.modules[name])

    def _set_environment(self, environment: dict[str, str]):
        """Writes only what differs: most of it is the zygote's, and what is not touched is not copied."""
        known = self._known
        for name in known.keys() - environment.keys():
            del os.environ[name]
        for name, value in environment.items():
            if known.get(name) != value:
                os.environ[name] = value
        if known.get("TZ") != environment.get("TZ"):
            time.tzset()


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
