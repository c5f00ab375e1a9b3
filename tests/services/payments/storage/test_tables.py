from sqlalchemy import Connection, inspect

from services.payments.storage.tables import METADATA


def reflected(connection: Connection, table: str) -> dict[str, tuple[str, bool]]:
    columns = inspect(connection).get_columns(table, "payments")
    return {
        one["name"]: (one["type"].compile(connection.dialect), one["nullable"]) for one in columns
    }


async def test_the_tables_are_those_of_the_migrations(database):
    assert len(METADATA.sorted_tables) == 6
    async with database.reading() as connection:
        for table in METADATA.sorted_tables:
            declared = {
                one.name: (one.type.compile(connection.dialect), one.nullable)
                for one in table.columns
            }
            assert declared == await connection.run_sync(reflected, table.name)
