import random
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.metrics.domain.series import (
    Aggregation,
    aggregate_counts,
    check_aggregation,
    estimate_percentile,
    make_range,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentile_is_within_its_bucket(seed, share):
    values = sorted(random.Random(seed).expovariate(20) for _ in range(500))
    counts = [0] * (len(BOUNDS) + 1)
    for value in values:
        counts[sum(bound < value for bound in BOUNDS)] += 1
    exact = values[int(share * len(values)) - 1]
    bucket = sum(bound < exact for bound in BOUNDS)
    lower = BOUNDS[bucket - 1] if bucket else 0.0
    upper = BOUNDS[min(bucket, len(BOUNDS) - 1)]
    assert lower <= estimate_percentile(BOUNDS, counts, share) <= upper


def test_percentile_of_nothing():
    assert estimate_percentile(BOUNDS, [0] * 9, 0.5) is None


@pytest.mark.parametrize(
    ("start", "step", "field"),
    [
        (NOW + timedelta(hours=1), None, "start_time"),
        (NOW - timedelta(hours=1), timedelta(seconds=1), "step"),
        (NOW - timedelta(days=7), timedelta(seconds=5), "step"),
    ],
)
def test_bad_range_is_named(start, step, field):
    with pytest.raises(InvalidArgumentError) as failure:
        make_range(start, NOW, step, NOW)
    assert [one.field for one in failure.value.violations] == [field]


def test_the_default_range_is_an_hour_of_60_steps():
    span = make_range(None, None, None, NOW)
    assert (span.start, span.end, span.step) == (
        NOW - timedelta(hours=1),
        NOW,
        timedelta(minutes=1),
    )


@pytest.mark.parametrize(
    ("aggregation", "histogram"),
    [
        (Aggregation.AVERAGE, True),
        (Aggregation.LAST, True),
        (Aggregation.P50, False),
        (Aggregation.P99, False),
    ],
)
def test_an_aggregation_must_exist_for_the_kind_of_series(aggregation, histogram):
    with pytest.raises(InvalidArgumentError):
        check_aggregation(aggregation, histogram=histogram)
    check_aggregation(aggregation, histogram=not histogram)


def test_a_sum_exists_for_both_kinds_of_series():
    check_aggregation(Aggregation.SUM, histogram=True)
    check_aggregation(Aggregation.SUM, histogram=False)


def test_counts_become_sums_or_percentiles_by_series():
    later = NOW + timedelta(minutes=1)
    counts = {(1, NOW): [0, 4, 0], (1, later): [0, 0, 0], (2, NOW): [2, 0, 0]}
    assert aggregate_counts(counts, (1.0, 2.0), Aggregation.SUM) == {
        1: [(NOW, 4.0), (later, 0.0)],
        2: [(NOW, 2.0)],
    }
    assert aggregate_counts(counts, (1.0, 2.0), Aggregation.P50) == {
        1: [(NOW, 1.5)],
        2: [(NOW, 0.5)],
    }
