import asyncio

import pytest

from services.events.workers.periodic import PeriodicWorker
from services.kernel.database.database import unavailable


class Work:
    """Fails as it is told to, and counts."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.count = 0

    async def do(self) -> None:
        self.count += 1
        if self.errors and (error := self.errors.pop(0)):
            raise error


async def run(work: Work, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(PeriodicWorker("work", work.do, seconds).run(), 0.2)


async def test_work_is_done_at_once_and_then_at_intervals():
    work = Work()
    await run(work, 10)
    assert work.count == 1
    await run(work, 0.01)
    assert work.count > 5


async def test_it_goes_on_after_the_database_was_unavailable():
    work = Work(unavailable(), unavailable())
    await run(work, 0.01)
    assert work.count > 5


async def test_another_error_ends_it():
    with pytest.raises(ZeroDivisionError):
        await PeriodicWorker("work", Work(None, ZeroDivisionError()).do, 0).run()
