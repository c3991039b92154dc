"""What keeping an interpreter warm costs: to start it, to fork it into a sandbox, to have a new one in its place."""

import json
import time

import wire
from context import scratch, template
from measure import Sample, timed
from report import Line, Quantity
from rows.cells import TEMPLATE
from spawner import own_spawner

_FAMILY = "bench"
_LIFE_MILLISECONDS = 600_000
_WARM_UP = 3
# Seconds after which the zygote has the next fork ready.
_RESTED = 0.1
_MEBIBYTE = 1 << 20


def _zygote(description):
    limits = wire.Limits(memory_bytes=description["zygote"]["memoryMiB"] * _MEBIBYTE)
    return wire.StartZygote(_FAMILY, TEMPLATE, description["layers"], description["zygote"]["command"],
                            description["environment"], limits, description["noNewPrivileges"])


def _sandbox(number, description):
    limits = wire.Limits(memory_bytes=description["memoryMiB"] * _MEBIBYTE)
    return wire.CreateSandbox(f"bench{number:06d}", TEMPLATE, _FAMILY, "sandbox", description["layers"], limits,
                              description["noNewPrivileges"], int(time.time() * 1000) + _LIFE_MILLISECONDS)


def _payload(number):
    context = f"{number:032x}"
    return json.dumps({"socket": f"/run/nestbox/kernels/{context}.sock", "context": context, "language": "python",
                       "cwd": "/home/user", "environment": {}}).encode()


def _starts(spawner, zygote, rounds):
    """Seconds until a zygote is warm, each after the one before was ended."""
    sample = Sample()
    for _ in range(rounds):
        spawner.end_zygote(_FAMILY)
        sample.seconds.append(timed(lambda: spawner.start_zygote(zygote))())
    return sample


def _landings(spawner, description, numbers, rest):
    """Seconds until a fork is a process of a sandbox, `rest` seconds after the sandbox is there."""
    sample = Sample()
    for number in numbers:
        sandbox = _sandbox(number, description)
        spawner.create(sandbox)
        time.sleep(rest)
        seconds = timed(lambda: spawner.land(sandbox.sandbox_id, _payload(number)))()
        spawner.destroy(sandbox.sandbox_id)
        if number >= numbers.start + _WARM_UP:
            sample.seconds.append(seconds)
    return sample


def lines(context):
    description = template(context, TEMPLATE)
    zygote = _zygote(description)
    with scratch() as place, own_spawner(place, context.templates / "layers") as spawner:
        first = timed(lambda: spawner.start_zygote(zygote))()
        rounds = _WARM_UP + context.count(300, 20)
        ready = _landings(spawner, description, range(rounds), _RESTED)
        hurried = _landings(spawner, description, range(rounds, 2 * rounds), 0)
        refills = _starts(spawner, zygote, context.count(10, 2))
    yield Line("zygote", "the first one, until it is warm", 1, Quantity(first, "s"))
    yield Line("zygote", "a new one in its place, p50", refills.n, Quantity(refills.p50, "s"))
    for what, sample in (("that was ready", ready), ("right after another", hurried)):
        slow = Quantity(sample.p99, "s")
        yield Line("zygote", f"a fork in a sandbox, {what}, p50", sample.n, Quantity(sample.p50, "s"), "its p99", slow)
