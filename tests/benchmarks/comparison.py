"""Comparison of two checkouts by pairs of runs: ratio, spread and verdict of each key."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

WORSE, SAME = "worse", "not worse"
ONLY_BASE, ONLY_THIS = "only in base", "only in this"
TOLERANCE = 0.05
NO_RATIOS = frozenset({"n"})

Run = Mapping[str, Any]


@dataclass(frozen=True)
class ComparisonRow:
    """The result for one key.

    `base` and `this` are medians, `ratio` is the median of this over base in each pair, `spread` is
    the largest value of base minus its smallest, divided by its median. A value is None if a side
    does not have the key.
    """

    key: str
    base: float | None
    this: float | None
    ratio: float | None
    spread: float | None
    verdict: str


def compare_runs(pairs: Sequence[tuple[Run, Run]]) -> list[ComparisonRow]:
    """Compare pairs of runs (base, this) key by key, in the order of this.

    A key belongs to one side only if any run of the other side lacks it.
    """
    bases, news = [base for base, _ in pairs], [this for _, this in pairs]
    rising = {key for run in (*bases, *news) for key in run.get("at_least", ())}
    in_base, in_this = find_keys(bases), find_keys(news)
    return [
        make_row(
            key,
            [base[key] for base in bases] if key in in_base else [],
            [this[key] for this in news] if key in in_this else [],
            higher_is_better=key in rising,
        )
        for key in dict.fromkeys([*in_this, *in_base])
    ]


def find_keys(runs: Iterable[Run]) -> list[str]:
    """Return the ratio keys that all runs have."""
    first, *others = runs
    return [
        key
        for key, value in first.items()
        if isinstance(value, int | float) and key not in NO_RATIOS
        if all(key in other for other in others)
    ]


def make_row(
    key: str, base: Sequence[float], this: Sequence[float], *, higher_is_better: bool
) -> ComparisonRow:
    """Return the row of a key from the values of each pair. A side without values is empty."""
    spread = spread_of(base) if base else None
    if not base or not this:
        verdict = ONLY_THIS if this else ONLY_BASE
        return ComparisonRow(key, median_of(base), median_of(this), None, spread, verdict)
    ratio = statistics.median(ours / theirs for theirs, ours in zip(base, this, strict=True))
    verdict = judge(ratio, spread_of(base), higher_is_better=higher_is_better)
    return ComparisonRow(key, median_of(base), median_of(this), ratio, spread, verdict)


def judge(ratio: float, spread: float, *, higher_is_better: bool) -> str:
    """Return "worse" if the loss exceeds both 5 % and the spread of base."""
    loss = 1 - ratio if higher_is_better else ratio - 1
    return WORSE if loss > max(TOLERANCE, spread) else SAME


def median_of(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def spread_of(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def make_table(rows: Iterable[ComparisonRow], pairs: int) -> str:
    """Return a table for a terminal with one line a key."""
    head = f"{'key':24} {'base':>9} {'this':>9} {'this/base':>10} {'spread':>8}   verdict"
    lines = [f"{head} (N = {pairs} pairs)"]
    lines += [
        f"{row.key:24} {number(row.base)} {number(row.this)} {number(row.ratio, 10)} "
        f"{number(row.spread, 8)}   {row.verdict}"
        for row in rows
    ]
    return "\n".join(lines)


def number(value: float | None, width: int = 9) -> str:
    return f"{'-' if value is None else format(value, '.3f'):>{width}}"


def make_summary(rows: Sequence[ComparisonRow], pairs: int) -> dict[str, Any]:
    """Return the JSON object of a comparison, with figures rounded to 3 digits."""
    return {
        "name": "gateway-compare",
        "pairs": pairs,
        "worse": [row.key for row in rows if row.verdict == WORSE],
        "keys": {row.key: shorten(row) for row in rows},
    }


def shorten(row: ComparisonRow) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(row).items()
        if name != "key"
    }
