"""Ratios, spreads and verdicts of a comparison in pairs."""

import pytest

from tests.benchmarks.comparison import (
    compare_runs,
    judge,
    make_row,
    make_summary,
    make_table,
    spread_of,
)


def run(**ratios):
    return {"name": "gateway", "n": 100, "at_least": ["coalesced_vs_envoy"], **ratios}


def test_a_row_holds_the_median_of_the_ratios_of_pairs():
    row = make_row("get", [1.0, 2.0, 4.0], [3.0, 2.0, 8.0], higher_is_better=False)
    # The ratios are 3, 1 and 2; the ratio of the medians would be 1.5.
    assert (row.base, row.this, row.ratio, row.spread) == (2.0, 3.0, 2.0, 1.5)


def test_the_spread_is_largest_less_smallest_over_the_median():
    assert spread_of([1.0, 1.1, 0.9, 1.0]) == pytest.approx(0.2)
    assert spread_of([3.0]) == 0


@pytest.mark.parametrize(
    ("ratio", "spread", "higher_is_better", "verdict"),
    [
        (1.00, 0.00, False, "not worse"),
        (1.04, 0.01, False, "not worse"),  # within 5 %
        (1.06, 0.01, False, "worse"),
        (1.06, 0.10, False, "not worse"),  # within the spread of base
        (1.11, 0.10, False, "worse"),
        (0.50, 0.01, False, "not worse"),
        (1.50, 0.01, True, "not worse"),
        (0.96, 0.01, True, "not worse"),
        (0.94, 0.01, True, "worse"),
        (0.94, 0.10, True, "not worse"),
        (0.89, 0.10, True, "worse"),
    ],
)
def test_worse_is_by_more_than_5_percent_and_the_spread(ratio, spread, higher_is_better, verdict):
    assert judge(ratio, spread, higher_is_better=higher_is_better) == verdict


def test_at_least_keys_are_worse_if_lower():
    pairs = [(run(coalesced_vs_envoy=3.0, get=1.0), run(coalesced_vs_envoy=2.0, get=0.7))] * 3
    verdicts = {row.key: row.verdict for row in compare_runs(pairs)}
    assert verdicts == {"coalesced_vs_envoy": "worse", "get": "not worse"}


def test_a_side_without_at_least_keys():
    base, this = run(coalesced_vs_envoy=2.0), run(coalesced_vs_envoy=3.0)
    del base["at_least"]
    (row,) = compare_runs([(base, this)])
    assert row.verdict == "not worse"


def test_keys_of_one_side_are_listed_as_such():
    pairs = [(run(old=1.0, get=1.0), run(get=1.0, new=2.0))] * 2
    rows = compare_runs(pairs)
    assert [(row.key, row.verdict) for row in rows] == [
        ("get", "not worse"),
        ("new", "only in this"),
        ("old", "only in base"),
    ]
    old, new = rows[2], rows[1]
    assert (old.base, old.this, old.ratio, old.spread) == (1.0, None, None, 0.0)
    assert (new.base, new.this, new.ratio, new.spread) == (None, 2.0, None, None)


def test_the_summary_names_what_is_worse():
    rows = compare_runs([(run(get=1.0, many=1.0), run(get=1.2345, many=1.0))])
    summary = make_summary(rows, 1)
    assert summary["worse"] == ["get"]
    assert summary["pairs"] == 1
    assert summary["keys"]["get"] == {
        "base": 1.0,
        "this": 1.234,
        "ratio": 1.234,
        "spread": 0.0,
        "verdict": "worse",
    }


def test_the_table_has_a_line_a_key():
    rows = compare_runs([(run(old=1.0, get=1.0), run(get=1.5))] * 5)
    head, get, old = make_table(rows, 5).splitlines()
    assert " ".join(head.split()) == "key base this this/base spread verdict (N = 5 pairs)"
    assert get.split() == ["get", "1.000", "1.500", "1.500", "0.000", "worse"]
    assert old.split() == ["old", "1.000", "-", "-", "0.000", "only", "in", "base"]
