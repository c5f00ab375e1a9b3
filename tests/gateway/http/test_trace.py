"""W3C trace context: a client's valid trace is continued, an invalid one replaced."""

import re

import pytest
from structlog.testing import capture_logs

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
NEW = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")

VALID = [
    PARENT,
    PARENT[:-2] + "00",
    f"cc{PARENT[2:]}",
    f"cc{PARENT[2:]}-what-else",
]


@pytest.mark.parametrize("parent", VALID)
async def test_a_trace_goes_on(http, echo, parent):
    headers = {"traceparent": parent, "tracestate": "a=1,b=2"}
    await http.get("/v1/echo", headers=headers)
    assert echo.metadata[0]["traceparent"] == parent
    assert echo.metadata[0]["tracestate"] == "a=1,b=2"


INVALID = [
    "",
    "nonsense",
    PARENT.upper(),
    PARENT[:-1],
    f"{PARENT}-",
    f"{PARENT}-more",
    f"cc{PARENT[2:]}.more",
    f"ff{PARENT[2:]}",
    f"0{PARENT[2:]}",
    PARENT.replace(TRACE, "0" * 32),
    PARENT.replace("b7ad6b7169203331", "0" * 16),
    PARENT.replace("-", "_"),
    f"cc{PARENT[2:]}-{'x' * 300}",
]


@pytest.mark.parametrize("parent", INVALID)
async def test_what_is_no_trace_is_begun_anew(http, echo, parent):
    await http.get("/v1/echo", headers={"traceparent": parent, "tracestate": "a=1"})
    assert NEW.fullmatch(echo.metadata[0]["traceparent"])
    assert "tracestate" not in echo.metadata[0]


async def test_every_request_without_one_gets_its_own(http, echo):
    for _ in range(3):
        await http.get("/v1/echo", headers={"tracestate": "a=1"})
    begun = {seen["traceparent"] for seen in echo.metadata}
    assert len(begun) == 3
    assert all(NEW.fullmatch(parent) for parent in begun)
    assert all("tracestate" not in seen for seen in echo.metadata)


@pytest.mark.parametrize("state", ["a=" + "x" * 511, "a=\xe9"])
async def test_a_state_that_no_header_carries_is_dropped(http, echo, state):
    headers = {"traceparent": PARENT.encode(), "tracestate": state.encode("latin-1")}
    await http.get("/v1/echo", headers=headers)
    assert echo.metadata[0]["traceparent"] == PARENT
    assert "tracestate" not in echo.metadata[0]


async def test_the_log_has_the_trace(http, echo):
    with capture_logs() as lines:
        await http.get("/v1/echo", headers={"traceparent": PARENT})
        await http.get("/v1/echo")
    known = [line["trace_id"] for line in lines if line["event"] == "request"]
    assert known == [TRACE, echo.metadata[1]["traceparent"][3:35]]


async def test_streams_have_one_too(http, echo):
    await http.get("/v1/public:stream?until=1", headers={"traceparent": PARENT})
    assert echo.metadata[0]["traceparent"] == PARENT
