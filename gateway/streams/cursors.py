"""Cursors of streams: where a request resumes."""

from typing import Any

from gateway.contracts.descriptors import Method
from gateway.http.errors import invalid_field
from gateway.routing.text_fields import convert_text, find_field


def read_resume_cursor(method: Method, message: Any) -> int | None:
    """Return the cursor that a request resumes after. None: it wants new items only."""
    if not method.numbered:
        return 0
    after = int(getattr(message, method.resume))
    return None if method.live and after == method.live else after


def set_resume_cursor(method: Method, message: Any, cursor: str, shown: str) -> None:
    """Make a request resume after the last cursor that the client saw.

    Raises:
        StatusError: 400, the cursor is invalid; `shown` names its origin.
    """
    field = find_field(method.input, method.resume) if method.resume else None
    if field is None:
        return
    try:
        setattr(message, field.name, convert_text(field, cursor))
    except ValueError as error:
        raise invalid_field(shown, f"{error}.") from None
