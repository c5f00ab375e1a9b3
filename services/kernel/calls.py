"""The call that is being served: its id, its method and who makes it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog

from services.kernel.errors import PermissionDeniedError


@dataclass(frozen=True)
class Caller:
    """Who makes a call, as a verified token says."""

    subject: str = ""
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    session: str = ""

    def holds(self, role: str) -> bool:
        return role in self.roles

    def require(self, role: str) -> None:
        """Refuses a caller who does not hold the role."""
        if not self.holds(role):
            raise PermissionDeniedError(
                "ROLE_REQUIRED",
                f"This needs the role {role}.",
                localized="この操作を行う権限がありません。",
                metadata={"role": role},
            )


ANONYMOUS = Caller()


@dataclass
class Audit:
    """What the audit trail is to hold of a call beside what the call says itself."""

    subject: str = ""
    """The resource that it is about."""
    actor: str = ""
    """Who turned out to make it, where no token says so."""
    address: str = ""
    """Where the call comes from: the client's address, as whoever handed it on tells."""
    via: str = ""
    """The address of who handed it on. Empty: the client itself was connected."""
    repeated: bool = False
    """Whether it was answered with a remembered answer, and changed nothing."""
    written: bool = False
    """Whether an event of it is in a transaction that committed."""


class Call(NamedTuple):
    """A call that is being served. `audit` is None where none is kept."""

    method: str = ""
    request_id: str = ""
    caller: Caller = ANONYMOUS
    audit: Audit | None = None


_current: ContextVar[Call] = ContextVar("current_call", default=Call())  # noqa: B039 - it is a tuple


def current_call() -> Call:
    """Tells which call is being served. Outside of one, an empty call."""
    return _current.get()


def enter_call(call: Call) -> None:
    """Makes `call` the current one, for this task and those it starts."""
    _current.set(call)


def audit_subject(subject: str, actor: str = "") -> None:
    """Tells the audit trail what the current call is about, where its request cannot."""
    audit = current_call().audit
    if audit is not None:
        audit.subject, audit.actor = subject, actor


@contextmanager
def outside_call() -> Generator[None, None, None]:
    """What is done in here is not of the call that is being served."""
    token = _current.set(Call())
    try:
        yield
    finally:
        _current.reset(token)


def log_context(service: str) -> structlog.typing.Processor:
    """Return a log processor that adds the service and the request id of the current call."""

    def add_context(
        _: Any, __: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        line["room"] = service
        request_id = current_call().request_id
        if request_id and "request_id" not in line:
            line["request_id"] = request_id
        return line

    return add_context
