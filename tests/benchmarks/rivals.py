"""Servers under the same HTTP load, compared by their CPU time for each request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import uvloop

from tests.benchmarks.figures import measure_in_turns
from tests.benchmarks.load import ask
from tests.benchmarks.processes import cpu_seconds

WARM_UP = 320


@dataclass(frozen=True)
class Rival:
    """A server's port, the request of each connection, and the processes that serve it."""

    port: int
    pids: tuple[int, ...]
    requests: Sequence[bytes]

    def cpu(self) -> float:
        return sum(map(cpu_seconds, self.pids))

    def ask(self, count: int) -> None:
        uvloop.run(ask(self.port, self.requests, count))


def compare(rivals: Mapping[str, Rival], count: int, rounds: int) -> dict[str, float]:
    """Return the CPU time of each server for one request, in microseconds."""
    for rival in rivals.values():
        rival.ask(WARM_UP)
    return measure_in_turns(
        {name: make_round(each, count) for name, each in rivals.items()}, rounds
    )


def make_round(rival: Rival, count: int) -> Callable[[], float]:
    def run() -> float:
        before = rival.cpu()
        rival.ask(count)
        return (rival.cpu() - before) / count * 1e6

    return run
