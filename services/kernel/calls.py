"""The call that is being served: its id, its method and who makes it."""

from contextvars import ContextVar
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Call:
    """A call that is being served."""

    method: str = ""
    request_id: str = ""
    caller: Caller = ANONYMOUS


_current: ContextVar[Call] = ContextVar("current_call", default=Call())  # noqa: B039 - it is frozen


def current_call() -> Call:
    """Tells which call is being served. Outside of one, an empty call."""
    return _current.get()


def enter_call(call: Call) -> None:
    """Makes `call` the current one, for this task and those it starts."""
    _current.set(call)
