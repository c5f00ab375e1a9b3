import asyncio

import pytest

from services.events.workers.periodic import PeriodicWorker
from services.kernel.database.database import database_unavailable


class FailingWork:
    """Counts its runs and raises the given errors in turn."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.count = 0

    async def do(self) -> None:
        self.count += 1
        if self.errors and (error := self.errors.pop(0)):
            raise error


async def run(work: FailingWork, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(PeriodicWorker("work", work.do, seconds).run(), 0.2)


async def test_work_is_done_at_once_and_then_at_intervals():
    work = FailingWork()
    await run(work, 10)
    assert work.count == 1
    await run(work, 0.01)
    assert work.count > 5


async def test_it_continues_after_the_database_was_unavailable():
    work = FailingWork(database_unavailable(), database_unavailable())
    await run(work, 0.01)
    assert work.count > 5


async def test_another_error_ends_it():
    with pytest.raises(ZeroDivisionError):
        await PeriodicWorker("work", FailingWork(None, ZeroDivisionError()).do, 0).run()
