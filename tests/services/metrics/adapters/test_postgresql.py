import pytest

from services.metrics.adapters.postgresql import DatabaseCollector, hit_ratio, rate_per_second


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [
        ({"hits": 3.0, "reads": 1.0}, 0.75),
        ({"hits": 0.0, "reads": 0.0}, None),
        ({"reads": 1.0}, None),
        ({"hits": 1.0}, None),
        ({}, None),
    ],
)
def test_the_hit_ratio_needs_both_counters(changes, ratio):
    assert hit_ratio(changes) == ratio


@pytest.mark.parametrize(
    ("changes", "expected"), [({"statements": 10.0}, 5.0), ({"statements": 0.0}, 0.0), ({}, None)]
)
def test_a_rate_needs_a_measurement_before(changes, expected):
    assert rate_per_second(changes, "statements", 2.0) == expected


async def test_rates_cover_the_time_since_the_previous_measurement(store):
    collector = DatabaseCollector(store.database, store.clock)
    first = await collector.measure()
    assert (first.time, first.transaction_rate, first.cache_hit_ratio) == (
        store.clock.now(),
        None,
        None,
    )
    assert first.connections >= 1
    assert not first.in_recovery
    second = await collector.measure()
    assert second.transaction_rate >= 0
