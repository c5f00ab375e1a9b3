"""Shared queries of the tests of the telegram service."""

from sqlalchemy import text


async def rows(database, query: str) -> list:
    """Return the rows of a query that runs in the telegram schema."""
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL search_path TO telegram"))
        return (await connection.execute(text(query))).all()
