"""Partitions of the log, the block index, consumers, dead letters and checkpoints."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE log RENAME TO log_whole")
    op.execute("ALTER INDEX log_pkey RENAME TO log_whole_pkey")
    op.execute(
        """
        CREATE TABLE log (
            position bigint NOT NULL CHECK (position > 0),
            id uuid NOT NULL,
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
            hash bytea NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (position, append_time)
        ) PARTITION BY RANGE (append_time)
        """
    )
    op.execute(
        """
        CREATE TABLE ids (
            id uuid PRIMARY KEY,
            position bigint NOT NULL UNIQUE
        )
        """
    )
    op.execute("ALTER TABLE head ADD COLUMN append_time timestamptz NOT NULL DEFAULT 'epoch'")
    op.execute(
        """
        CREATE TABLE floor (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            position bigint NOT NULL,
            hash bytea NOT NULL
        )
        """
    )
    op.execute("INSERT INTO floor (position, hash) VALUES (0, decode(repeat('00', 32), 'hex'))")
    move_events()
    op.execute(
        """
        CREATE TABLE blocks (
            block bigint PRIMARY KEY,
            first_time timestamptz NOT NULL,
            last_time timestamptz NOT NULL,
            first_append_time timestamptz NOT NULL,
            last_append_time timestamptz NOT NULL,
            counts integer[] NOT NULL,
            error_count integer NOT NULL,
            words integer[] NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX blocks_by_words ON blocks USING gin (words)")
    op.execute("CREATE INDEX blocks_by_time ON blocks (last_time, first_time)")
    op.execute("CREATE INDEX blocks_by_append_time ON blocks (first_append_time)")
    op.execute(
        """
        CREATE TABLE consumers (
            name text PRIMARY KEY,
            position bigint NOT NULL,
            types text[] NOT NULL,
            report_time timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE letters (
            consumer text NOT NULL,
            position bigint NOT NULL,
            type text NOT NULL,
            error text NOT NULL,
            tries integer NOT NULL,
            state smallint NOT NULL,
            create_time timestamptz NOT NULL,
            update_time timestamptz NOT NULL,
            PRIMARY KEY (position, consumer)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE checkpoints (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            position bigint NOT NULL,
            hash bytea NOT NULL,
            create_time timestamptz NOT NULL,
            marks jsonb NOT NULL
        )
        """
    )


def move_events() -> None:
    """Move the existing events into monthly partitions."""
    op.execute(
        """
        DO $$
        DECLARE month timestamp;
        BEGIN
            FOR month IN
                SELECT DISTINCT date_trunc('month', append_time AT TIME ZONE 'UTC') FROM log_whole
            LOOP
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF log FOR VALUES FROM (%L) TO (%L)',
                    'log_' || to_char(month, 'YYYY_MM'),
                    month AT TIME ZONE 'UTC',
                    (month + interval '1 month') AT TIME ZONE 'UTC'
                );
            END LOOP;
        END $$
        """
    )
    op.execute("INSERT INTO log SELECT * FROM log_whole")
    op.execute("INSERT INTO ids SELECT id, position FROM log_whole")
    op.execute(
        "UPDATE head SET append_time = coalesce((SELECT max(append_time) FROM log), 'epoch')"
    )
    op.execute("DROP TABLE log_whole")


def downgrade() -> None:
    raise NotImplementedError("The event log cannot be downgraded.")
