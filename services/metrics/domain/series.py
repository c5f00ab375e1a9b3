"""Time series: samples, histograms, percentiles and the range of a query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from services.kernel.errors import invalid

RETENTION = timedelta(days=7)
STEP_MIN = timedelta(seconds=5)
STEPS_MAX = 1000
STEPS_DEFAULT = 60
RANGE_DEFAULT = timedelta(hours=1)

Attributes = tuple[tuple[str, str], ...]
Points = list[tuple[datetime, float]]
BucketCounts = Mapping[tuple[int, datetime], Sequence[int]]


class Aggregation(IntEnum):
    """The values of `libral.metrics.v1.QueryMetricsRequest.Aggregation`."""

    AVERAGE = 1
    MINIMUM = 2
    MAXIMUM = 3
    SUM = 4
    LAST = 5
    P50 = 6
    P95 = 7
    P99 = 8


PERCENTILES = {Aggregation.P50: 0.5, Aggregation.P95: 0.95, Aggregation.P99: 0.99}
OF_HISTOGRAMS = frozenset({Aggregation.SUM, *PERCENTILES})


@dataclass(frozen=True)
class SeriesKey:
    """The identity of a series. `unit` is a UCUM code."""

    metric: str
    source: str
    attributes: Attributes = ()
    unit: str = "1"


@dataclass(frozen=True)
class StoredSeries:
    """A series in the database. `bounds` is empty unless it is a histogram."""

    id: int
    key: SeriesKey
    bounds: tuple[float, ...]


@dataclass(frozen=True)
class Sample:
    """A value of a series at a time."""

    key: SeriesKey
    time: datetime
    value: float


@dataclass(frozen=True)
class Distribution:
    """The bucket counts of a histogram since its previous report.

    The last element of `counts`, which has no bound, counts the values above all bounds.
    """

    key: SeriesKey
    time: datetime
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True)
class MeasurementReport:
    """The measurements of one OTLP export, and the versions of their sources."""

    samples: Sequence[Sample] = ()
    distributions: Sequence[Distribution] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])


def estimate_percentile(
    bounds: Sequence[float], counts: Sequence[int], share: float
) -> float | None:
    """Estimate a percentile by linear interpolation within its bucket.

    A value above the last bound counts as that bound. Return None if the
    histogram is empty.
    """
    rank, below = share * sum(counts), 0
    if not rank:
        return None
    for number, count in enumerate(counts):
        if count and below + count >= rank:
            lower = bounds[number - 1] if number else 0.0
            upper = bounds[number] if number < len(bounds) else bounds[-1]
            return lower + (upper - lower) * (rank - below) / count
        below += count
    return bounds[-1]


@dataclass(frozen=True)
class TimeRange:
    """A span of time cut into steps."""

    start: datetime
    end: datetime
    step: timedelta


def make_range(
    start: datetime | None, end: datetime | None, step: timedelta | None, now: datetime
) -> TimeRange:
    """Return the range of a query, with defaults for arguments that are None.

    Raises:
        InvalidArgumentError: The range is empty, or its steps are too short or too many.
    """
    end = end or now
    start = start or end - RANGE_DEFAULT
    if start >= end:
        raise invalid("start_time", "It must be before end_time.")
    chosen = step or max(STEP_MIN, (end - start) / STEPS_DEFAULT)
    if chosen < STEP_MIN:
        raise invalid("step", "It must be 5 seconds or more.")
    if (end - start) / chosen > STEPS_MAX:
        raise invalid("step", f"It makes more than {STEPS_MAX} steps of this range.")
    return TimeRange(start, end, chosen)


@dataclass(frozen=True)
class SeriesQuery:
    """A query of one metric. An empty source matches all; `merge` returns a single series."""

    metric: str
    source: str = ""
    start: datetime | None = None
    end: datetime | None = None
    step: timedelta | None = None
    aggregation: Aggregation = Aggregation.AVERAGE
    merge: bool = False


@dataclass(frozen=True)
class SeriesPoints:
    """A series and its aggregated values, each with the start time of its step."""

    key: SeriesKey
    points: Points


def check_aggregation(aggregation: Aggregation, *, histogram: bool) -> None:
    """Check that an aggregation applies to this kind of series.

    Raises:
        InvalidArgumentError: It does not apply.
    """
    if histogram and aggregation not in OF_HISTOGRAMS:
        raise invalid("aggregation", "A histogram supports only SUM, P50, P95 and P99.")
    if not histogram and aggregation in PERCENTILES:
        raise invalid("aggregation", "Only histograms support percentiles.")


def aggregate_counts(
    counts: BucketCounts, bounds: Sequence[float], aggregation: Aggregation
) -> dict[int, Points]:
    """Return the count or a percentile of each step, by series id."""
    points: dict[int, Points] = {}
    for (series_id, at), buckets in counts.items():
        value: float | None = float(sum(buckets))
        if aggregation in PERCENTILES:
            value = estimate_percentile(bounds, buckets, PERCENTILES[aggregation])
        if value is not None:
            points.setdefault(series_id, []).append((at, value))
    return points
