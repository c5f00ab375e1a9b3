"""Messages to JSON values."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_emits_defaults_but_no_absent_messages(http):
    answer = (await http.get("/v1/echo")).json()
    assert answer["text"] == ""
    assert answer["big"] == "0"
    assert answer["color"] == "COLOR_UNSPECIFIED"
    assert answer["tags"] == []
    assert "item" not in answer
    assert "present" not in answer
