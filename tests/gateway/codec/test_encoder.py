"""Messages to JSON values."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_emits_defaults_but_no_absent_messages(http):
    response = (await http.get("/v1/echo")).json()
    assert response["text"] == ""
    assert response["big"] == "0"
    assert response["color"] == "COLOR_UNSPECIFIED"
    assert response["tags"] == []
    assert "item" not in response
    assert "present" not in response
