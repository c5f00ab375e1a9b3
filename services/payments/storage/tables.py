"""The tables of the payments schema."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(schema="payments")
TIME = DateTime(timezone=True)

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("telegram_id", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("charge_id", Text, nullable=False, unique=True),
    Column("provider_charge_id", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("pay_time", TIME, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("update_time", TIME, nullable=False),
    Column("refund_time", TIME),
    Column("subscription_expire_time", TIME),
    Column("recurring", Boolean, nullable=False),
)

EARLY_REFUNDS = Table(
    "early_refunds",
    METADATA,
    Column("charge_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("telegram_id", BigInteger, nullable=False),
    Column("refund_time", TIME, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("type", SmallInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
)

JOURNALS = Table(
    "journals",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("payment_id", Uuid, nullable=False),
    Column("description", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("journal_id", Uuid, nullable=False),
    Column("account", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("create_time", TIME, nullable=False),
)

RECONCILIATIONS = Table(
    "reconciliations",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("create_time", TIME, nullable=False),
    Column("transaction_count", BigInteger, nullable=False),
    Column("differences", JSONB, nullable=False),
)
