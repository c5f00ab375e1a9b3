"""Accounts, sessions and API keys."""

from alembic import op

from services.kernel.database.migrate import create_kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_kernel_tables("users")
    op.execute(
        """
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            login text,
            password_hash text,
            display_name text NOT NULL,
            roles text[] NOT NULL,
            state text NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED')),
            telegram_id bigint UNIQUE,
            telegram_username text NOT NULL,
            language_code text NOT NULL,
            create_time timestamptz NOT NULL,
            update_time timestamptz NOT NULL,
            delete_time timestamptz,
            last_seen_time timestamptz,
            version bigint NOT NULL
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX users_by_login ON users (login) WHERE delete_time IS NULL")
    op.execute("CREATE INDEX users_by_create_time ON users (create_time DESC, id DESC)")
    op.execute("CREATE INDEX users_by_last_seen ON users (last_seen_time)")
    op.execute(
        """
        CREATE TABLE sessions (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL REFERENCES users,
            refresh_hash bytea NOT NULL UNIQUE,
            spent_hash bytea UNIQUE,
            create_time timestamptz NOT NULL,
            refresh_time timestamptz NOT NULL,
            expire_time timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX sessions_by_user ON sessions (user_id, create_time DESC)")
    op.execute(
        """
        CREATE TABLE api_keys (
            id uuid PRIMARY KEY,
            display_name text NOT NULL,
            scopes text[] NOT NULL,
            secret_hash bytea NOT NULL UNIQUE,
            create_time timestamptz NOT NULL,
            expire_time timestamptz,
            last_use_time timestamptz
        )
        """
    )


def downgrade() -> None:
    raise NotImplementedError("The users schema is never downgraded.")
