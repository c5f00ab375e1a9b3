import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.clock import FixedClock
from services.metrics.domain.endpoints import REQUEST_DURATION
from services.metrics.domain.series import Distribution, Sample, SeriesKey
from services.metrics.service import latest as module
from services.metrics.service.latest import LatestValues

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def latest(clock) -> LatestValues:
    return LatestValues(clock)


def sample(value: float, metric: str = "m", source: str = "host", time: datetime = NOW) -> Sample:
    return Sample(SeriesKey(metric, source), time, value)


def requests(count: int) -> Distribution:
    key = SeriesKey(REQUEST_DURATION, "gateway", unit="s")
    return Distribution(key, NOW, (1.0,), (count, 0), 0.0)


def test_the_newest_sample_of_a_series_is_kept(latest):
    latest.add_samples([sample(1.0), sample(2.0), sample(3.0, source="other")])
    assert latest.list_samples() == [sample(2.0), sample(3.0, source="other")]
    assert latest.find_sample("m", "other").value == 3.0
    assert latest.find_sample("m", "").value == 2.0
    assert latest.find_sample("n", "") is None


def test_a_sample_that_is_too_old_is_not_shown(latest, clock):
    latest.add_samples([sample(1.0)])
    clock.time = NOW + timedelta(seconds=20)
    assert latest.list_samples() == [sample(1.0)]
    clock.time = NOW + timedelta(seconds=21)
    assert latest.list_samples() == []


def test_the_series_that_were_updated_longest_ago_are_dropped(latest, monkeypatch):
    monkeypatch.setattr(module, "SERIES_MAX", 2)
    latest.add_samples([sample(1.0, "a"), sample(1.0, "b"), sample(2.0, "a"), sample(1.0, "c")])
    assert [one.key.metric for one in latest.list_samples()] == ["a", "c"]


async def test_samples_are_followed(latest):
    latest.add_samples([sample(1.0, "a"), sample(1.0, "b")])
    async with aclosing(latest.follow_samples({"a"})) as batches:
        assert await anext(batches) == [sample(1.0, "a")]
        waiting = asyncio.create_task(anext(batches))
        await asyncio.sleep(0)
        latest.add_samples([sample(2.0, "b")])
        await asyncio.sleep(0)
        assert not waiting.done()
        later = sample(3.0, "a", time=NOW + timedelta(seconds=1))
        latest.add_samples([later])
        assert await waiting == [later]


def test_the_mean_of_cpu_needs_six_reports(latest):
    for number in range(6):
        assert latest.mean_cpu("users") is None
        latest.add_samples([sample(number / 10, "process.cpu.utilization", "users")])
    assert latest.mean_cpu("users") == pytest.approx(0.25)
    latest.add_samples([sample(0.6, "process.cpu.utilization", "users")])
    assert latest.mean_cpu("users") == pytest.approx(0.35)


def test_the_last_reported_version_is_known(latest):
    assert latest.find_version("users") == ""
    latest.add_versions({"users": "1.0", "events": "1.0"})
    latest.add_versions({"users": "1.1"})
    assert (latest.find_version("users"), latest.find_version("events")) == ("1.1", "1.0")


def test_requests_of_the_last_minute_are_counted(latest, clock):
    assert latest.request_rate_samples() == []
    latest.count_requests([requests(5)])
    clock.time = NOW + timedelta(seconds=50)
    latest.count_requests([requests(2)])
    assert [one.value for one in latest.request_rate_samples()] == [7.0]
    clock.time = NOW + timedelta(seconds=60)
    assert [one.value for one in latest.request_rate_samples()] == [2.0]
    clock.time = NOW + timedelta(seconds=71)
    assert latest.request_rate_samples() == []
