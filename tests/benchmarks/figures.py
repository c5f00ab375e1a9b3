"""Benchmark figures: rounds in turns, medians, and the summary."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchmarkSize:
    """The size of a run: requests a round, rounds, and sockets."""

    requests: int
    rounds: int
    sockets: int


@dataclass(frozen=True)
class Figure:
    """One ratio, its target, and the number of calls behind it."""

    key: str
    value: float
    target: float
    n: int
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


def measure_in_turns(rivals: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run each candidate once a round. Return the median of its results."""
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, run in rivals.items():
            found[name].append(run())
    return {name: statistics.median(values) for name, values in found.items()}


def print_figures(title: str, values: Mapping[str, float], unit: str, n: int) -> None:
    """Print the value of each candidate, and its ratio to the first one."""
    first = next(iter(values.values()))
    print(f"\n{title} (N = {n:,} each)")
    for name, value in values.items():
        print(f"  {name:34} {value:10.1f} {unit}   first / this {first / value:5.2f}", flush=True)


def print_summary(name: str, figures: Sequence[Figure]) -> None:
    """Print all figures with their targets, and as JSON in the last line.

    `at_least` lists the keys of figures for which higher is better.
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
