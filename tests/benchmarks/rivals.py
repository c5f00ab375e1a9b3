"""Rivals: servers of one load over HTTP, compared by the CPU that each request costs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import uvloop

from tests.benchmarks.figures import in_turns
from tests.benchmarks.load import ask
from tests.benchmarks.processes import cpu_seconds

WARM_UP = 320


@dataclass(frozen=True)
class Rival:
    """Where to ask, what over each connection, and the processes that work on it."""

    port: int
    pids: tuple[int, ...]
    requests: Sequence[bytes]

    def cpu(self) -> float:
        return sum(map(cpu_seconds, self.pids))

    def ask(self, count: int) -> None:
        uvloop.run(ask(self.port, self.requests, count))


def compare(rivals: Mapping[str, Rival], count: int, rounds: int) -> dict[str, float]:
    """The CPU time of each rival for one request, in microseconds."""
    for rival in rivals.values():
        rival.ask(WARM_UP)
    return in_turns({name: make_round(each, count) for name, each in rivals.items()}, rounds)


def make_round(rival: Rival, count: int) -> Callable[[], float]:
    def run() -> float:
        before = rival.cpu()
        rival.ask(count)
        return (rival.cpu() - before) / count * 1e6

    return run
