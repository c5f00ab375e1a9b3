from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql

from services.users.storage.tables import METADATA

DIALECT = postgresql.dialect()
TABLES = {table.name: table for table in METADATA.tables.values()}


async def test_the_tables_are_those_that_the_migrations_create(service):
    """Names, types, which columns may be null, and the primary key."""
    async with service.kernel.database.reading() as connection:
        created = await connection.run_sync(read_tables)
    assert {name: describe(table.columns) for name, table in TABLES.items()} == created[0]
    keys = {name: [one.name for one in table.primary_key] for name, table in TABLES.items()}
    assert keys == created[1]


def read_tables(connection) -> tuple[dict, dict]:
    """Return the columns of each table, and its primary key."""
    found = inspect(connection)
    columns = {
        name: {
            one["name"]: (one["type"].compile(DIALECT), one["nullable"])
            for one in found.get_columns(name, "users")
        }
        for name in TABLES
    }
    keys = {name: found.get_pk_constraint(name, "users")["constrained_columns"] for name in TABLES}
    return columns, keys


def describe(columns) -> dict[str, tuple[str, bool]]:
    return {one.name: (one.type.compile(DIALECT), one.nullable) for one in columns}
