"""What the engine takes from the request to the spawner until the guest has answered, against the floor, both over the
same layer and both with a network namespace from a pool."""

import time

import wire
from context import base_template, ours, scratch
from floorprogram import floor
from measure import Sample
from report import Line, Quantity, ratio_at_most
from spawner import own_spawner

_TARGET = ratio_at_most(2.0)
_LIFE_MILLISECONDS = 600_000
_WARM_UP = 5


def _sandbox(number, template):
    return wire.CreateSandbox(
        f"bench{number:06d}", "base", "bench", "sandbox", template["layers"], wire.Limits(), False,
        int(time.time() * 1000) + _LIFE_MILLISECONDS)


def _create_and_destroy(spawner, number, template):
    """Seconds of each."""
    sandbox = _sandbox(number, template)
    start = time.perf_counter()
    spawner.create(sandbox)
    created = time.perf_counter()
    spawner.destroy(sandbox.sandbox_id)
    return created - start, time.perf_counter() - created


def _alternate(rounds, spawner, pooled, template):
    create, destroy, answered, reaped = Sample(), Sample(), Sample(), Sample()
    for number in range(_WARM_UP + rounds):
        engine, base = _create_and_destroy(spawner, number, template), pooled.sandbox()
        if number >= _WARM_UP:
            for sample, seconds in zip([create, destroy, answered, reaped], [*engine, *base]):
                sample.seconds.append(seconds)
    return create, destroy, answered, reaped


def lines(context):
    ours("nestbox-spawner"), ours("nestbox-guest")
    template = base_template(context)
    layers = context.templates / "layers"
    rounds = context.count(300, 30)
    with scratch() as place, own_spawner(place, layers) as spawner:
        with floor("pooled", layers / f"{template['layers'][0]}.erofs") as pooled:
            create, destroy, answered, reaped = _alternate(rounds, spawner, pooled, template)
    mine, first, last = (Quantity(sample.p50, "s") for sample in [create, answered, reaped])
    yield Line("create", "until the guest answered, p50", rounds, mine, "floor, answered", first, _TARGET)
    yield Line("create", "the same beside the floor with its end", rounds, mine, "floor, reaped", last, _TARGET)
    slow, slow_floor = Quantity(create.p99, "s"), Quantity(answered.p99, "s")
    yield Line("create", "until the guest answered, p99", rounds, slow, "floor, answered", slow_floor)
    yield Line("create", "destroy, until all is gone, p50", rounds, Quantity(destroy.p50, "s"))
