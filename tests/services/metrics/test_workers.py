import asyncio
from functools import partial

import pytest

from services.metrics import workers


class Counter:
    """Counts the calls of a use case, each of which takes some seconds."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.calls = 0

    async def work(self) -> None:
        self.calls += 1
        await asyncio.sleep(self.seconds)

    check_all = measure = evaluate = delete_old = work


LOOPS = [
    (workers.check_modules, "CHECK_SECONDS"),
    (workers.measure_infrastructure, "MEASURE_SECONDS"),
    (workers.evaluate_alerts, "EVALUATE_SECONDS"),
    (workers.delete_old_measurements, "DELETE_SECONDS"),
]


async def run_for(seconds: float, loop) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await loop()


@pytest.mark.parametrize(("loop", "interval"), LOOPS)
async def test_a_loop_repeats_its_use_case(loop, interval, monkeypatch):
    monkeypatch.setattr(workers, interval, 0.02)
    monkeypatch.setattr(workers, "CHECK_PAUSE_SECONDS", 0)
    counter = Counter()
    await run_for(0.5, partial(loop, counter))
    assert 3 <= counter.calls <= 26


@pytest.mark.parametrize(("loop", "interval"), LOOPS[:2])
async def test_the_time_that_the_work_takes_counts(loop, interval, monkeypatch):
    monkeypatch.setattr(workers, interval, 0.2)
    monkeypatch.setattr(workers, "CHECK_PAUSE_SECONDS", 0)
    counter = Counter(0.15)
    await run_for(0.7, partial(loop, counter))
    assert counter.calls >= 3


async def test_checks_pause_however_long_they_take(monkeypatch):
    monkeypatch.setattr(workers, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(workers, "CHECK_PAUSE_SECONDS", 10.0)
    counter = Counter(0.02)
    await run_for(0.3, partial(workers.check_modules, counter))
    assert counter.calls == 1


async def test_the_first_evaluation_waits_for_measurements():
    counter = Counter()
    await run_for(0.05, partial(workers.evaluate_alerts, counter))
    assert counter.calls == 0
