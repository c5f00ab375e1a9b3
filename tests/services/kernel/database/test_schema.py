"""A schema is upgraded once, and a database that cannot be used is reported."""

import asyncpg
import pytest
from sqlalchemy.exc import DataError

from services.kernel.database import schema
from services.kernel.database.schema import SchemaError


async def test_a_schema_is_migrated_and_then_left_alone(database_url, monkeypatch):
    assert await schema.read_revision("payments", database_url) == ""
    await schema.upgrade_schema("payments", database_url)
    newest = schema.newest_revision("payments")
    assert await schema.read_revision("payments", database_url) == newest
    monkeypatch.setattr(schema.sys, "executable", "/nowhere")
    await schema.upgrade_schema("payments", database_url)


async def test_an_account_that_is_refused_is_no_outage(database_url):
    url = database_url.replace(":test@", ":wrong@")
    assert url != database_url
    with pytest.raises(SchemaError, match="password authentication failed") as refused:
        await schema.upgrade_schema("payments", url)
    assert "wrong" not in str(refused.value)


async def test_a_database_that_stays_away(monkeypatch):
    monkeypatch.setattr(schema, "WAIT_SECONDS", 0.3)
    with pytest.raises(SchemaError, match="DATABASE_URL cannot be used"):
        await schema.upgrade_schema("payments", "postgresql://user:secret@127.0.0.1:9/name")


def test_a_reason_is_one_line_without_the_statement():
    error = DataError("SELECT secret", {}, asyncpg.DataError("broken\n  input"))
    assert schema.error_line(error) == "broken input"
    assert schema.error_line(TimeoutError()) == "TimeoutError"
