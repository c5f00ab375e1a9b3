"""Throughput with 100 identical GETs in flight: the gateway over Envoy, with one service.

All requests have the same caller's token, so the gateway can coalesce them. Envoy forwards each
one.
"""

import time
from collections.abc import Callable

import uvloop

from tests.benchmarks.figures import BenchmarkSize, Figure, measure_in_turns, print_figures
from tests.benchmarks.gateway.mesh import BenchmarkMesh
from tests.benchmarks.load import ask, make_request

IN_FLIGHT = 100


def measure(mesh: BenchmarkMesh, size: BenchmarkSize) -> list[Figure]:
    requests = [make_request(f"/v1/{mesh.names[0]}", mesh.token)] * IN_FLIGHT
    count = max(1, size.requests // IN_FLIGHT) * IN_FLIGHT

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
        found = measure_in_turns(rounds, size.rounds)
    n = size.rounds * count
    print_figures(f"{IN_FLIGHT} identical GETs in flight", found, "requests a second", n)
    return [Figure("coalesced_vs_envoy", found["ours"] / found["envoy"], 3.0, n, at_least=True)]
