"""Purchases: sums of the payments of users."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # No foreign key: a payment may be reported before its user is created.
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
    raise NotImplementedError("The users schema is never downgraded.")
