"""Consumers of the log: services that handle events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kernel.errors import invalid

NAME_LENGTH_MAX = 64
TYPES_MAX = 200


@dataclass(frozen=True)
class Consumer:
    """A service that handles events of `types`, with the last position that it reported."""

    name: str
    position: int
    types: Sequence[str]
    report_time: datetime


@dataclass(frozen=True)
class ConsumerStatus:
    """A consumer with its lag, in unhandled events, and the number of its dead letters."""

    consumer: Consumer
    lag: int
    dead_letter_count: int


def check_report(name: str, position: int, types: Sequence[str], field: str) -> None:
    """Check the fields of a consumer report. `field` prefixes the names of bad fields.

    Raises:
        InvalidArgumentError: The name, the position or the number of types is out of range.
    """
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise invalid(f"{field}.name", f"It must have 1 to {NAME_LENGTH_MAX} characters.")
    if position < 0:
        raise invalid(f"{field}.position", "It must not be negative.")
    if not 1 <= len(types) <= TYPES_MAX:
        raise invalid(f"{field}.types", f"There must be 1 to {TYPES_MAX}.")
