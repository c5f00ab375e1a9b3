from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from services.kernel.database.database import database_unavailable
from services.kernel.errors import UnavailableError
from services.metrics.domain.endpoints import REQUEST_DURATION
from services.metrics.domain.series import Distribution, MeasurementReport, Sample, SeriesKey
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder
from services.metrics.storage import series as storage

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = SeriesKey("m", "host", (("a", "b"),), "By")
DURATION = Distribution(
    SeriesKey(REQUEST_DURATION, "gateway", unit="s"), NOW, (1.0,), (2, 1), total=3.5
)


@pytest.fixture
def latest(clock) -> LatestValues:
    return LatestValues(clock)


@pytest.fixture
def recorder(store, latest) -> Recorder:
    return Recorder(store.database, latest)


async def stored(store, metric: str):
    async with store.database.reading() as connection:
        return await storage.find_series(connection, metric)


async def test_a_series_is_stored_once(store, recorder, latest):
    for value in (1.0, 2.0):
        await recorder.record_measurements([Sample(KEY, NOW, value)])
    [series] = await stored(store, "m")
    assert (series.key, series.bounds) == (KEY, ())
    assert [one.value for one in latest.list_samples()] == [2.0]
    again = Recorder(store.database, latest)
    await again.record_measurements([Sample(KEY, NOW, 3.0)])
    assert await stored(store, "m") == [series]


async def test_a_report_updates_versions_and_requests(store, recorder, latest):
    await recorder.record_report(
        MeasurementReport(distributions=[DURATION], versions={"gateway": "1.2"})
    )
    [series] = await stored(store, REQUEST_DURATION)
    assert series.bounds == (1.0,)
    assert latest.find_version("gateway") == "1.2"
    assert [one.value for one in latest.request_rate_samples()] == [3.0]


async def test_a_gateway_without_requests_reports_none(recorder, latest):
    await recorder.record_report(
        MeasurementReport(samples=[Sample(SeriesKey("m", "users"), NOW, 1.0)])
    )
    assert latest.request_report is None
    await recorder.record_report(
        MeasurementReport(samples=[Sample(SeriesKey("m", "gateway"), NOW, 1.0)])
    )
    assert [one.value for one in latest.request_rate_samples()] == [0.0]


async def test_what_cannot_be_stored_is_published_and_not_counted(
    store, recorder, latest, monkeypatch
):
    @asynccontextmanager
    async def fail():
        raise database_unavailable()
        yield

    monkeypatch.setattr(store.database, "transaction", fail)
    sample = Sample(KEY, NOW, 1.0)
    with pytest.raises(UnavailableError):
        await recorder.record_report(MeasurementReport([sample], [DURATION]))
    assert latest.list_samples() == [sample]
    assert latest.request_report is None
    await recorder.record_measurements([])
