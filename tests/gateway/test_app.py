"""The application: own pages, OPTIONS, defects."""

import re
from pathlib import Path

import pytest

from gateway import app
from tests.gateway.conftest import error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_options_names_the_verbs(http):
    response = await http.options("/v1/items/a")
    assert response.status_code == 204
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, PATCH"
    assert "access-control-allow-origin" not in response.headers
    assert (await http.options("/nope")).status_code == 404


async def test_a_defect_is_500_and_says_no_more(http, gateway, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(gateway.core.codec), "encode", broken)
    response = await http.get("/v1/echo")
    assert response.status_code == 500
    assert error_of(response)["message"] == "Internal error."


async def test_own_pages_are_read_only(http):
    response = await http.post("/healthz")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert error_of(response)["message"] == "POST is not allowed here: use GET, HEAD, OPTIONS."


IMPORT = re.compile(
    r"^\s*(?:from|import) (?!services\.common|libral\.gateway)(?:services|libral)", re.MULTILINE
)


async def test_the_gateway_imports_no_room():
    sources = [path.read_text() for path in Path(app.__file__).parent.rglob("*.py")]
    assert len(sources) > 50
    assert not [source for source in sources if IMPORT.search(source)]
