"""The errors that services raise.

    LibralError
    ├── InvalidArgumentError    fields that break a rule
    ├── FailedPreconditionError the state does not allow it
    ├── NotFoundError           no such resource
    ├── AlreadyExistsError      the resource exists
    ├── AbortedError            a concurrent change came first
    ├── PermissionDeniedError   the caller lacks a role or scope
    ├── UnauthenticatedError    the caller has no valid token
    ├── ResourceExhaustedError  a limit is exceeded
    ├── UnimplementedError      the method is not implemented
    └── UnavailableError        a dependency does not respond; retry

`code` is the canonical code (google/rpc/code.proto). `services.kernel.status` converts errors to
`google.rpc.Status`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldViolation:
    """A request field that breaks a rule. `field` is its path, such as `user.login`."""

    field: str
    description: str


class LibralError(Exception):
    """An error with a machine-readable reason.

    `reason` is UPPER_SNAKE_CASE. `localized` is a message in Japanese for operators. `metadata`
    holds every dynamic value of the message (AIP-193).
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
    """The state of the system does not allow the operation."""

    code = 9


class NotFoundError(LibralError):
    """There is no such resource. The reason is `{KIND}_NOT_FOUND`."""

    code = 5

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"{kind.upper().replace(' ', '_')}_NOT_FOUND",
            f"There is no {kind} {name}.",
            localized="対象が見つかりません。",
            metadata={"name": name},
        )


class AlreadyExistsError(LibralError):
    """The resource to create exists."""

    code = 6


class AbortedError(LibralError):
    """The resource was changed concurrently. The caller may read it again and retry."""

    code = 10


class PermissionDeniedError(LibralError):
    """The caller lacks the role or scope that the operation needs."""

    code = 7


class UnauthenticatedError(LibralError):
    """The caller has no valid token or credentials."""

    code = 16


class ResourceExhaustedError(LibralError):
    """A rate or size limit is exceeded."""

    code = 8


class UnimplementedError(LibralError):
    """The method is not implemented."""

    code = 12


class UnavailableError(LibralError):
    """A dependency does not respond. The caller may retry."""

    code = 14


def invalid(field: str, description: str) -> InvalidArgumentError:
    """Return the error of a single field."""
    return InvalidArgumentError([FieldViolation(field, description)])
