"""The kernel's tables are in the schema of their service."""

from sqlalchemy import MetaData

from services.kernel.database.tables import KernelTables


def test_all_tables_are_in_the_schema_of_the_service():
    metadata = MetaData(schema="users")
    KernelTables.of(metadata)
    assert sorted(metadata.tables) == [
        "users.answers",
        "users.dead_letters",
        "users.outbox",
        "users.positions",
    ]
