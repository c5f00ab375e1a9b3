"""W3C trace context: a client's trace is continued, or else a new one is started."""

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
    """Return the client's traceparent if it is valid, or else that of a new trace.

    A new trace has the sampled flag; the collector decides whether to record it.
    """
    given = headers.get(TRACEPARENT)
    if given is not None and is_parent(given):
        return given
    digits = f"{getrandbits(192) | NOT_ZERO:048x}"
    return f"00-{digits[:32]}-{digits[32:]}-01"


def state_of(headers: Mapping[str, str], parent: str) -> str | None:
    """Return the tracestate of a request, which is valid only with the client's own traceparent."""
    state = headers.get(TRACESTATE)
    if state is None or headers.get(TRACEPARENT) != parent or len(state) > STATE_CHARACTERS_MAX:
        return None
    return state if state.isascii() and state.isprintable() else None


def is_parent(text: str) -> bool:
    """True if a text is a traceparent. Only versions after the first may have more fields."""
    found = FORM.fullmatch(text) if len(text) <= PARENT_CHARACTERS_MAX else None
    return found is not None and not (found["more"] and found["version"] == FIRST_VERSION)


def trace_of(parent: str) -> str:
    """Return the trace id of a traceparent."""
    return parent[3:35]
