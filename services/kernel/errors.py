"""What can go wrong, as the rules of a room say it.

    LibralError
    ├── InvalidArgumentError    fields that break a rule
    ├── FailedPreconditionError the state does not allow it
    ├── NotFoundError           no such resource
    ├── AlreadyExistsError      it is there already
    ├── AbortedError            somebody else changed it meanwhile
    ├── PermissionDeniedError   the caller may not
    ├── UnauthenticatedError    the caller is not known
    ├── ResourceExhaustedError  too much, or too often
    ├── UnimplementedError      not built
    └── UnavailableError        what it needs is away; try again

Each knows its canonical code (google/rpc/code.proto). How it crosses the wire
is told in `services.kernel.status`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldViolation:
    """A field of a request that breaks a rule."""

    field: str
    description: str


class LibralError(Exception):
    """An error with a reason that programs can tell apart.

    `reason` is UPPER_SNAKE_CASE. `localized` is the message for an operator,
    in Japanese. `metadata` holds every changing value of the message (AIP-193).
    """

    code = 2

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        localized: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.localized = localized
        self.metadata = dict(metadata or {})


class InvalidArgumentError(LibralError):
    """One or more fields of the request break a rule."""

    code = 3

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        text = "; ".join(f"{one.field}: {one.description}" for one in violations)
        super().__init__("INVALID_FIELDS", text, localized="入力内容に誤りがあります。")
        self.violations = tuple(violations)


class FailedPreconditionError(LibralError):
    """The state of the system does not allow it."""

    code = 9


class NotFoundError(LibralError):
    """There is no such resource."""

    code = 5

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"{kind.upper().replace(' ', '_')}_NOT_FOUND",
            f"There is no {kind} {name}.",
            localized="対象が見つかりません。",
            metadata={"name": name},
        )


class AlreadyExistsError(LibralError):
    """There is one already."""

    code = 6


class AbortedError(LibralError):
    """Somebody else changed it meanwhile."""

    code = 10


class PermissionDeniedError(LibralError):
    """The caller may not do it."""

    code = 7


class UnauthenticatedError(LibralError):
    """The caller is not known."""

    code = 16


class ResourceExhaustedError(LibralError):
    """Too much, or too often."""

    code = 8


class UnimplementedError(LibralError):
    """It is not built."""

    code = 12


class UnavailableError(LibralError):
    """What it needs is away for now. The caller may try again."""

    code = 14


def invalid(field: str, description: str) -> InvalidArgumentError:
    """Makes the error for a single field."""
    return InvalidArgumentError([FieldViolation(field, description)])
