"""The documentation page."""

import pytest

from gateway.docs.html import render_html

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_docs_need_nothing_from_elsewhere(http):
    response = await http.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "GET /v1/items/{itemsId}" in response.text
    assert "<script" not in response.text
    assert "//" not in response.text.replace("<!doctype", "")


async def test_docs_escape_what_they_show():
    evil = "<script>alert(1)</script>"
    operation = {"tags": [evil], "description": evil, "parameters": [], "responses": {}}
    document = {"info": {"title": evil, "version": "1"}, "paths": {f"/{evil}": {"get": operation}}}
    assert "<script" not in render_html(document)
