"""Throughput while 100 identical GETs are in flight: the gateway's over Envoy's, before one room.

The requests carry one caller's token, so the gateway may join them; Envoy asks the room for each.
"""

import time
from collections.abc import Callable

import uvloop

from tests.benchmarks.figures import Extent, Figure, in_turns, show
from tests.benchmarks.gateway.mesh import Mesh
from tests.benchmarks.load import ask, make_request

IN_FLIGHT = 100


def measure(mesh: Mesh, extent: Extent) -> list[Figure]:
    requests = [make_request(f"/v1/{mesh.names[0]}", mesh.token)] * IN_FLIGHT
    count = max(1, extent.requests // IN_FLIGHT) * IN_FLIGHT

    def make_round(port: int) -> Callable[[], float]:
        def run() -> float:
            started = time.perf_counter()
            uvloop.run(ask(port, requests, count))
            return count / (time.perf_counter() - started)

        return run

    with mesh.envoy() as (envoy, _):
        rounds = {"ours": make_round(mesh.port), "envoy": make_round(envoy)}
        for run in rounds.values():
            run()
        found = in_turns(rounds, extent.rounds)
    n = extent.rounds * count
    show(f"{IN_FLIGHT} identical GETs in flight", found, "requests a second", n)
    return [Figure("coalesced_vs_envoy", found["ours"] / found["envoy"], 3.0, n, at_least=True)]
