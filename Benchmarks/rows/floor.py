"""The floor by itself: what the kernel alone costs per sandbox, by kind of network namespace."""

from context import scratch
from floorprogram import floor, plain_layer
from measure import Sample
from report import Line, Quantity

_NETS = {"none": "no network namespace", "pooled": "network namespace from a pool", "fresh": "fresh network namespace"}


def lines(context):
    rounds = context.count(500, 50)
    answered, reaped = {net: Sample() for net in _NETS}, {net: Sample() for net in _NETS}
    with scratch() as place:
        layer = plain_layer(place)
        with floor("none", layer) as none, floor("pooled", layer) as pooled, floor("fresh", layer) as fresh:
            for _ in range(rounds):
                for net, program in zip(_NETS, [none, pooled, fresh]):
                    first, last = program.sandbox()
                    answered[net].seconds.append(first)
                    reaped[net].seconds.append(last)
    for net, words in _NETS.items():
        yield Line("floor", f"{words}, answered", rounds, peer_name="p50", peer=Quantity(answered[net].p50, "s"))
        yield Line("floor", f"{words}, reaped", rounds, peer_name="p50", peer=Quantity(reaped[net].p50, "s"))
