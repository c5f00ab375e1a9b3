"""The messages and the final status of a stream, as SSE, NDJSON and JSON arrays."""

import json

import pytest

from tests.gateway.conftest import (
    read_events,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


SSE = {"accept": "text/event-stream"}


PATH = "/v1/public:stream"


END = {"code": 0, "status": "OK", "message": "", "details": []}


async def test_events_have_a_cursor_and_end_with_a_status(http):
    async with http.stream("GET", f"{PATH}?until=3", headers=SSE) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-store"
        events = await read_events(response)
    assert [event.get("id") for event in events] == ["1", "2", "3", None]
    assert [json.loads(event["data"]).get("position") for event in events[:3]] == ["1", "2", "3"]
    assert events[3]["event"] == "status"
    assert json.loads(events[3]["data"]) == END


async def test_lines_end_with_a_status(http):
    response = await http.get(f"{PATH}?until=2")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert lines == [
        {"position": "1", "text": ""},
        {"position": "2", "text": ""},
        {"status": END},
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("text/html, Text/Event-Stream;q=0.9", "text/event-stream"),
        ("application/json", "application/json"),
        ("*/*", "application/x-ndjson"),
    ],
)
async def test_accept_chooses(http, accept, kind):
    response = await http.get(f"{PATH}?until=1", headers={"accept": accept})
    assert response.headers["content-type"] == kind


async def test_a_failed_stream_does_not_look_complete(http):
    response = await http.get(f"{PATH}?until=2&fail=true")
    last = json.loads(response.text.splitlines()[-1])
    assert (last["status"]["code"], last["status"]["status"]) == (500, "DATA_LOSS")
    async with http.stream("GET", f"{PATH}?until=2&fail=true", headers=SSE) as answer:
        events = await read_events(answer)
    assert len(events) == 3
    assert json.loads(events[-1]["data"])["status"] == "DATA_LOSS"


ARRAYS = [
    ("until=0", b"[]"),
    ("until=2", b'[{"position":"1","text":""},{"position":"2","text":""}]'),
]


@pytest.mark.parametrize(("query", "content"), ARRAYS)
async def test_a_stream_as_an_array(http, echo, query, content):
    response = await http.get(f"/v1/public:stream?{query}", headers={"accept": "application/json"})
    assert (response.status_code, response.content) == (200, content)
    assert response.headers["content-type"] == "application/json"


async def test_an_array_that_broke_is_no_json(http, echo):
    url = "/v1/public:stream?until=1&fail=true"
    response = await http.get(url, headers={"accept": "application/json"})
    start, _, end = response.text.partition(',{"error":')
    assert start == '[{"position":"1","text":""}'
    assert '"status":"DATA_LOSS"' in end
    assert not end.endswith("]")
