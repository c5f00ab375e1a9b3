import random
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.metrics.domain import (
    Check,
    Observation,
    Process,
    State,
    judge,
    make_range,
    percentile,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
SERVES = Check(serving=True, refused=False, latency_seconds=0.01)
SLOW = Check(serving=True, refused=False, latency_seconds=0.6)
SILENT = Check(serving=False, refused=False, latency_seconds=1.0, problem="silent")
REFUSED = Check(serving=False, refused=True, latency_seconds=0.0)


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
    assert lower <= percentile(BOUNDS, counts, share) <= upper


def test_percentile_of_nothing():
    assert percentile(BOUNDS, [0] * 9, 0.5) is None


def process(state: str) -> Process:
    return Process(state=state, pid=1, start=NOW, problem="")


@pytest.mark.parametrize(
    ("check", "supervised", "age", "cpu", "crashed", "expected"),
    [
        (SERVES, "RUNNING", 60, None, False, State.HEALTHY),
        (SERVES, None, 0, None, False, State.HEALTHY),
        (SLOW, "RUNNING", 60, None, False, State.BUSY),
        (SERVES, "RUNNING", 60, 0.9, False, State.BUSY),
        (SILENT, "RUNNING", 60, None, False, State.ERROR),
        (REFUSED, "RUNNING", 3, None, False, State.STARTING),
        (REFUSED, "RUNNING", 3, None, True, State.ERROR),
        (SERVES, "RUNNING", 3, None, True, State.ERROR),
        (REFUSED, "STOPPED", 0, None, True, State.STOPPED),
        (REFUSED, None, 0, None, False, State.STOPPED),
        (SILENT, None, 0, None, False, State.ERROR),
        (REFUSED, "STOPPED", 0, None, False, State.STOPPED),
        (REFUSED, "FATAL", 0, None, False, State.ERROR),
        (REFUSED, "BACKOFF", 0, None, False, State.ERROR),
        (None, None, 0, None, False, State.UNKNOWN),
    ],
)
def test_state_follows_from_what_was_seen(check, supervised, age, cpu, crashed, expected):
    seen = Observation(check, supervised and process(supervised), age, cpu, crashed)
    assert judge(seen)[0] == expected


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
