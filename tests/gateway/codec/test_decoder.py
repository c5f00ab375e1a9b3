"""JSON values to messages, and the violations of those that are not valid."""

import pytest

from tests.gateway.conftest import violations_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_echoes_a_body(http):
    sent = {
        "text": "日本",
        "big": "9007199254740993",
        "items": [{"name": "a"}],
        "counts": {"a": 1},
        "extra": {"deep": [1, None, {"x": True}]},
        "wide": "NaN",
        "color": None,
        "data": "/+8=",
    }
    response = (await http.post("/v1/echo", json=sent)).json()
    assert response["text"] == "日本"
    assert response["big"] == "9007199254740993"
    assert response["items"] == [{"name": "a", "count": 0}]
    assert response["counts"] == {"a": 1}
    assert response["extra"] == {"deep": [1, None, {"x": True}]}
    assert response["wide"] == "NaN"
    assert response["color"] == "COLOR_UNSPECIFIED"


BODIES = [
    (
        b'{"nope": 1, "item": {"nope": 2}}',
        {"nope": "is not a field of this method.", "item.nope": "is not a field of this method."},
    ),
    (b'{"items": [{}, {"nope": 1}]}', {"items[1].nope": "is not a field of this method."}),
    (b'{"small": "x"}', {"small": None}),
    (b'{"small": 1.5}', {"small": None}),
    (b'{"item": {"count": true}}', {"item.count": None}),
    (b'{"item": 1}', {"item": None}),
    (b'{"items": {}}', {"items": None}),
    (b'{"items": [null]}', {"items[0]": None}),
    (b'{"color": "GREEN"}', {"color": None}),
    (b'{"time": "yesterday"}', {"time": None}),
    (b'{"data": "a"}', {"data": None}),
    (b'{"counts": {"a": null}}', {"counts.a": "must not be null."}),
    (b'{"left": "a", "right": 1}', {"right": "excludes left, which is also given."}),
    (b'{"text": "a", "text": "b"}', {"body": "is not JSON: 'text' is given twice."}),
    (b"[]", {"body": "must be a JSON object."}),
    (b"null", {"body": "must be a JSON object."}),
    (b"{", {"body": None}),
    (b"\xff", {"body": "is not UTF-8."}),
    (b"[" * 100_000, {"body": "is nested too deep."}),
    (b'{"item":' + b'{"child":' * 100 + b"{}" + b"}" * 101, {"body": "is nested too deep."}),
]


@pytest.mark.parametrize(("content", "expected"), BODIES)
async def test_refuses_bodies(http, echo, content, expected):
    found = violations_of(await http.post("/v1/echo", content=content))
    assert found.keys() == expected.keys()
    for name, description in expected.items():
        assert description is None or found[name] == description
    assert echo.requests == []
