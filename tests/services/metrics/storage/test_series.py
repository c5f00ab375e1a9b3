from datetime import UTC, datetime, timedelta

from services.metrics.domain.series import Aggregation, Distribution, Sample, SeriesKey, TimeRange
from services.metrics.storage import series as storage
from services.metrics.storage.tables import POINTS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SPAN = TimeRange(NOW, NOW + 2 * MINUTE, MINUTE)
KEY = SeriesKey("m", "host", (("a", "1"), ("b", "2")), "By")


async def test_a_series_keeps_its_id_and_takes_the_new_unit(store):
    async with store.database.transaction() as connection:
        first = await storage.save_series(connection, KEY, (1.0,))
        changed = SeriesKey(KEY.metric, KEY.source, KEY.attributes, "s")
        assert await storage.save_series(connection, changed, (1.0,)) == first
        other = await storage.save_series(connection, SeriesKey("m", "other"), None)
        found = await storage.find_series(connection, "m")
        assert [(one.id, one.key.unit, one.bounds) for one in found] == [
            (first, "s", (1.0,)),
            (other, "1", ()),
        ]
        assert found[0].key.attributes == KEY.attributes
        assert [one.id for one in await storage.find_series(connection, "m", "other")] == [other]
        assert await storage.find_series(connection, "n") == []


async def test_points_are_read_by_step_up_to_the_end(store):
    times = [NOW - SECOND, NOW, NOW + MINUTE - SECOND, NOW + MINUTE, SPAN.end]
    samples = [Sample(KEY, time, float(number)) for number, time in enumerate(times)]
    async with store.database.transaction() as connection:
        number = await storage.save_series(connection, KEY, None)
        await storage.insert_points(connection, samples, {KEY: number})
        await storage.insert_points(connection, [], {})
        points = await storage.read_points(connection, [number], SPAN, Aggregation.SUM, merge=False)
    assert points == {number: [(NOW, 3.0), (NOW + MINUTE, 3.0)]}


async def test_counts_are_added_up(store):
    other = SeriesKey("m", "other")
    reports = [
        Distribution(KEY, NOW, (1.0,), (1, 2), 0.0),
        Distribution(KEY, NOW + SECOND, (1.0,), (3, 0), 0.0),
        Distribution(other, NOW + MINUTE, (1.0,), (0, 1), 0.0),
    ]
    async with store.database.transaction() as connection:
        ids = {key: await storage.save_series(connection, key, (1.0,)) for key in (KEY, other)}
        first, second = ids.values()
        await storage.insert_distributions(connection, reports, ids)
        apart = await storage.read_counts(connection, [first, second], SPAN, merge=False)
        merged = await storage.read_counts(connection, [first, second], SPAN, merge=True)
        sums = await storage.read_sums(connection, [first, second], NOW, NOW + MINUTE)
        last = await storage.read_last_times(connection, [first, second], NOW + SECOND)
    assert apart == {(first, NOW): [4, 2], (second, NOW + MINUTE): [0, 1]}
    assert merged == {(0, NOW): [4, 2], (0, NOW + MINUTE): [0, 1]}
    assert sums == {first: 6}
    assert last == {first: NOW + SECOND, second: NOW + MINUTE}


async def test_old_rows_are_deleted_up_to_a_limit(store):
    samples = [Sample(KEY, NOW - number * MINUTE, 1.0) for number in range(4)]
    async with store.database.transaction() as connection:
        number = await storage.save_series(connection, KEY, None)
        await storage.insert_points(connection, samples, {KEY: number})
        deleted = [await storage.delete_old_rows(connection, POINTS, NOW, 2) for _ in range(3)]
    assert deleted == [2, 1, 0]
