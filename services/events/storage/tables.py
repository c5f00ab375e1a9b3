"""The tables of the service."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

METADATA = MetaData(schema="events")

LOG = Table(
    "log",
    METADATA,
    Column("id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("category", SmallInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("data", Text, nullable=False),
    Column("append_time", DateTime(timezone=True), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

IDS = Table(
    "ids",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
)

HEAD = Table(
    "head",
    METADATA,
    Column("singleton", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("append_time", DateTime(timezone=True), nullable=False),
)

FLOOR = Table(
    "floor",
    METADATA,
    Column("singleton", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

BLOCKS = Table(
    "blocks",
    METADATA,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("first_time", DateTime(timezone=True), nullable=False),
    Column("last_time", DateTime(timezone=True), nullable=False),
    Column("first_append_time", DateTime(timezone=True), nullable=False),
    Column("last_append_time", DateTime(timezone=True), nullable=False),
    Column("counts", ARRAY(Integer), nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("words", ARRAY(Integer), nullable=False),
)

CONSUMERS = Table(
    "consumers",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("report_time", DateTime(timezone=True), nullable=False),
)

DEAD_LETTERS = Table(
    "letters",
    METADATA,
    Column("consumer", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("type", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("update_time", DateTime(timezone=True), nullable=False),
)

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("singleton", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("marks", JSONB, nullable=False),
)
