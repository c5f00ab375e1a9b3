"""The tables of the metrics service."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Integer,
    Interval,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

METADATA = MetaData(schema="metrics")
TIME = DateTime(timezone=True)

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("metric", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("unit", Text, nullable=False),
    Column("bounds", ARRAY(Double)),
)

POINTS = Table(
    "points",
    METADATA,
    Column("series_id", Integer, nullable=False),
    Column("time", TIME, nullable=False),
    Column("value", Double, nullable=False),
)

DISTRIBUTIONS = Table(
    "distributions",
    METADATA,
    Column("series_id", Integer, nullable=False),
    Column("time", TIME, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
    Column("counts", ARRAY(BigInteger), nullable=False),
)

ALERT_RULES = Table(
    "alert_rules",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("comparison", SmallInteger, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("hold", Interval, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("alert_rule", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("create_time", TIME, nullable=False),
    Column("acknowledge_time", TIME),
    Column("acknowledger", Text, nullable=False),
    Column("resolve_time", TIME),
)

MEASUREMENTS = (POINTS, DISTRIBUTIONS)
