from sqlalchemy import text

from services.metrics.storage.tables import MEASUREMENTS, METADATA

COLUMNS = text(
    """
    SELECT table_name, column_name, is_nullable = 'YES' AS nullable
    FROM information_schema.columns WHERE table_schema = 'metrics'
    """
)


async def test_the_tables_are_those_of_the_migrations(store):
    async with store.database.reading() as connection:
        rows = (await connection.execute(COLUMNS)).all()
    ours = {
        (table.name, column.name, bool(column.nullable))
        for table in METADATA.tables.values()
        for column in table.columns
    }
    names = {table.name for table in METADATA.tables.values()}
    assert names == {"series", "points", "distributions", "alert_rules", "incidents"}
    assert {tuple(row) for row in rows if row.table_name in names} == ours


def test_measurements_have_a_time_to_be_deleted_by():
    assert all("time" in table.columns for table in MEASUREMENTS)
