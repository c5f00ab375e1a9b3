"""The export across pages, at its limit, and on errors."""

import csv
import io
from zoneinfo import ZoneInfo

import pytest

from dashboard.api.client import GatewayApi
from dashboard.api.http import GatewayError
from dashboard.pages import export
from dashboard.parts.event_filters import EventFilters

TOKYO = ZoneInfo("Asia/Tokyo")


class FakeLog:
    """A log of `count` events, read in pages. One page can fail."""

    def __init__(self, count: int, failing: int = -1) -> None:
        self._count = count
        self._failing = failing
        self.asked: list[dict] = []

    async def get(self, _path, _token, request):
        first = int(request.get("pageToken", 0))
        if len(self.asked) == self._failing:
            raise GatewayError(0, "GATEWAY_UNAVAILABLE", "")
        self.asked.append(dict(request))
        last = min(first + request["pageSize"], self._count)
        page = {"events": [{"position": str(number)} for number in range(first, last)]}
        return page | ({"nextPageToken": str(last)} if last < self._count else {})


async def token() -> str:
    return ""


async def rows(log: FakeLog) -> list[list[str]]:
    search = EventFilters.read({"level": "ERROR"}, TOKYO)
    api = GatewayApi(log, token)
    written = "".join([part async for part in export.write_events(api, search)])
    return list(csv.reader(io.StringIO(written.removeprefix("\ufeff"))))


async def test_all_pages_of_a_search_are_written():
    log = FakeLog(450)
    head, *lines = await rows(log)
    assert len(head) == len(lines[0])
    assert [line[0] for line in lines] == [str(number) for number in range(450)]
    assert [each["minLevel"] for each in log.asked] == ["ERROR"] * 3


@pytest.mark.parametrize("count", [1000, 301])
async def test_the_export_ends_at_its_limit_with_a_note(monkeypatch, count):
    monkeypatch.setattr(export, "ROWS_MAX", 300)
    log = FakeLog(count)
    _, *lines, last = await rows(log)
    assert [line[0] for line in lines] == [str(number) for number in range(300)]
    assert "300件" in last[0]
    assert len(log.asked) == 2


async def test_what_ends_at_the_bound_is_not_cut(monkeypatch):
    monkeypatch.setattr(export, "ROWS_MAX", 300)
    _, *lines = await rows(FakeLog(300))
    assert len(lines) == 300


async def test_a_page_that_fails_breaks_it_off():
    with pytest.raises(GatewayError):
        await rows(FakeLog(450, failing=1))


async def test_a_session_gets_a_file_and_others_the_sign_in(browser):
    browser.gateway.replies["/v1/events"] = {"events": [{"position": "7", "subject": "=1+1"}]}
    client = browser.user.http_client
    response = await client.get("/events.csv?level=ERROR")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "'=1+1" in response.text
    assert browser.gateway.asked("/v1/events") == [{"pageSize": "200", "minLevel": "ERROR"}]
    client.cookies.clear()
    response = await client.get("/events.csv")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
