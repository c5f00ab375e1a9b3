"""Figures: rounds taken in turns, their median, and how they are told."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """How much is measured: `requests` a round, so many rounds, so many sockets."""

    requests: int
    rounds: int
    sockets: int


@dataclass(frozen=True)
class Figure:
    """One ratio, the target that it is held against, and how many calls it rests on."""

    key: str
    value: float
    target: float
    n: int
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


def in_turns(rivals: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Runs each rival once a round, and tells the median of what each returned."""
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            found[name].append(run())
    return {name: statistics.median(values) for name, values in found.items()}


def show(title: str, values: Mapping[str, float], unit: str, n: int) -> None:
    """Prints what each rival took, and how the first compares."""
    first = next(iter(values.values()))
    print(f"\n{title} (N = {n:,} each)")
    for name, value in values.items():
        print(f"  {name:34} {value:10.1f} {unit}   first / this {first / value:5.2f}", flush=True)


def conclude(name: str, figures: Sequence[Figure]) -> None:
    """Print all figures against their targets, and as JSON in the last line.

    `at_least` are the keys of the figures of which more is better.
    """
    print(f"\n{'ratio':24} {'measured':>9}   {'target':>8}   {'N':>10}")
    for each in figures:
        sign, verdict = ">=" if each.at_least else "<=", "met" if each.met else "MISSED"
        target = f"{sign} {each.target:5.2f}"
        print(f"{each.key:24} {each.value:9.3f}   {target}   {each.n:>10,}  {verdict}")
    summary = {
        "name": name,
        "n": sum(each.n for each in figures),
        "at_least": [each.key for each in figures if each.at_least],
    }
    print(json.dumps(summary | {each.key: round(each.value, 3) for each in figures}))
