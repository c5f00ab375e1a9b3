"""Payments and the ledger. Triggers keep its journals balanced and its entries unchanged."""

from alembic import op

from services.kernel.database.migrate import create_kernel_tables

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE payments (
        id uuid PRIMARY KEY,
        user_name text NOT NULL,
        telegram_id bigint NOT NULL,
        currency text NOT NULL,
        amount bigint NOT NULL CHECK (amount > 0),
        state smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
        charge_id text NOT NULL UNIQUE,
        provider_charge_id text NOT NULL,
        payload text NOT NULL,
        pay_time timestamptz NOT NULL,
        create_time timestamptz NOT NULL,
        update_time timestamptz NOT NULL,
        refund_time timestamptz,
        subscription_expire_time timestamptz,
        recurring boolean NOT NULL
    )
    """,
    "CREATE INDEX payments_by_create_time ON payments (create_time DESC, id DESC)",
    "CREATE INDEX payments_by_user ON payments (user_name, create_time DESC)",
    "CREATE INDEX payments_by_pay_time ON payments (pay_time)",
    "CREATE INDEX payments_refund_pending ON payments (update_time) WHERE state = 4",
    """
    CREATE TABLE early_refunds (
        charge_id text PRIMARY KEY,
        currency text NOT NULL,
        amount bigint NOT NULL,
        telegram_id bigint NOT NULL,
        refund_time timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE accounts (
        code text PRIMARY KEY,
        type smallint NOT NULL,
        currency text NOT NULL,
        create_time timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE journals (
        id uuid PRIMARY KEY,
        payment_id uuid NOT NULL REFERENCES payments,
        description text NOT NULL,
        create_time timestamptz NOT NULL,
        UNIQUE (payment_id, description)
    )
    """,
    """
    CREATE TABLE entries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        journal_id uuid NOT NULL REFERENCES journals,
        account text NOT NULL REFERENCES accounts,
        amount bigint NOT NULL CHECK (amount <> 0),
        create_time timestamptz NOT NULL
    )
    """,
    "CREATE INDEX entries_by_account ON entries (account, id DESC)",
    "CREATE INDEX entries_by_journal ON entries (journal_id)",
    """
    CREATE TABLE reconciliations (
        id uuid PRIMARY KEY,
        create_time timestamptz NOT NULL,
        transaction_count bigint NOT NULL,
        differences jsonb NOT NULL
    )
    """,
)

RULES = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is never changed: % on %', TG_OP, TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE TRIGGER entries_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER journals_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON journals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE FUNCTION check_journal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM payments.entries e JOIN payments.accounts a ON a.code = e.account
            WHERE e.journal_id = NEW.journal_id
            GROUP BY a.currency HAVING sum(e.amount) <> 0
        ) THEN
            RAISE EXCEPTION 'journal % does not sum to zero', NEW.journal_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER entries_balanced AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal()
    """,
)


def upgrade() -> None:
    create_kernel_tables("payments")
    for statement in (*TABLES, *RULES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("The payments schema is never downgraded.")
