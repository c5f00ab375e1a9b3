import pytest

from services.events.domain.consumers import Consumer
from services.events.service import consumers as module
from services.events.service.consumers import ConsumerRegistry
from services.kernel.clock import FixedClock
from tests.services.events.helpers import MORNING, append, make_event


@pytest.fixture
async def registry(service, log) -> ConsumerRegistry:
    """The consumers of a log of 6 events: three `a.b`, then three `c.d`."""
    await append(log, *(make_event(kind) for kind in ("a.b",) * 3 + ("c.d",) * 3))
    return ConsumerRegistry(service.kernel.database, FixedClock(MORNING))


async def test_a_report_is_kept_with_its_time(registry):
    await registry.report_position("users", 1, ["a.b"])
    await registry.report_position("users", 2, ["a.b", "c.d"])
    [status], more = await registry.list_consumers("", 10)
    assert status.consumer == Consumer("users", 2, ["a.b", "c.d"], MORNING)
    assert (status.lag, status.dead_letter_count, more) == (4, 0, False)


@pytest.mark.parametrize(
    ("position", "types", "clear"),
    [(2, ["a.b"], 0), (3, ["a.b"], 6), (3, ["c.d"], 0), (0, ["x.y"], 6), (6, ["c.d"], 6)],
)
async def test_a_report_returns_the_head_if_nothing_is_pending(registry, position, types, clear):
    assert await registry.report_position("users", position, types) == clear


async def test_a_lag_is_capped(registry, monkeypatch):
    monkeypatch.setattr(module, "LAG_MAX", 2)
    await registry.report_position("users", 0, ["a.b"])
    [status], _ = await registry.list_consumers("", 10)
    assert status.lag == 2


async def test_consumers_are_paged(registry):
    for name in ("b", "a"):
        await registry.report_position(name, 0, ["a.b"])
    [first], more = await registry.list_consumers("", 1)
    assert (first.consumer.name, more) == ("a", True)
    [last], more = await registry.list_consumers("a", 1)
    assert (last.consumer.name, more) == ("b", False)
