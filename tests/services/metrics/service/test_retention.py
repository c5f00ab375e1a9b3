from datetime import timedelta

from sqlalchemy import func, select

from services.metrics.domain.series import Distribution, Sample, SeriesKey
from services.metrics.service import retention as module
from services.metrics.service.latest import LatestValues
from services.metrics.service.recorder import Recorder
from services.metrics.service.retention import MeasurementRetention
from services.metrics.storage.tables import MEASUREMENTS


async def test_what_is_older_than_7_days_is_deleted_in_batches(store, clock, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    now = clock.now()
    times = [now - timedelta(days=8)] * 5 + [now - timedelta(days=6)]
    samples = [Sample(SeriesKey("m", "host"), time, 1.0) for time in times]
    histograms = [Distribution(SeriesKey("h", "host"), time, (1.0,), (1, 0), 1.0) for time in times]
    await Recorder(store.database, LatestValues(clock)).record_measurements(samples, histograms)
    await MeasurementRetention(store.database, clock).delete_old()
    async with store.database.reading() as connection:
        for table in MEASUREMENTS:
            query = select(func.count(), func.min(table.c.time)).select_from(table)
            assert tuple((await connection.execute(query)).one()) == (1, times[-1])
