"""W3C trace context: a trace that the client began goes on, and where there is none one begins."""

import re
from collections.abc import Mapping
from random import getrandbits

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
PARENT_CHARACTERS_MAX, STATE_CHARACTERS_MAX = 256, 512
FORM = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    r"(?P<more>(?:-[!-~]*)?)",
    re.ASCII,
)
FIRST_VERSION = "00"
# Neither the trace nor the span may be zero.
NOT_ZERO = 1 << 64 | 1


def parent_of(headers: Mapping[str, str]) -> str:
    """Tells the traceparent of a request: the client's if it is one, or else that of a new trace.

    A new one is sampled: whether it is recorded is for those to say who record.
    """
    given = headers.get(TRACEPARENT)
    if given is not None and is_parent(given):
        return given
    digits = f"{getrandbits(192) | NOT_ZERO:048x}"
    return f"00-{digits[:32]}-{digits[32:]}-01"


def state_of(headers: Mapping[str, str], parent: str) -> str | None:
    """Tells the tracestate of a request, which is worth nothing without its traceparent."""
    state = headers.get(TRACESTATE)
    if state is None or headers.get(TRACEPARENT) != parent or len(state) > STATE_CHARACTERS_MAX:
        return None
    return state if state.isascii() and state.isprintable() else None


def is_parent(text: str) -> bool:
    """True if a text is a traceparent. Only a version after the first may have more fields."""
    found = FORM.fullmatch(text) if len(text) <= PARENT_CHARACTERS_MAX else None
    return found is not None and not (found["more"] and found["version"] == FIRST_VERSION)


def trace_of(parent: str) -> str:
    """The id of the trace of a traceparent."""
    return parent[3:35]
