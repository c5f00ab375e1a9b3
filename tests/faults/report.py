"""The result of a run: each promise with its number of checks and violations."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.history import History

SHOWN_MAX = 5


@dataclass(frozen=True)
class PromiseViolation:
    """A violation of a promise. `key` selects its operations in the history."""

    key: str
    text: str


@dataclass
class Finding:
    """A promise, the number of checks, and the violations."""

    promise: str
    n: int
    violations: list[PromiseViolation] = field(default_factory=list)

    @property
    def bound(self) -> str:
        """The upper bound of the violation rate at 95 % confidence: about 3 / N."""
        return f"{1 - 0.05 ** (1 / self.n):.1e}" if self.n and not self.violations else "-"


def print_findings(findings: Sequence[Finding], seed: int) -> None:
    width = max(len(each.promise) for each in findings)
    print(f"\n{'promise':{width}}  {'N':>9}  {'broken':>6}  {'95 % bound':>10}   seed")
    for each in findings:
        row = f"{each.promise:{width}}  {each.n:>9,}  {len(each.violations):>6}  {each.bound:>10}"
        print(f"{row}   {seed}")


def show_counts(title: str, counts: Mapping[str, int]) -> None:
    print(f"\n{title}: {', '.join(f'{name} {n:,}' for name, n in counts.items()) or 'nothing'}")


def show_violations(findings: Sequence[Finding], history: History, seed: int) -> None:
    """Print each broken promise with the shortest history of its keys."""
    for each in findings:
        if not each.violations:
            continue
        print(f"\nBROKEN with seed {seed}: {each.promise} ({len(each.violations)} of {each.n:,})")
        for violation in shortest(each.violations, history)[:SHOWN_MAX]:
            print(f"  {violation.key}: {violation.text}")
        found = history.describe_key(shortest(each.violations, history)[0].key)
        for line in found:
            print(f"    {line}")


def shortest(violations: Sequence[PromiseViolation], history: History) -> list[PromiseViolation]:
    """Sort violations by the length of their key's history, empty histories last."""

    def length(violation: PromiseViolation) -> tuple[bool, int]:
        found = len(history.describe_key(violation.key))
        return not found, found

    return sorted(violations, key=length)


def print_summary(findings: Sequence[Finding], seed: int, events: int, faults: int) -> None:
    """Print the last line, as JSON."""
    summary = {
        "name": "faults",
        "seed": seed,
        "events": events,
        "faults": faults,
        "violations": sum(len(each.violations) for each in findings),
        "checked": {each.promise: each.n for each in findings},
        "broken": {each.promise: len(each.violations) for each in findings if each.violations},
    }
    print(json.dumps(summary), flush=True)
