"""The schedule of faults, drawn from a seed: the same seed gives the same faults."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.local.programs import EDGE, SERVICES

TWINS = {"users-2": "users", "events-2": "events"}
"""Second processes of services."""
PROCESSES = (*SERVICES, *TWINS, *EDGE)
SERVERS = ("postgres", "valkey")
SECONDS_MIN, SECONDS_MAX = 1.0, 8.0
JUMP_SECONDS = 3600.0

# Each kind, its number in a round, and its possible targets.
KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "kill": (8, (*PROCESSES, "valkey")),
    "kill-backend": (1, ("postgres",)),
    "kill-postgres": (1, ("postgres",)),
    "stop": (5, PROCESSES),
    "stop-server": (2, SERVERS),
    "restart-postgres": (1, ("postgres",)),
    "flush": (1, ("valkey",)),
    "wipe": (1, ("valkey",)),
    "cut": (2, SERVERS),
    "refuse": (2, SERVERS),
    "delay": (2, SERVERS),
    "swallow": (2, SERVERS),
    "clock": (2, (*SERVICES, *TWINS)),
    "replay": (2, ("webhook",)),
}


@dataclass(frozen=True)
class Fault:
    """A scheduled fault: `after` seconds from the previous one, for `seconds`."""

    kind: str
    target: str
    after: float
    seconds: float
    offset: float


def deal(seed: int, interval: float, only: Sequence[str] = ()) -> Iterator[Fault]:
    """Yield faults without end, one in every `interval` seconds, every kind in each round.

    `only` contains kinds, or kinds with a target, such as `kill:users`.
    """
    rng = random.Random(f"{seed}/faults")
    kinds = [read_kind(each) for each in only] or [(kind, KINDS[kind][1]) for kind in KINDS]
    begin = now = 0.0
    while True:
        deck = [each for each in kinds for _ in range(KINDS[each[0]][0])]
        rng.shuffle(deck)
        for kind, targets in deck:
            before, now = now, begin + rng.uniform(0.0, interval)
            begin += interval
            yield Fault(
                kind=kind,
                target=rng.choice(targets),
                after=now - before,
                seconds=rng.uniform(SECONDS_MIN, SECONDS_MAX),
                offset=rng.choice((-JUMP_SECONDS, JUMP_SECONDS)),
            )


def read_kind(text: str) -> tuple[str, tuple[str, ...]]:
    """Parse a kind of fault, with or without a target.

    Raises:
        ValueError: The kind does not exist, or does not apply to the target.
    """
    kind, _, target = text.partition(":")
    if kind not in KINDS or (target and target not in KINDS[kind][1]):
        raise ValueError(f"no such fault: {text}")
    return kind, (target,) if target else KINDS[kind][1]
