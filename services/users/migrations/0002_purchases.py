"""What users bought, as the payments room tells."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # No foreign key: payments may be told of before the user, and after.
    op.execute(
        """
        CREATE TABLE purchases (
            user_id uuid NOT NULL,
            currency text NOT NULL,
            payment_count bigint NOT NULL,
            refund_count bigint NOT NULL,
            paid_amount bigint NOT NULL,
            refunded_amount bigint NOT NULL,
            PRIMARY KEY (user_id, currency)
        )
        """
    )


def downgrade() -> None:
    raise NotImplementedError("Accounts are never taken down.")
