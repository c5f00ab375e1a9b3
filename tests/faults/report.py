"""What a run found: each promise with how often it was checked and how often it was broken."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.history import History

SHOWN_MAX = 5


@dataclass(frozen=True)
class Violation:
    """One place where a promise was broken. `key` is what the history is filtered by."""

    key: str
    text: str


@dataclass
class Finding:
    """A promise, on how many things it was checked, and where it was broken."""

    promise: str
    n: int
    violations: list[Violation] = field(default_factory=list)

    @property
    def bound(self) -> str:
        """The upper bound of how often it is broken, at 95 %: about 3 / N."""
        return f"{1 - 0.05 ** (1 / self.n):.1e}" if self.n and not self.violations else "-"


def show(findings: Sequence[Finding], seed: int) -> None:
    width = max(len(each.promise) for each in findings)
    print(f"\n{'promise':{width}}  {'N':>9}  {'broken':>6}  {'95 % bound':>10}   seed")
    for each in findings:
        row = f"{each.promise:{width}}  {each.n:>9,}  {len(each.violations):>6}  {each.bound:>10}"
        print(f"{row}   {seed}")


def show_counts(title: str, counts: Mapping[str, int]) -> None:
    print(f"\n{title}: {', '.join(f'{name} {n:,}' for name, n in counts.items()) or 'nothing'}")


def show_violations(findings: Sequence[Finding], history: History, seed: int) -> None:
    """Tells each broken promise with the shortest history of its keys."""
    for each in findings:
        if not each.violations:
            continue
        print(f"\nBROKEN with seed {seed}: {each.promise} ({len(each.violations)} of {each.n:,})")
        for violation in shortest(each.violations, history)[:SHOWN_MAX]:
            print(f"  {violation.key}: {violation.text}")
        found = history.around(shortest(each.violations, history)[0].key)
        for line in found:
            print(f"    {line}")


def shortest(violations: Sequence[Violation], history: History) -> list[Violation]:
    """Sorts violations by the length of the history about their key, the telling ones first."""

    def length(violation: Violation) -> tuple[bool, int]:
        found = len(history.around(violation.key))
        return not found, found

    return sorted(violations, key=length)


def conclude(findings: Sequence[Finding], seed: int, events: int, faults: int) -> None:
    """Prints the last line, for machines."""
    told = {
        "name": "faults",
        "seed": seed,
        "events": events,
        "faults": faults,
        "violations": sum(len(each.violations) for each in findings),
        "checked": {each.promise: each.n for each in findings},
        "broken": {each.promise: len(each.violations) for each in findings if each.violations},
    }
    print(json.dumps(told), flush=True)
