"""The tables of the users service, which `migrations` creates."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

METADATA = MetaData(schema="users")
TIME = DateTime(timezone=True)

USERS = Table(
    "users",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("login", Text),
    Column("password_hash", Text),
    Column("display_name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("telegram_id", BigInteger),
    Column("telegram_username", Text, nullable=False),
    Column("language_code", Text, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("update_time", TIME, nullable=False),
    Column("delete_time", TIME),
    Column("last_seen_time", TIME),
    Column("version", BigInteger, nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("refresh_hash", LargeBinary, nullable=False),
    Column("spent_hash", LargeBinary),
    Column("create_time", TIME, nullable=False),
    Column("refresh_time", TIME, nullable=False),
    Column("expire_time", TIME, nullable=False),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("expire_time", TIME),
    Column("last_use_time", TIME),
)

PURCHASES = Table(
    "purchases",
    METADATA,
    Column("user_id", Uuid, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("payment_count", BigInteger, nullable=False),
    Column("refund_count", BigInteger, nullable=False),
    Column("paid_amount", BigInteger, nullable=False),
    Column("refunded_amount", BigInteger, nullable=False),
)
