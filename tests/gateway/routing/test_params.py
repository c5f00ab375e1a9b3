"""Path, query and body, bound to the request message."""

import pytest

from tests.gateway.conftest import violations_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


QUERIES = [
    ("text=a+b%2Bc", {"text": "a b+c"}),
    ("text=", {"text": ""}),
    ("small=-7&big=9007199254740993", {"small": -7, "big": "9007199254740993"}),
    ("tags=a&tags=b&colors=RED&colors=2", {"tags": ["a", "b"], "colors": ["RED", "BLUE"]}),
    (
        "item.name=x&item.child.count=3",
        {"item": {"name": "x", "count": 0, "child": {"name": "", "count": 3}}},
    ),
    ("time=2026-01-31T12:00:00Z&lag=1.5s", {"time": "2026-01-31T12:00:00Z", "lag": "1.500s"}),
    ("mask=displayName,roles", {"mask": "displayName,roles"}),
    ("maybe=0&perhaps=", {"maybe": "0", "perhaps": ""}),
    ("active5mCount=1", {"active5mCount": 1}),
    ("active_5m_count=1", {"active5mCount": 1}),
    ("other=x", {"other": "x"}),
    ("present=0", {"present": 0}),
    ("right=0", {"right": 0}),
    ("flag=True&data=_-8", {"flag": True, "data": "/+8="}),
    ("color=BLUE&$alt=json;enum-encoding=int", {"color": 2}),
    ("text=a&$prettyPrint=true&$foo=1", {"text": "a"}),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_binds_queries(http, query, expected):
    response = await http.get(f"/v1/echo?{query}")
    assert response.status_code == 200, response.text
    content = response.json()
    assert {name: content[name] for name in expected} == expected


REFUSED = [
    ("nope=1", {"nope": "is not a parameter of this method."}),
    ("item.nope=1", {"item.nope": "is not a parameter of this method."}),
    ("text.x=1", {"text.x": "is not a parameter of this method."}),
    ("items.name=1", {"items.name": "is not a parameter of this method."}),
    ("=1", {"": "is not a parameter of this method."}),
    ("item=1", {"item": "cannot be given as text: it is a message."}),
    ("counts=1", {"counts": "needs a key: counts[key]."}),
    ("text=a&text=b", {"text": "is given more than once."}),
    ("active5mCount=1&active_5m_count=2", {"active_5m_count": "is given more than once."}),
    ("left=a&right=1", {"right": "excludes left, which is also given."}),
    ("flag=maybe", {"flag": "must be true or false."}),
    ("lag=1m", {"lag": "must be a duration such as 1.5s."}),
    (
        "nope=1&small=x&color=GREEN",
        {
            "nope": "is not a parameter of this method.",
            "small": "must be an integer from -2147483648 to 2147483647.",
            "color": "must be one of COLOR_UNSPECIFIED, RED, BLUE.",
        },
    ),
    (
        ".".join(["child"] * 50) + "=1",
        {".".join(["child"] * 50): "is not a parameter of this method."},
    ),
    ("text=%ff", {"query": "It is not UTF-8."}),
    ("&".join(["tags=a"] * 501), {"query": "It has more than 500 parameters."}),
]


@pytest.mark.parametrize(("query", "expected"), REFUSED)
async def test_refuses_queries(http, echo, query, expected):
    assert violations_of(await http.get(f"/v1/echo?{query}")) == expected
    assert echo.requests == []


async def test_the_path_excludes_the_same_parameter(http):
    found = violations_of(await http.get("/v1/items/a?name=items/b"))
    assert found == {"name": "is already given in the path."}
    found = violations_of(await http.get("/v1/nested/1?item.count=2"))
    assert found == {"item.count": "is already given in the path."}
    response = (await http.get("/v1/nested/1?item.name=x")).json()
    assert (response["item"]["name"], response["item"]["count"]) == ("x", 1)


async def test_refuses_a_path_that_does_not_convert(http):
    found = violations_of(await http.get("/v1/nested/x"))
    assert found == {"item.count": "must be an integer from -2147483648 to 2147483647."}
    assert violations_of(await http.get("/v1/plain/%ff")) == {"path": "it is not UTF-8."}


async def test_the_path_wins_over_the_body(http):
    response = await http.patch(
        "/v1/items/a?updateMask=count", json={"name": "items/other", "count": 2}
    )
    assert response.json() == {
        "item": {"name": "items/a", "count": 2},
        "updateMask": "count",
    }


async def test_refuses_parameters_that_belong_in_the_body(http):
    found = violations_of(await http.patch("/v1/items/a?item.count=1&nope=2", json={}))
    assert found == {
        "item.count": "belongs in the body.",
        "nope": "is not a parameter of this method.",
    }
    found = violations_of(await http.post("/v1/echo?text=a", json={}))
    assert found == {"text": "is not accepted: the body is the whole request."}
