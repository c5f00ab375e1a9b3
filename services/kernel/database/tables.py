"""The kernel's tables, which each service has in its schema."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType


class TransactionId(UserDefinedType[str]):
    """The PostgreSQL type `xid8`, a 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type for DDL."""
        return "xid8"


@dataclass(frozen=True)
class KernelTables:
    """The outbox, consumer positions, dead letters and stored responses of a service.

    `responses` is the table `answers`: it belongs to the idempotency store.
    """

    outbox: Table
    positions: Table
    dead_letters: Table
    responses: Table

    @classmethod
    def of(cls, metadata: MetaData) -> "KernelTables":
        """Add the tables to `metadata`, in its schema, and return them."""
        return cls(
            outbox=Table(
                "outbox",
                metadata,
                Column("sequence", BigInteger, Identity(always=True), primary_key=True),
                Column("transaction_id", TransactionId, server_default=func.pg_current_xact_id()),
                Column("id", Uuid, nullable=False),
                Column("type", Text, nullable=False),
                Column("category", SmallInteger, nullable=False),
                Column("level", SmallInteger, nullable=False),
                Column("subject", Text, nullable=False),
                Column("actor", Text, nullable=False),
                Column("request_id", Text, nullable=False),
                Column("time", DateTime(timezone=True), nullable=False),
                Column("data", JSONB, nullable=False),
            ),
            positions=Table(
                "positions",
                metadata,
                Column("consumer", Text, primary_key=True),
                Column("position", BigInteger, nullable=False),
            ),
            dead_letters=Table(
                "dead_letters",
                metadata,
                Column("consumer", Text, primary_key=True),
                Column("position", BigInteger, primary_key=True),
                Column("event", LargeBinary, nullable=False),
                Column("error", Text, nullable=False),
                Column("tries", SmallInteger, nullable=False),
                Column("time", DateTime(timezone=True), nullable=False),
            ),
            responses=Table(
                "answers",
                metadata,
                Column("method", Text, primary_key=True),
                Column("caller", Text, primary_key=True),
                Column("request_id", Text, primary_key=True),
                Column("request_hash", LargeBinary, nullable=False),
                Column("answer", LargeBinary),
                Column("create_time", DateTime(timezone=True), nullable=False),
            ),
        )
