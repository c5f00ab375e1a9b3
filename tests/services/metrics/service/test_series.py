from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.metrics.domain.series import (
    Aggregation,
    Distribution,
    Sample,
    SeriesKey,
    SeriesQuery,
)
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder
from services.metrics.service.series import SeriesQueries

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START, STEP = NOW - timedelta(minutes=2), timedelta(minutes=1)


@pytest.fixture
async def queries(store, clock) -> SeriesQueries:
    """Two series of three values each, and a histogram."""
    values = [(START, 1.0), (START + timedelta(seconds=30), 3.0), (START + STEP, 5.0)]
    samples = [
        Sample(SeriesKey("m", source, (), "By"), time, value)
        for source in ("a", "b")
        for time, value in values
    ]
    key = SeriesKey("h", "gateway", (), "s")
    histograms = [
        Distribution(key, START, (1.0, 2.0), (0, 4, 0), 6.0),
        Distribution(key, START + STEP, (1.0, 2.0), (2, 0, 0), 1.0),
    ]
    await Recorder(store.database, LatestValues(clock)).record_measurements(samples, histograms)
    return SeriesQueries(store.database, store.clock)


def query(metric: str, aggregation: Aggregation, **fields) -> SeriesQuery:
    return SeriesQuery(metric, start=START, step=STEP, aggregation=aggregation, **fields)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation.AVERAGE, [2.0, 5.0]),
        (Aggregation.MINIMUM, [1.0, 5.0]),
        (Aggregation.MAXIMUM, [3.0, 5.0]),
        (Aggregation.SUM, [4.0, 5.0]),
        (Aggregation.LAST, [3.0, 5.0]),
    ],
)
async def test_values_are_aggregated_by_step(queries, aggregation, expected):
    step, series = await queries.query_series(query("m", aggregation, source="a"))
    assert step == STEP
    [one] = series
    assert one.key == SeriesKey("m", "a", (), "By")
    assert one.points == list(zip([START, START + STEP], expected, strict=True))


async def test_series_are_apart_unless_merged(queries):
    _, series = await queries.query_series(query("m", Aggregation.SUM))
    assert [one.key.source for one in series] == ["a", "b"]
    _, series = await queries.query_series(query("m", Aggregation.SUM, merge=True))
    [one] = series
    assert one.key == SeriesKey("m", "", (), "By")
    assert [value for _, value in one.points] == [8.0, 10.0]


@pytest.mark.parametrize(
    ("aggregation", "expected"), [(Aggregation.SUM, [4.0, 2.0]), (Aggregation.P50, [1.5, 0.5])]
)
async def test_a_histogram_has_counts_and_percentiles(queries, aggregation, expected):
    _, [series] = await queries.query_series(query("h", aggregation))
    assert [value for _, value in series.points] == expected


@pytest.mark.parametrize(
    ("metric", "aggregation"), [("h", Aggregation.AVERAGE), ("m", Aggregation.P95)]
)
async def test_an_aggregation_must_exist_for_the_series(queries, metric, aggregation):
    with pytest.raises(InvalidArgumentError) as failure:
        await queries.query_series(query(metric, aggregation))
    assert [one.field for one in failure.value.violations] == ["aggregation"]


async def test_at_most_100_series_are_returned(store, clock):
    samples = [Sample(SeriesKey("n", str(number)), START, 1.0) for number in range(101)]
    await Recorder(store.database, LatestValues(clock)).record_measurements(samples)
    queries = SeriesQueries(store.database, store.clock)
    _, series = await queries.query_series(query("n", Aggregation.SUM))
    assert len(series) == 100
    _, [merged] = await queries.query_series(query("n", Aggregation.SUM, merge=True))
    assert [value for _, value in merged.points] == [101.0]


async def test_a_metric_without_series_has_none(queries):
    for merge in (False, True):
        assert (await queries.query_series(query("x", Aggregation.SUM, merge=merge)))[1] == []
