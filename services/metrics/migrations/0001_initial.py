"""Series, alert rules and incidents."""

from alembic import op

from services.kernel.database.migrate import create_kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kernel_tables("metrics")
    op.execute(
        """
        CREATE TABLE series (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            metric text NOT NULL,
            source text NOT NULL,
            attributes jsonb NOT NULL,
            unit text NOT NULL,
            bounds double precision[],
            UNIQUE (metric, source, attributes)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE points (
            series_id integer NOT NULL REFERENCES series,
            time timestamptz NOT NULL,
            value double precision NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX points_by_series ON points (series_id, time) INCLUDE (value)")
    op.execute("CREATE INDEX points_by_time ON points USING brin (time)")
    op.execute(
        """
        CREATE TABLE distributions (
            series_id integer NOT NULL REFERENCES series,
            time timestamptz NOT NULL,
            count bigint NOT NULL,
            total double precision NOT NULL,
            counts bigint[] NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX distributions_by_series ON distributions (series_id, time)")
    op.execute("CREATE INDEX distributions_by_time ON distributions USING brin (time)")
    op.execute(
        """
        CREATE TABLE alert_rules (
            id text PRIMARY KEY,
            display_name text NOT NULL,
            metric text NOT NULL,
            source text NOT NULL,
            comparison smallint NOT NULL,
            threshold double precision NOT NULL,
            hold interval NOT NULL,
            severity smallint NOT NULL,
            disabled boolean NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE incidents (
            id text PRIMARY KEY,
            alert_rule text NOT NULL,
            display_name text NOT NULL,
            severity smallint NOT NULL,
            state smallint NOT NULL,
            value double precision NOT NULL,
            create_time timestamptz NOT NULL,
            acknowledge_time timestamptz,
            acknowledger text NOT NULL,
            resolve_time timestamptz
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX incidents_open ON incidents (alert_rule) WHERE state <> 3")


def downgrade() -> None:
    raise NotImplementedError("The metrics schema cannot be downgraded.")
