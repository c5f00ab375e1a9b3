from datetime import timedelta

import pytest

from services.telegram import storage
from services.telegram.domain.updates import DELAY_MAX, LEASE, Update, UpdateCounts
from tests.services.telegram.conftest import NOW
from tests.services.telegram.helpers import rows


def numbered(update_id: int, chat: int = 42, kind: str = "message") -> Update:
    return Update(update_id, kind, chat, {"update_id": update_id})


@pytest.fixture
def insert(database):
    async def insert(*updates: Update) -> None:
        async with database.transaction() as connection:
            for one in updates:
                await storage.insert_update(connection, one, NOW)

    return insert


@pytest.fixture
def lease(database):
    async def lease(now=NOW, limit: int = 8, *, urgent: bool = False) -> list[int]:
        async with database.transaction() as connection:
            found = await storage.lease_updates(connection, now, limit, urgent=urgent)
        return [one.id for one in found]

    return lease


async def test_a_leased_update_is_as_it_was_stored(database, insert):
    one = numbered(1)
    await insert(one)
    async with database.transaction() as connection:
        (leased,) = await storage.lease_updates(connection, NOW, 8, urgent=False)
    assert (leased.id, leased.kind, leased.chat, leased.body) == (1, "message", 42, one.body)
    assert (leased.receive_time, leased.tries) == (NOW, 1)


async def test_of_a_chat_only_the_oldest_is_leased(database, insert, lease):
    await insert(numbered(3, 1), numbered(1, 1), numbered(2, 2))
    assert await lease() == [1, 2]
    assert await lease() == []
    async with database.transaction() as connection:
        assert await storage.mark_update_done(connection, 1)
    assert await lease() == [3]


async def test_the_limit_is_kept(insert, lease):
    await insert(*(numbered(number, number) for number in range(1, 4)))
    assert await lease(limit=0) == []
    assert await lease(limit=2) == [1, 2]


async def test_a_lease_expires(insert, lease):
    await insert(numbered(1))
    assert await lease() == [1]
    assert await lease(NOW + LEASE - timedelta(microseconds=1)) == []
    assert await lease(NOW + LEASE) == [1]


async def test_a_clock_set_back_does_not_delay_an_update(insert, lease, database):
    await insert(numbered(1))
    async with database.transaction() as connection:
        due = NOW + DELAY_MAX
        await storage.reschedule_update(connection, 1, due, 0, "x")
    assert await lease(NOW) == []
    assert await lease(NOW - timedelta(microseconds=1)) == [1]


async def test_locked_updates_are_skipped(database, insert, lease):
    await insert(numbered(1, 1), numbered(2, 2))
    async with database.transaction() as connection:
        await storage.mark_update_failed(connection, 1, "x")
        assert await lease() == [2]


async def test_updates_behind_the_window_are_found(insert, lease, monkeypatch):
    monkeypatch.setattr(storage, "WINDOW", 2)
    await insert(numbered(1, 1), numbered(2, 1), numbered(3, 1), numbered(4, 2))
    assert await lease() == [1]
    assert await lease() == [4]


async def test_only_pending_updates_change(database, insert):
    await insert(numbered(1), numbered(2))
    async with database.transaction() as connection:
        assert await storage.reschedule_update(connection, 1, NOW + LEASE, 3, "x")
        assert await storage.mark_update_done(connection, 1)
        assert await storage.mark_update_failed(connection, 2, "bad")
        for number in (1, 2, 3):
            assert not await storage.mark_update_done(connection, number)
            assert not await storage.mark_update_failed(connection, number, "x")
            assert not await storage.reschedule_update(connection, number, NOW, 0, "x")
    found = await rows(database, "SELECT state, tries, error FROM updates ORDER BY id")
    assert [tuple(row) for row in found] == [("done", 3, ""), ("failed", 0, "bad")]


async def test_counts(database, insert):
    async with database.transaction() as connection:
        assert await storage.count_updates(connection) == UpdateCounts(0, 0, None)
    await insert(*(numbered(number) for number in range(1, 5)))
    async with database.transaction() as connection:
        await storage.mark_update_done(connection, 1)
        await storage.mark_update_failed(connection, 2, "x")
        assert await storage.count_updates(connection) == UpdateCounts(2, 1, NOW)


async def test_only_done_updates_that_are_not_about_money_are_deleted(database, insert):
    await insert(
        numbered(1),
        numbered(2),
        numbered(3, kind="pre_checkout_query"),
        Update(4, "message", 42, {"message": {"successful_payment": {}}}),
        Update(5, "message", 42, {"message": {"refunded_payment": {}}}),
        Update(6, "message", 42, {"message": {"text": "x"}}),
    )
    async with database.transaction() as connection:
        for number in (1, 3, 4, 5, 6):
            await storage.mark_update_done(connection, number)
        await storage.delete_updates(connection, NOW)
    assert len(await rows(database, "SELECT id FROM updates")) == 6
    async with database.transaction() as connection:
        await storage.delete_updates(connection, NOW + timedelta(microseconds=1))
    found = await rows(database, "SELECT id FROM updates ORDER BY id")
    assert [row.id for row in found] == [2, 3, 4, 5]
