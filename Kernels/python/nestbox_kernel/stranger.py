"""What makes a landed fork a stranger to its siblings: everything drawn, cached or remembered before the fork."""

import os
import sys
import time


def become_stranger(environment: dict[str, str]):
    """Replaces the environment, and makes afresh what tells two forks of one zygote apart, or should.

    `random` does this by itself after every fork. What no process can change about itself stays as it was: the hash
    seed of texts, and where in memory things lie.
    """
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for name, refresh in REFRESHED.items():
        if name in sys.modules:
            refresh(sys.modules[name])


def _refresh_random(module):
    module.seed()


def _refresh_numpy(module):
    module.seed()


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
