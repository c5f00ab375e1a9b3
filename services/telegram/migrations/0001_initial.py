"""Stored updates and their processing state."""

from alembic import op

from services.kernel.database.migrate import create_kernel_tables

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE updates (
        id bigint PRIMARY KEY,
        kind text NOT NULL,
        chat bigint NOT NULL,
        body jsonb NOT NULL,
        receive_time timestamptz NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
        tries smallint NOT NULL,
        due_time timestamptz NOT NULL,
        error text NOT NULL
    )
    """,
    "CREATE INDEX updates_pending ON updates (chat, id) WHERE state = 'pending'",
    "CREATE INDEX updates_failed ON updates (id) WHERE state = 'failed'",
    "CREATE INDEX updates_by_receive_time ON updates (receive_time)",
)


def upgrade() -> None:
    create_kernel_tables("telegram")
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("The telegram schema cannot be downgraded.")
