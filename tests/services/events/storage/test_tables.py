"""The table definitions match the migrated schema."""

from sqlalchemy import inspect

from services.events.storage.tables import METADATA


async def test_tables_are_those_of_the_migrations(database):
    async with database.reading() as connection:
        created = await connection.run_sync(
            lambda sync: {
                name: {
                    column["name"]: column for column in inspect(sync).get_columns(name, "events")
                }
                for name in (table.name for table in METADATA.sorted_tables)
            }
        )
    for table in METADATA.sorted_tables:
        columns = created[table.name]
        assert {column.name for column in table.columns} == set(columns), table.name
        for column in table.columns:
            assert columns[column.name]["nullable"] is column.nullable, column
            given, there = column.type, columns[column.name]["type"]
            assert given._type_affinity is there._type_affinity, column
