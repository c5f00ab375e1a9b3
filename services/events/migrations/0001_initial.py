"""The log and its head."""

from alembic import op

from services.kernel.database.migrate import create_kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kernel_tables("events")
    op.execute(
        """
        CREATE TABLE log (
            position bigint PRIMARY KEY CHECK (position > 0),
            id uuid NOT NULL UNIQUE,
            type text NOT NULL,
            source text NOT NULL,
            subject text NOT NULL,
            category smallint NOT NULL,
            level smallint NOT NULL,
            actor text NOT NULL,
            request_id text NOT NULL,
            time timestamptz NOT NULL,
            append_time timestamptz NOT NULL,
            data text NOT NULL,
            hash bytea NOT NULL CHECK (length(hash) = 32)
        )
        """
    )
    op.execute("CREATE INDEX log_by_append_time ON log (append_time, category, level)")
    op.execute("CREATE INDEX log_by_category ON log (category, position)")
    op.execute("CREATE INDEX log_by_type ON log (type, position)")
    op.execute("CREATE INDEX log_by_subject ON log (subject, position)")
    op.execute(
        """
        CREATE TABLE head (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            position bigint NOT NULL,
            hash bytea NOT NULL
        )
        """
    )
    op.execute("INSERT INTO head (position, hash) VALUES (0, decode(repeat('00', 32), 'hex'))")


def downgrade() -> None:
    raise NotImplementedError("The event log cannot be downgraded.")
