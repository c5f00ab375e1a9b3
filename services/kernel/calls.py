"""The context of the call being served: its id, its method and its caller."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog

from services.kernel.errors import PermissionDeniedError


@dataclass(frozen=True)
class Caller:
    """The caller of a method, from a verified token. An anonymous caller has no subject.

    `subject` is a resource name: `users/{user}`, `apiKeys/{api_key}` or `services/{service}`.
    `session` is `sessions/{session}` for a signed-in user, else empty.
    """

    subject: str = ""
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    session: str = ""

    def has_role(self, role: str) -> bool:
        """True if the caller has the role, such as `ADMIN`."""
        return role in self.roles

    def require_role(self, role: str) -> None:
        """Raise PermissionDeniedError (ROLE_REQUIRED) unless the caller has the role."""
        if not self.has_role(role):
            raise PermissionDeniedError(
                "ROLE_REQUIRED",
                f"This needs the role {role}.",
                localized="この操作を行う権限がありません。",
                metadata={"role": role},
            )


ANONYMOUS = Caller()


@dataclass
class AuditRecord:
    """The fields of an audit event that the call context does not hold."""

    subject: str = ""
    """The name of the resource that the call is about."""
    actor: str = ""
    """The name of the user that signed in, for calls without a token."""
    address: str = ""
    """The IP address of the client: that of `x-forwarded-for`, else that of the connection."""
    via: str = ""
    """The IP address of the connection, if `address` was forwarded. Empty: no proxy."""
    repeated: bool = False
    """True if the response came from the idempotency store and nothing changed."""
    written: bool = False
    """True once an audit event of the call is in a committed transaction."""


class CallContext(NamedTuple):
    """A call being served. `audit` is None if the method is not audited."""

    method: str = ""
    request_id: str = ""
    caller: Caller = ANONYMOUS
    audit: AuditRecord | None = None


_current: ContextVar[CallContext] = ContextVar("current_call", default=CallContext())  # noqa: B039 - it is a tuple


def current_call() -> CallContext:
    """Return the context of the call being served, or an empty one outside of a call."""
    return _current.get()


def enter_call(call: CallContext) -> None:
    """Make `call` the current one for this task and the tasks that it starts."""
    _current.set(call)


def set_audit_subject(subject: str, actor: str = "") -> None:
    """Set what the current call is about, where its request does not name the resource.

    `actor` names the user of a call without a token. Without an audited call, do nothing.
    """
    audit = current_call().audit
    if audit is not None:
        audit.subject, audit.actor = subject, actor


@contextmanager
def outside_call() -> Generator[None, None, None]:
    """Run the body with an empty call context: its events and calls have no caller."""
    token = _current.set(CallContext())
    try:
        yield
    finally:
        _current.reset(token)


def log_context(service: str) -> structlog.typing.Processor:
    """Return a log processor that adds the service and the request id of the current call."""

    def add_context(
        _: Any, __: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        line["service"] = service
        request_id = current_call().request_id
        if request_id and "request_id" not in line:
            line["request_id"] = request_id
        return line

    return add_context
