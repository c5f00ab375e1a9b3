"""Verification finds the position of any change that a superuser makes."""

import os
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.events.domain.entries import Head, LogEntry, chain_entries
from services.events.service.verification import verify_log
from tests.services.events.helpers import LENGTH

EDITS = int(os.environ.get("EDITS_N", "10000"))
COLUMNS = {
    "type": lambda dice: f"user.x{dice.randint(0, 999)}",
    "source": lambda dice: f"service{dice.randint(0, 999)}",
    "subject": lambda dice: f"users/{dice.randint(0, 999)}x",
    "category": lambda dice: dice.choice([1, 3, 4, 5, 6, 7]),
    "level": lambda dice: dice.choice([1, 3, 4]),
    "actor": lambda dice: f"users/{dice.randint(0, 999)}y",
    "request_id": lambda dice: f"{dice.randint(0, 999)}z",
    "data": lambda dice: f'{{"a":{dice.randint(0, 999)}}}',
    "hash": lambda dice: dice.randbytes(32),
    "id": lambda dice: f"00000000-0000-4000-8000-{dice.randint(0, 2**40):012x}",
    "time": lambda dice: datetime(2025, 1, dice.randint(1, 28), tzinfo=UTC),
}


async def edit(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Change a column of an event. Return the first bad position, as all changes do."""
    position, column = dice.randint(1, LENGTH), dice.choice(list(COLUMNS))
    value = COLUMNS[column](dice)
    await connection.execute(
        text(f"UPDATE events.log SET {column} = :value WHERE position = :position"),
        {"value": value, "position": position},
    )
    return position


async def delete(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Delete up to 6 consecutive events."""
    first = dice.randint(1, LENGTH)
    last = min(first + dice.randint(0, 5), LENGTH)
    await connection.execute(
        text("DELETE FROM events.log WHERE position BETWEEN :first AND :last"),
        {"first": first, "last": last},
    )
    return first


async def insert(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Insert an event, at an existing position or after the head."""
    position = dice.randint(1, LENGTH + 1)
    later = timedelta(microseconds=1)
    await connection.execute(
        text(
            "INSERT INTO events.log SELECT :position, gen_random_uuid(), type, source, subject, "
            "category, level, actor, request_id, time, append_time + :later, data, hash "
            "FROM events.log WHERE position = :copied"
        ),
        {"position": position, "later": later, "copied": min(position, LENGTH)},
    )
    return position


async def truncate(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Delete the newest events, possibly all, and set the head back accordingly."""
    left = dice.randint(0, LENGTH - 1)
    if left:
        await connection.execute(
            text("DELETE FROM events.log WHERE position > :left"), {"left": left}
        )
        head = Head(left, entries[left - 1].hash)
    else:
        await connection.execute(text("TRUNCATE events.log"))
        head = Head()
    await set_head(connection, head)
    return left + 1


async def forge(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Change an event and recompute all following hashes and the head."""
    position = dice.randint(1, LENGTH)
    before = Head(position - 1, entries[position - 2].hash) if position > 1 else Head()
    forged = entries[position - 1]._replace(subject=f"users/forged{dice.randint(0, 999)}")
    for following in (forged, *entries[position:]):
        [entry], before = chain_entries(before, [following], following.append_time)
        await connection.execute(
            text("UPDATE events.log SET subject = :s, hash = :h WHERE position = :p"),
            {"s": entry.subject, "h": entry.hash, "p": entry.position},
        )
    await set_head(connection, before)
    return 25 if position <= 25 else LENGTH


async def drop_start(connection, dice: random.Random, entries: list[LogEntry]) -> int:
    """Delete the oldest events and move the floor as retention does."""
    last = dice.randint(1, LENGTH - 1)
    await connection.execute(text("DELETE FROM events.log WHERE position <= :p"), {"p": last})
    fake = dice.randbytes(32)
    await connection.execute(
        text("UPDATE events.floor SET position = :p, hash = :h"), {"p": last, "h": fake}
    )
    return last + 1


async def set_head(connection, head: Head) -> None:
    await connection.execute(
        text("UPDATE events.head SET position = :p, hash = :h"),
        {"p": head.position, "h": head.hash},
    )


CHANGES = (edit, delete, insert, truncate, forge, drop_start)


@pytest.mark.timeout(600)
async def test_every_change_is_found_at_its_position(service, stored_log):
    """Make EDITS_N random changes, one at a time, each rolled back after verification."""
    points, entries = stored_log
    dice = random.Random(4)
    async with service.kernel.database.session() as connection:
        sound = await verify_log(connection, points)
        assert (sound.defect, sound.checked, sound.head) == (None, LENGTH, LENGTH)
        await connection.rollback()
        for number in range(EDITS):
            change = CHANGES[number % len(CHANGES)]
            position = await change(connection, dice, entries)
            defect = (await verify_log(connection, points)).defect
            await connection.rollback()
            assert defect is not None, (number, change)
            if change is drop_start:
                assert defect.position in {position, position - 1}, (number, defect)
            else:
                assert defect.position == position, (number, change, defect)
        assert (await verify_log(connection, points)).defect is None
