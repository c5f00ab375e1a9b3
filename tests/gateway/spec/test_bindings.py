"""HttpRule as google/api/http.proto specifies it, over HTTP: path, query, body, response, verbs."""

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format, message_factory

from gateway.contracts.descriptors import Binding, Contracts
from gateway.routing.table import RoutesError, make_table

pytestmark = pytest.mark.asyncio(loop_scope="session")

INT32 = "must be an integer from -2147483648 to 2147483647."
INT64 = "must be an integer from -9223372036854775808 to 9223372036854775807."
UINT32 = "must be an integer from 0 to 4294967295."
UINT64 = "must be an integer from 0 to 18446744073709551615."
NUMBER = "must be a number."
SINGLE = "must be a number of single precision."
BOOL = "must be true or false."
BYTES = "must be base64."
COLOR = "must be one of COLOR_UNSPECIFIED, RED, CRIMSON, BLUE, BELOW."
TIME = "must be a time such as 2026-01-31T12:00:00Z."
LAG = "must be a duration such as 1.5s."
MASK = "must be field names such as displayName,roles."
UNKNOWN = "is not a parameter of this method."
MESSAGE = "cannot be given as text: it is a message."
TWICE = "is given more than once."
IN_PATH = "is already given in the path."
IN_BODY = "belongs in the body."
WHOLE = "is not accepted: the body is the whole request."
FLOAT_MAX = 3.4028234663852886e38


def request_of(spec: Contracts, path: str, content: bytes) -> Any:
    """Return the request that arrived at a method."""
    (method,) = [method for method in spec.methods if method.path == path]
    return message_factory.GetMessageClass(method.input).FromString(content)


def same(message: Any, expected: dict[str, Any]) -> bool:
    """Compare by bytes: NaN equals itself, and absent fields differ from empty ones."""
    wanted = json_format.ParseDict(expected, type(message)())
    return bytes_of(message) == bytes_of(wanted)


def bytes_of(message: Any) -> bytes:
    return message.SerializeToString(deterministic=True)


async def arrives(client, mirror, spec, line: str, content: bytes, expected: dict[str, Any]):
    response = await client.send(*line.split(" "), content)
    assert response.status == 200, response.content
    message = request_of(spec, *mirror.seen[response.id])
    assert same(message, expected), message


# Leaf fields in the path.
PATHS = [
    ("text/a", {"text": "a"}),
    ("text/a%20b", {"text": "a b"}),
    ("text/a+b", {"text": "a+b"}),
    ("text/a%2Fb", {"text": "a/b"}),
    ("text/%2525", {"text": "%25"}),
    ("text/%E6%97%A5%E6%9C%AC", {"text": "日本"}),
    ("text/a%3Ab", {"text": "a:b"}),
    ("text/%00", {"text": "\0"}),
    ("text/a=b&c", {"text": "a=b&c"}),
    ("small/0", {}),
    ("small/-2147483648", {"small": -(2**31)}),
    ("small/2147483647", {"small": 2**31 - 1}),
    ("big/-9223372036854775808", {"big": -(2**63)}),
    ("big/9223372036854775807", {"big": 2**63 - 1}),
    ("positive/4294967295", {"positive": 2**32 - 1}),
    ("huge/18446744073709551615", {"huge": 2**64 - 1}),
    ("flag/true", {"flag": True}),
    ("flag/True", {"flag": True}),
    ("flag/FALSE", {}),
    ("narrow/1.5", {"narrow": 1.5}),
    ("wide/-1e-300", {"wide": -1e-300}),
    ("wide/1e+30", {"wide": 1e30}),
    ("wide/NaN", {"wide": "NaN"}),
    ("wide/-Infinity", {"wide": "-Infinity"}),
    ("data/_-8", {"data": "/+8="}),
    ("data/%2F%2B8%3D", {"data": "/+8="}),
    ("data/+-8=", {"data": "++8="}),
    ("color/RED", {"color": "RED"}),
    ("color/CRIMSON", {"color": "RED"}),
    ("color/2", {"color": "BLUE"}),
    ("color/-1", {"color": "BELOW"}),
    ("color/77", {"color": 77}),
    ("time/2026-01-31T12%3A00%3A00.5+09%3A00", {"time": "2026-01-31T03:00:00.5Z"}),
    ("time/2026-01-31T12%3A00%3A00Z", {"time": "2026-01-31T12:00:00Z"}),
    ("lag/-0.5s", {"lag": "-0.5s"}),
    ("mask/displayName,child.count", {"mask": "displayName,child.count"}),
    ("maybe/0", {"int64_box": 0}),
    ("present/0", {"present": 0}),
    ("left/a", {"left": "a"}),
    ("deep/a", {"item": {"child": {"child": {"display_name": "a"}}}}),
    ("two/a/1", {"item": {"display_name": "a", "count": 1}}),
    ("two/a/0?item.labels=b", {"item": {"display_name": "a", "labels": ["b"]}}),
    ("shelves/1", {"text": "shelves/1"}),
    ("shelves/a%2Fb", {"text": "shelves/a%2Fb"}),
    ("shelves/a%20b", {"text": "shelves/a b"}),
    ("shelves/1/books/2:read", {"text": "shelves/1", "item": {"display_name": "books/2"}}),
    ("all", {}),
    ("all/a", {"text": "a"}),
    ("all/a/b/c", {"text": "a/b/c"}),
    ("all/a%2fb/%25/c%20d", {"text": "a%2fb/%/c d"}),
    ("all/tail/1", {"small": 1}),
    ("all/a/b/tail/1", {"text": "a/b", "small": 1}),
    ("all/tail/tail/1", {"text": "tail", "small": 1}),
    ("all/a/b:verb", {"text": "a/b"}),
    ("all:verb", {}),
    ("trees", {"item": {"display_name": "trees"}}),
    ("trees/a/b", {"item": {"display_name": "trees/a/b"}}),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
async def test_binds_the_path(client, mirror, spec, path, expected):
    await arrives(client, mirror, spec, f"GET /v1/{path}", b"", expected)


# All other fields in the query.
QUERIES = [
    ("", {}),
    # Strings
    ("text=a", {"text": "a"}),
    ("text=", {}),
    ("text", {}),
    ("text=a+b%20c%2Bd", {"text": "a b c+d"}),
    ("text=a%26b%3Dc%23", {"text": "a&b=c#"}),
    ("text=a=b", {"text": "a=b"}),
    ("text=a;b", {"text": "a;b"}),
    ("text=a/b?c", {"text": "a/b?c"}),
    ("text=%2525", {"text": "%25"}),
    ("text=%E6%97%A5", {"text": "日"}),
    ("text=%", {"text": "%"}),
    ("text=%zz", {"text": "%zz"}),
    ("%74ext=a", {"text": "a"}),
    ("&&text=a&", {"text": "a"}),
    # Integers
    ("small=0", {}),
    ("small=-2147483648", {"small": -(2**31)}),
    ("small=2147483647", {"small": 2**31 - 1}),
    ("big=-9223372036854775808", {"big": -(2**63)}),
    ("big=9223372036854775807", {"big": 2**63 - 1}),
    ("positive=4294967295", {"positive": 2**32 - 1}),
    ("huge=18446744073709551615", {"huge": 2**64 - 1}),
    ("sint32=-2147483648&sint64=-9223372036854775808", {"sint32": -(2**31), "sint64": -(2**63)}),
    (
        "fixed32=4294967295&fixed64=18446744073709551615",
        {"fixed32": 2**32 - 1, "fixed64": 2**64 - 1},
    ),
    (
        "sfixed32=-2147483648&sfixed64=-9223372036854775808",
        {"sfixed32": -(2**31), "sfixed64": -(2**63)},
    ),
    # Bools, in any case
    ("flag=true", {"flag": True}),
    ("flag=True", {"flag": True}),
    ("flag=TRUE", {"flag": True}),
    ("flag=tRuE", {"flag": True}),
    ("flag=false", {}),
    ("flag=False", {}),
    # Floats
    ("wide=1", {"wide": 1}),
    ("wide=-0.25", {"wide": -0.25}),
    ("wide=1e5", {"wide": 1e5}),
    ("wide=1E-5", {"wide": 1e-5}),
    ("wide=1e%2B300", {"wide": 1e300}),
    ("wide=-0", {"wide": -0.0}),
    ("wide=1.7976931348623157e308", {"wide": 1.7976931348623157e308}),
    ("wide=5e-324", {"wide": 5e-324}),
    ("wide=1e-999", {}),
    ("wide=NaN", {"wide": "NaN"}),
    ("wide=Infinity", {"wide": "Infinity"}),
    ("wide=-Infinity", {"wide": "-Infinity"}),
    ("narrow=NaN", {"narrow": "NaN"}),
    ("narrow=-Infinity", {"narrow": "-Infinity"}),
    ("narrow=0.1", {"narrow": 0.1}),
    ("narrow=3.4028234663852886e38", {"narrow": FLOAT_MAX}),
    ("narrow=3.4028235e38", {"narrow": FLOAT_MAX}),
    ("narrow=-3.4028235e38", {"narrow": -FLOAT_MAX}),
    # Bytes, in both alphabets, with padding or without
    ("data=", {}),
    ("data=AA==", {"data": "AA=="}),
    ("data=AA", {"data": "AA=="}),
    ("data=/%2B8=", {"data": "/+8="}),
    ("data=_-8=", {"data": "/+8="}),
    ("data=_-8", {"data": "/+8="}),
    # Enums, by name or number
    ("color=RED", {"color": "RED"}),
    ("color=CRIMSON", {"color": "RED"}),
    ("color=2", {"color": "BLUE"}),
    ("color=-1", {"color": "BELOW"}),
    ("color=0", {}),
    ("color=77", {"color": 77}),
    ("color=-2147483648", {"color": -(2**31)}),
    # Repeated fields
    ("tags=a&tags=b&tags=a", {"tags": ["a", "b", "a"]}),
    ("tags=&tags=", {"tags": ["", ""]}),
    ("tags=a,b", {"tags": ["a,b"]}),
    ("tags=a&text=x&tags=b", {"text": "x", "tags": ["a", "b"]}),
    ("numbers=1&numbers=-1", {"numbers": [1, -1]}),
    ("colors=RED&colors=2&colors=77", {"colors": ["RED", "BLUE", 77]}),
    ("blobs=AA&blobs=_w&blobs=", {"blobs": ["AA==", "/w==", ""]}),
    ("flags=true&flags=FALSE", {"flags": [True, False]}),
    ("doubles=1&doubles=NaN", {"doubles": [1, "NaN"]}),
    (
        "times=1970-01-01T00:00:00Z&times=1970-01-01T00:00:01Z",
        {"times": ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"]},
    ),
    ("boxes=1&boxes=0", {"boxes": [1, 0]}),
    # Nested fields
    ("item.display_name=a", {"item": {"display_name": "a"}}),
    ("item.displayName=a", {"item": {"display_name": "a"}}),
    ("item.display_name=", {"item": {}}),
    ("item.count=1&item.display_name=a", {"item": {"display_name": "a", "count": 1}}),
    ("item.child.child.count=1", {"item": {"child": {"child": {"count": 1}}}}),
    (
        "item.labels=a&item.child.labels=b&item.labels=c",
        {"item": {"labels": ["a", "c"], "child": {"labels": ["b"]}}},
    ),
    ("item.createTime=1970-01-01T00:00:00Z", {"item": {"create_time": "1970-01-01T00:00:00Z"}}),
    ("item%2Ecount=1", {"item": {"count": 1}}),
    # Presence and oneofs
    ("present=0", {"present": 0}),
    ("said=", {"said": ""}),
    ("left=", {"left": ""}),
    ("right=0", {"right": 0}),
    ("branch.count=0", {"branch": {}}),
    # Names
    ("other=a", {"renamed": "a"}),
    ("renamed=a", {"renamed": "a"}),
    # Wrappers
    ("double_box=0", {"double_box": 0}),
    ("floatBox=1.5", {"float_box": 1.5}),
    ("int64_box=-9223372036854775808", {"int64_box": -(2**63)}),
    ("uint64_box=18446744073709551615", {"uint64_box": 2**64 - 1}),
    ("int32_box=0", {"int32_box": 0}),
    ("uint32_box=4294967295", {"uint32_box": 2**32 - 1}),
    ("bool_box=false", {"bool_box": False}),
    ("bool_box=True", {"bool_box": True}),
    ("string_box=", {"string_box": ""}),
    ("stringBox=a+b", {"string_box": "a b"}),
    ("bytes_box=_w", {"bytes_box": "/w=="}),
    # Timestamp
    ("time=1970-01-01T00:00:00Z", {"time": "1970-01-01T00:00:00Z"}),
    ("time=2026-01-31T12:00:00.123456789Z", {"time": "2026-01-31T12:00:00.123456789Z"}),
    ("time=2026-01-31T12:00:00.5Z", {"time": "2026-01-31T12:00:00.5Z"}),
    ("time=2026-01-31T12:00:00%2B09:00", {"time": "2026-01-31T03:00:00Z"}),
    ("time=2026-01-31T12:00:00-08:00", {"time": "2026-01-31T20:00:00Z"}),
    ("time=0001-01-01T00:00:00Z", {"time": "0001-01-01T00:00:00Z"}),
    ("time=9999-12-31T23:59:59.999999999Z", {"time": "9999-12-31T23:59:59.999999999Z"}),
    ("time=2024-02-29T00:00:00Z", {"time": "2024-02-29T00:00:00Z"}),
    # Duration
    ("lag=0s", {"lag": "0s"}),
    ("lag=1s", {"lag": "1s"}),
    ("lag=1.5s", {"lag": "1.5s"}),
    ("lag=-1.5s", {"lag": "-1.5s"}),
    ("lag=-0.000000001s", {"lag": "-0.000000001s"}),
    ("lag=315576000000s", {"lag": "315576000000s"}),
    ("lag=-315576000000s", {"lag": "-315576000000s"}),
    # FieldMask
    ("mask=displayName", {"mask": "displayName"}),
    ("mask=display_name", {"mask": "displayName"}),
    ("mask=displayName,child.createTime", {"mask": "displayName,child.createTime"}),
    ("mask=display_name,child.create_time", {"mask": "displayName,child.createTime"}),
    ("mask=a%2Cb", {"mask": "a,b"}),
    ("mask=", {"mask": ""}),
    # System parameters
    ("$alt=json", {}),
    ("$alt=json;enum-encoding=int&color=1", {"color": "RED"}),
    ("%24alt=json%3Benum-encoding%3Dint&color=1", {"color": "RED"}),
    ("$prettyPrint=1&$xgafv=2&$.xgafv=1&text=a", {"text": "a"}),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_binds_the_query(client, mirror, spec, query, expected):
    await arrives(client, mirror, spec, f"GET /v1/kinds?{query}", b"", expected)


# The body: all fields, one of them, or none.
BODIES = [
    ("POST /v1/kinds", b"", {}),
    ("POST /v1/kinds", b"{}", {}),
    (
        "POST /v1/kinds",
        b'{"text": "a", "item": {"displayName": "b"}}',
        {"text": "a", "item": {"displayName": "b"}},
    ),
    ("POST /v1/kinds", b'{"item": {"display_name": "b"}}', {"item": {"displayName": "b"}}),
    ("POST /v1/kinds", b'{"text": null, "tags": null, "item": null, "counts": null}', {}),
    ("POST /v1/kinds", b'{"color": null, "colors": ["RED", 2]}', {"colors": ["RED", "BLUE"]}),
    (
        "POST /v1/kinds",
        b'{"counts": {"a": 1}, "byNumber": {"-1": "b"}}',
        {"counts": {"a": 1}, "byNumber": {"-1": "b"}},
    ),
    (
        "POST /v1/kinds",
        b'{"byFlag": {"true": "RED"}, "byName": {"a": {}}}',
        {"byFlag": {"true": "RED"}, "byName": {"a": {}}},
    ),
    ("POST /v1/kinds", b'{"narrow": 3.4028235e38}', {"narrow": FLOAT_MAX}),
    ("POST /v1/kinds?$alt=json", b'{"text": "a"}', {"text": "a"}),
    # `*` is every field that is not in the path.
    ("PUT /v1/kinds/a", b'{"small": 1}', {"text": "a", "small": 1}),
    ("PUT /v1/kinds/a", b'{"text": "b", "small": 1}', {"text": "a", "small": 1}),
    ("PUT /v1/kinds/a", b"", {"text": "a"}),
    (
        "PATCH /v1/kinds/a/b",
        b'{"item": {"displayName": "c", "count": 1}}',
        {"item": {"displayName": "a", "count": 1}, "left": "b"},
    ),
    (
        "PATCH /v1/kinds/a/b",
        b'{"item": null, "left": "c"}',
        {"item": {"displayName": "a"}, "left": "b"},
    ),
    # One field is the body, and the others are parameters.
    ("PUT /v1/body/item", b"", {}),
    ("PUT /v1/body/item", b"{}", {"item": {}}),
    ("PUT /v1/body/item", b'{"count": 1}', {"item": {"count": 1}}),
    (
        "PUT /v1/body/item?text=a&time=1970-01-01T00:00:00Z",
        b"{}",
        {"item": {}, "text": "a", "time": "1970-01-01T00:00:00Z"},
    ),
    ("PUT /v1/body/items/1", b'{"count": 1}', {"item": {"displayName": "items/1", "count": 1}}),
    ("PUT /v1/body/items/1", b'{"displayName": "x"}', {"item": {"displayName": "items/1"}}),
    (
        "PUT /v1/body/items/1?tags=a&tags=b",
        b"",
        {"item": {"displayName": "items/1"}, "tags": ["a", "b"]},
    ),
    ("POST /v1/body/items", b'[{"count": 1}, {}]', {"items": [{"count": 1}, {}]}),
    ("POST /v1/body/items", b"[]", {}),
    ("POST /v1/body/tags", b'["a", ""]', {"tags": ["a", ""]}),
    ("POST /v1/body/counts", b'{"a": 1, "b": 0}', {"counts": {"a": 1, "b": 0}}),
    ("POST /v1/body/text", b'"a"', {"text": "a"}),
    ("POST /v1/body/big", b'"-9223372036854775808"', {"big": -(2**63)}),
    ("POST /v1/body/big", b"5", {"big": 5}),
    ("POST /v1/body/flag", b"true", {"flag": True}),
    ("POST /v1/body/data", b'"_w"', {"data": "/w=="}),
    ("POST /v1/body/color", b'"BLUE"', {"color": "BLUE"}),
    ("POST /v1/body/color", b"null", {}),
    ("POST /v1/body/time", b'"1970-01-01T00:00:00Z"', {"time": "1970-01-01T00:00:00Z"}),
    ("POST /v1/body/lag", b'"1.5s"', {"lag": "1.5s"}),
    ("POST /v1/body/mask", b'"displayName,a.b"', {"mask": "displayName,a.b"}),
    ("POST /v1/body/box", b'"0"', {"int64Box": 0}),
    ("POST /v1/body/extra", b'{"a": [1, null]}', {"extra": {"a": [1, None]}}),
    ("POST /v1/body/whatever", b'["a"]', {"whatever": ["a"]}),
    ("POST /v1/body/whatever", b"null", {"whatever": None}),
    ("POST /v1/body/renamed?text=a", b'"b"', {"renamed": "b", "text": "a"}),
    # No body.
    ("GET /v1/kinds?text=a", b'{"text": "b"}', {"text": "a"}),
    ("DELETE /v1/kinds/a?small=1", b"not JSON", {"text": "a", "small": 1}),
]


@pytest.mark.parametrize(("line", "content", "expected"), BODIES)
async def test_binds_the_body(client, mirror, spec, line, content, expected):
    await arrives(client, mirror, spec, line, content, expected)


# The response: all fields, or one.
ANSWERS = [
    ("GET /v1/answer/text?text=a", b"", "a"),
    ("GET /v1/answer/text", b"", ""),
    ("GET /v1/answer/big?big=9007199254740993", b"", "9007199254740993"),
    ("GET /v1/answer/color?color=2", b"", "BLUE"),
    ("GET /v1/answer/color?color=CRIMSON", b"", "RED"),
    ("GET /v1/answer/color?color=77", b"", 77),
    ("GET /v1/answer/color?color=2&$alt=json;enum-encoding=int", b"", 2),
    ("GET /v1/answer/data?data=_w", b"", "/w=="),
    ("GET /v1/answer/tags?tags=a&tags=b", b"", ["a", "b"]),
    ("GET /v1/answer/tags", b"", []),
    ("GET /v1/answer/item", b"", None),
    ("GET /v1/answer/time?time=1970-01-01T00:00:00Z", b"", "1970-01-01T00:00:00Z"),
    ("GET /v1/answer/box?int64_box=0", b"", "0"),
    ("GET /v1/answer/box", b"", None),
    ("POST /v1/answer/items", b'{"items": []}', []),
    ("POST /v1/answer/counts", b'{"a": 1}', {"a": 1}),
    ("POST /v1/answer/extra", b'{"a": {"b": [null]}}', {"a": {"b": [None]}}),
    ("POST /v1/answer/whatever", b'[1, "a"]', [1, "a"]),
]


@pytest.mark.parametrize(("line", "content", "expected"), ANSWERS)
async def test_responds_with_one_field(client, line, content, expected):
    response = await client.send(*line.split(" "), content)
    assert (response.status, response.headers["content-type"]) == (200, "application/json")
    assert response.json == expected


# HttpBody is not JSON: it is passed unchanged.
RAW = [
    ("POST /v1/raw", "image/png", b"\x89PNG\xff\0", "image/png", b"\x89PNG\xff\0"),
    ("POST /v1/raw", "application/json", b"{", "application/json", b"{"),
    ("POST /v1/raw", "text/plain; charset=utf-8", b"", "text/plain; charset=utf-8", b""),
    ("GET /v1/raw?content_type=text/css&data=YQ", "a/b", b"", "text/css", b"a"),
    ("GET /v1/raw?data=YQ", "a/b", b"", "application/octet-stream", b"a"),
    ("PUT /v1/uploads/1?note=a", "a/b", b"[]", "a/b", b"[]"),
]


@pytest.mark.parametrize(("line", "kind", "content", "shown_kind", "shown"), RAW)
async def test_passes_raw_bodies(client, line, kind, content, shown_kind, shown):
    response = await client.send(*line.split(" "), content, kind)
    assert (response.status, response.headers["content-type"]) == (200, shown_kind)
    assert response.content == shown


async def test_passes_a_raw_body_in_a_field(client, mirror, spec):
    response = await client.send("POST", "/v1/uploads/1?note=a", b"\xff", "image/x")
    message = request_of(spec, *mirror.seen[response.id])
    file = {"content_type": "image/x", "data": "/w=="}
    assert same(message, {"name": "uploads/1", "file": file, "note": "a"})


# Verbs: `custom` kinds and `*`, HEAD and OPTIONS.
VERBS = [
    ("PROPFIND /v1/custom?text=a", b"", {"text": "a"}),
    ("REPORT /v1/custom", b'{"text": "a"}', {"text": "a"}),
    ("M-SEARCH /v1/custom/a/b", b"", {"text": "a/b"}),
    ("GET /v1/any/a", b"", {"text": "a"}),
    ("PUT /v1/any/a", b"", {"text": "a"}),
    ("LOCK /v1/any/a?small=1", b"", {"text": "a", "small": 1}),
    ("HEAD /v1/any/a", b"", {"text": "a"}),
    ("HEAD /v1/kinds?text=a", b"", {"text": "a"}),
    ("HEAD /v1/head/a", b"", {"text": "a"}),
]


@pytest.mark.parametrize(("line", "content", "expected"), VERBS)
async def test_serves_verbs(client, mirror, spec, line, content, expected):
    await arrives(client, mirror, spec, line, content, expected)


async def test_head_is_get_without_its_body(client):
    shown = await client.send("GET", "/v1/kinds?text=a")
    head = await client.send("HEAD", "/v1/kinds?text=a")
    assert head.headers["content-length"] == str(len(shown.content))
    assert head.headers["content-type"] == "application/json"


OPTIONS = [
    ("/v1/kinds", "GET, HEAD, OPTIONS, POST"),
    ("/v1/kinds?text=a", "GET, HEAD, OPTIONS, POST"),
    ("/v1/kinds/a", "DELETE, OPTIONS, PUT"),
    ("/v1/custom", "M-SEARCH, OPTIONS, PROPFIND, REPORT"),
    ("/v1/body/items", "OPTIONS, POST"),
    ("/v1/body/items/1", "OPTIONS, PUT"),
    ("/v1/items/a", "OPTIONS, PATCH, PUT"),
    ("/v1/all/a:verb", "GET, HEAD, OPTIONS"),
]


@pytest.mark.parametrize(("path", "allowed"), OPTIONS)
async def test_options_names_the_verbs(client, mirror, path, allowed):
    response = await client.send("OPTIONS", path)
    assert (response.status, response.headers["allow"]) == (204, allowed)
    assert not mirror.seen


ALLOWED = [
    ("PUT /v1/kinds", "GET, HEAD, OPTIONS, POST"),
    ("GET /v1/kinds/a", "DELETE, OPTIONS, PUT"),
    ("HEAD /v1/kinds/a", "DELETE, OPTIONS, PUT"),
    ("GET /v1/custom", "M-SEARCH, OPTIONS, PROPFIND, REPORT"),
    ("DELETE /v1/text/a", "GET, HEAD, OPTIONS"),
    ("POST /v1/body/item", "OPTIONS, PUT"),
    ("GET /v1/items/a", "OPTIONS, PATCH, PUT"),
    ("POST /v1/all/a:verb", "GET, HEAD, OPTIONS"),
    ("TRACE /v1/kinds", "GET, HEAD, OPTIONS, POST"),
]


@pytest.mark.parametrize(("line", "allowed"), ALLOWED)
async def test_names_what_is_allowed(client, line, allowed):
    response = await client.send(*line.split(" "))
    assert (response.status, response.headers["allow"]) == (405, allowed)
    if not line.startswith("HEAD"):
        message = f"{line.split(' ')[0]} is not allowed here: use {allowed}."
        assert response.json["error"]["message"] == message


NOWHERE = [
    "/",
    "/v1",
    "/v1/",
    "/v2/kinds",
    "/v1/kinds/",
    "/v1/kinds:",
    "/v1/kinds:verb",
    "/v1//kinds",
    "/v1/%6Binds",
    "/v1/text",
    "/v1/text/",
    "/v1/text/a/b",
    "/v1/text/a:verb",
    "/v1/shelves/1/books/2",
    "/v1/shelves/1/books/2:write",
    "/v1/all/a:verbs",
    "/v1/../v1/kinds",
    "/spec.v1.SpecService/Query",
]


@pytest.mark.parametrize("path", NOWHERE)
async def test_finds_nothing(client, mirror, path):
    for verb in ("GET", "OPTIONS"):
        response = await client.send(verb, path)
        assert response.status == 404
        assert response.json["error"]["message"] == f"There is no route for {path}."
    assert not mirror.seen


# Refused requests: the field, and the reason.
REFUSED = [
    # Paths
    ("GET /v1/small/x", {"small": INT32}),
    ("GET /v1/small/1.0", {"small": INT32}),
    ("GET /v1/small/2147483648", {"small": INT32}),
    ("GET /v1/small/%201", {"small": INT32}),
    ("GET /v1/big/9223372036854775808", {"big": INT64}),
    ("GET /v1/big/-9223372036854775809", {"big": INT64}),
    ("GET /v1/positive/-1", {"positive": UINT32}),
    ("GET /v1/huge/18446744073709551616", {"huge": UINT64}),
    ("GET /v1/flag/1", {"flag": BOOL}),
    ("GET /v1/narrow/1e39", {"narrow": SINGLE}),
    ("GET /v1/wide/inf", {"wide": NUMBER}),
    ("GET /v1/data/a", {"data": BYTES}),
    ("GET /v1/color/GREEN", {"color": COLOR}),
    ("GET /v1/time/now", {"time": TIME}),
    ("GET /v1/lag/1m", {"lag": LAG}),
    ("GET /v1/maybe/x", {"int64_box": INT64}),
    ("GET /v1/text/%FF", {"path": "it is not UTF-8."}),
    ("GET /v1/all/a/%zz", {"path": "a % is not followed by two hexadecimal digits."}),
    # Integers in the query
    ("small=", {"small": INT32}),
    ("small=+1", {"small": INT32}),
    ("small=%2B1", {"small": INT32}),
    ("small=1e3", {"small": INT32}),
    ("small=0x10", {"small": INT32}),
    ("small=1,000", {"small": INT32}),
    ("small=2147483648", {"small": INT32}),
    ("small=-2147483649", {"small": INT32}),
    ("big=9223372036854775808", {"big": INT64}),
    ("big=-9223372036854775809", {"big": INT64}),
    ("positive=4294967296", {"positive": UINT32}),
    ("positive=-1", {"positive": UINT32}),
    ("huge=18446744073709551616", {"huge": UINT64}),
    ("huge=-1", {"huge": UINT64}),
    ("sint32=2147483648", {"sint32": INT32}),
    ("sint64=9223372036854775808", {"sint64": INT64}),
    ("fixed32=-1", {"fixed32": UINT32}),
    ("fixed64=18446744073709551616", {"fixed64": UINT64}),
    ("sfixed32=-2147483649", {"sfixed32": INT32}),
    ("sfixed64=9223372036854775808", {"sfixed64": INT64}),
    # Bools
    ("flag=", {"flag": BOOL}),
    ("flag", {"flag": BOOL}),
    ("flag=1", {"flag": BOOL}),
    ("flag=t", {"flag": BOOL}),
    ("flag=yes", {"flag": BOOL}),
    ("flag=%20true", {"flag": BOOL}),
    # Floats
    ("wide=", {"wide": NUMBER}),
    ("wide=nan", {"wide": NUMBER}),
    ("wide=+Infinity", {"wide": NUMBER}),
    ("wide=INFINITY", {"wide": NUMBER}),
    ("wide=1.", {"wide": NUMBER}),
    ("wide=.5", {"wide": NUMBER}),
    ("wide=1e999", {"wide": NUMBER}),
    ("wide=0x1p3", {"wide": NUMBER}),
    ("narrow=3.5e38", {"narrow": SINGLE}),
    ("narrow=-3.5e38", {"narrow": SINGLE}),
    # Bytes
    ("data=A", {"data": BYTES}),
    ("data=A=A=", {"data": BYTES}),
    ("data=AA.A", {"data": BYTES}),
    ("data=/+8=", {"data": BYTES}),
    # Enums
    ("color=", {"color": COLOR}),
    ("color=red", {"color": COLOR}),
    ("color=1.0", {"color": COLOR}),
    ("color=2147483648", {"color": INT32}),
    # Repeated fields
    ("numbers=1&numbers=x", {"numbers": INT64}),
    ("numbers=1,2", {"numbers": INT64}),
    ("colors=RED&colors=GREEN", {"colors": COLOR}),
    ("flags=", {"flags": BOOL}),
    ("tags[]=a", {"tags[]": UNKNOWN}),
    ("tags.0=a", {"tags.0": UNKNOWN}),
    ("tags[0]=a", {"tags[0]": UNKNOWN}),
    ("items=a", {"items": MESSAGE}),
    ("items.count=1", {"items.count": UNKNOWN}),
    # Nested fields
    ("item=a", {"item": MESSAGE}),
    ("item={}", {"item": MESSAGE}),
    ("item.child=a", {"item.child": MESSAGE}),
    ("item.child.nope=a", {"item.child.nope": UNKNOWN}),
    ("item.=a", {"item.": UNKNOWN}),
    ("item..count=1", {"item..count": UNKNOWN}),
    (".item.count=1", {".item.count": UNKNOWN}),
    ("item[count]=1", {"item[count]": UNKNOWN}),
    ("text.x=1", {"text.x": UNKNOWN}),
    ("extra=a", {"extra": MESSAGE}),
    ("whatever=a", {"whatever": MESSAGE}),
    # Wrappers
    ("int64_box=9223372036854775808", {"int64_box": INT64}),
    ("int64Box=", {"int64Box": INT64}),
    ("uint32_box=-1", {"uint32_box": UINT32}),
    ("bool_box=1", {"bool_box": BOOL}),
    ("float_box=1e39", {"float_box": SINGLE}),
    ("bytes_box=A", {"bytes_box": BYTES}),
    # Timestamp
    ("time=", {"time": TIME}),
    ("time=0", {"time": TIME}),
    ("time=2026-01-31", {"time": TIME}),
    ("time=2026-01-31T12:00:00", {"time": TIME}),
    ("time=2026-01-31+12:00:00Z", {"time": TIME}),
    ("time=2026-01-31T12:00:00+09:00", {"time": TIME}),
    ("time=2026-02-29T00:00:00Z", {"time": TIME}),
    ("time=2026-01-31T24:00:00Z", {"time": TIME}),
    ("time=2026-01-31T12:00:60Z", {"time": TIME}),
    ("time=2026-1-31T12:00:00Z", {"time": TIME}),
    ("time=2026-01-31T1:2:3Z", {"time": TIME}),
    ("time=2026-01-31t12:00:00z", {"time": TIME}),
    ("time=2026-01-31T12:00:00.Z", {"time": TIME}),
    ("time=2026-01-31T12:00:00.1234567891Z", {"time": TIME}),
    ("time=2026-01-31T12:00:00%2B9:00", {"time": TIME}),
    ("time=2026-01-31T12:00:00%2B0900", {"time": TIME}),
    ("time=2026-01-31T12:00:00%2B09:00:00", {"time": TIME}),
    ("time=0001-01-01T00:00:00%2B01:00", {"time": TIME}),
    ("time=9999-12-31T23:59:59-01:00", {"time": TIME}),
    ("time=0000-01-01T00:00:00Z", {"time": TIME}),
    # Duration
    ("lag=", {"lag": LAG}),
    ("lag=1", {"lag": LAG}),
    ("lag=s", {"lag": LAG}),
    ("lag=1S", {"lag": LAG}),
    ("lag=1ms", {"lag": LAG}),
    ("lag=1h30m", {"lag": LAG}),
    ("lag=%2B1s", {"lag": LAG}),
    ("lag=+1s", {"lag": LAG}),
    ("lag=1+s", {"lag": LAG}),
    ("lag=1_0s", {"lag": LAG}),
    ("lag=1e3s", {"lag": LAG}),
    ("lag=.5s", {"lag": LAG}),
    ("lag=1.s", {"lag": LAG}),
    ("lag=1.5.5s", {"lag": LAG}),
    ("lag=1.-5s", {"lag": LAG}),
    ("lag=--1s", {"lag": LAG}),
    ("lag=%D9%A1s", {"lag": LAG}),
    ("lag=1.0000000001s", {"lag": LAG}),
    ("lag=315576000001s", {"lag": LAG}),
    ("lag=-315576000001s", {"lag": LAG}),
    # FieldMask
    ("mask=a+b", {"mask": MASK}),
    ("mask=a,,b", {"mask": MASK}),
    ("mask=,", {"mask": MASK}),
    ("mask=a.", {"mask": MASK}),
    ("mask=a-b", {"mask": MASK}),
    # Unknown parameters
    ("nope=1", {"nope": UNKNOWN}),
    ("Text=a", {"Text": UNKNOWN}),
    ("%20text=a", {" text": UNKNOWN}),
    ("=a", {"": UNKNOWN}),
    ("alt=json", {"alt": UNKNOWN}),
    ("GET /v1/text/a?nope=1", {"nope": UNKNOWN}),
    ("POST /v1/body/tags?nope=1", {"nope": UNKNOWN}),
    ("text=%FF", {"query": "It is not UTF-8."}),
    ("%FF=a", {"query": "It is not UTF-8."}),
    # The same field twice
    ("text=a&text=a", {"text": TWICE}),
    ("item.count=1&item.count=1", {"item.count": TWICE}),
    ("item.display_name=a&item.displayName=b", {"item.displayName": TWICE}),
    ("renamed=a&other=b", {"other": TWICE}),
    ("present=0&present=0", {"present": TWICE}),
    ("time=1970-01-01T00:00:00Z&time=1970-01-01T00:00:00Z", {"time": TWICE}),
    ("int64_box=1&int64_box=2", {"int64_box": TWICE}),
    ("int64_box=1&int64_box.value=2", {"int64_box.value": TWICE}),
    ("time=1970-01-01T00:00:00Z&time.seconds=5", {"time.seconds": TWICE}),
    ("left=a&left=b", {"left": TWICE}),
    ("left=a&right=1", {"right": "excludes left, which is also given."}),
    ("right=0&left=", {"left": "excludes right, which is also given."}),
    ("branch.count=1&left=a", {"left": "excludes branch, which is also given."}),
    ("left=a&branch.count=1", {"branch.count": "excludes left, which is also given."}),
    # The path excludes its fields from the query, by either name.
    ("GET /v1/text/a?text=a", {"text": IN_PATH}),
    ("GET /v1/shelves/1?text=shelves/1", {"text": IN_PATH}),
    ("GET /v1/all?text=a", {"text": IN_PATH}),
    ("GET /v1/two/a/1?item.displayName=b", {"item.displayName": IN_PATH}),
    ("GET /v1/deep/a?item.child.child.display_name=b", {"item.child.child.display_name": IN_PATH}),
    ("GET /v1/maybe/1?int64Box=2", {"int64Box": IN_PATH}),
    ("GET /v1/maybe/1?int64_box.value=2", {"int64_box.value": IN_PATH}),
    ("GET /v1/time/1970-01-01T00%3A00%3A00Z?time.seconds=5", {"time.seconds": IN_PATH}),
    ("GET /v1/left/a?right=1", {"right": "excludes left, which is also given."}),
    ("GET /v1/left/a?branch.count=1", {"branch.count": "excludes left, which is also given."}),
    # So does the body.
    ("POST /v1/kinds?text=a", {"text": WHOLE}),
    ("POST /v1/kinds?nope=a", {"nope": WHOLE}),
    ("PUT /v1/kinds/a?text=b&small=1", {"text": WHOLE, "small": WHOLE}),
    ("PUT /v1/body/item?item.count=1", {"item.count": IN_BODY}),
    ("PUT /v1/body/item?item=1", {"item": IN_BODY}),
    ("PUT /v1/body/items/1?item.display_name=a", {"item.display_name": IN_BODY}),
    ("POST /v1/body/tags?tags=a", {"tags": IN_BODY}),
    ("POST /v1/body/renamed?other=a", {"other": IN_BODY}),
    ("POST /v1/uploads/1?file.data=AA", {"file.data": IN_BODY}),
    ("POST /v1/uploads/1?name=uploads/2", {"name": IN_PATH}),
    # All problems are listed.
    ("small=x&big=y", {"small": INT32, "big": INT64}),
    ("nope=1&item.nope=2&text=a&text=b", {"nope": UNKNOWN, "item.nope": UNKNOWN, "text": TWICE}),
    ("time=x&lag=y&color=z&data=!", {"time": TIME, "lag": LAG, "color": COLOR, "data": BYTES}),
    ("GET /v1/small/x?flag=y&nope=1", {"small": INT32, "flag": BOOL, "nope": UNKNOWN}),
    ("GET /v1/two/a/b?nope=1", {"item.count": INT32, "nope": UNKNOWN}),
    (
        "PUT /v1/body/item?item.count=1&nope=2&flag=3",
        {"item.count": IN_BODY, "nope": UNKNOWN, "flag": BOOL},
    ),
]


@pytest.mark.parametrize(("line", "expected"), REFUSED)
async def test_refuses(client, mirror, line, expected):
    in_query = "/v1/" not in line.partition("?")[0]
    verb, target = f"GET /v1/kinds?{line}".split(" ") if in_query else line.split(" ")
    assert (await client.send(verb, target)).violations == expected
    assert not mirror.seen


NO_FIELD = "is not a field of this method."
REFUSED_BODIES = [
    ("POST /v1/kinds", b'{"nope": 1}', {"nope": NO_FIELD}),
    ("POST /v1/kinds", b'{"item": {"child": {"nope": 1}}}', {"item.child.nope": NO_FIELD}),
    ("POST /v1/kinds", b'{"items": [{}, {"nope": 1}]}', {"items[1].nope": NO_FIELD}),
    ("POST /v1/kinds", b'{"small": "x", "flag": "true"}', {"small": INT32, "flag": BOOL}),
    ("POST /v1/kinds", b'{"counts": {"a": null}}', {"counts.a": "must not be null."}),
    ("POST /v1/kinds", b'{"narrow": 3.5e38}', {"narrow": SINGLE}),
    ("POST /v1/kinds", b"[]", {"body": "must be a JSON object."}),
    ("POST /v1/kinds", b"null", {"body": "must be a JSON object."}),
    ("PUT /v1/body/item", b'{"nope": 1}', {"nope": NO_FIELD}),
    ("PUT /v1/body/item", b"[]", {"body": "must be a JSON object."}),
    ("POST /v1/body/items", b"{}", {"body": "must be a list."}),
    ("POST /v1/body/items", b'[{}, {"nope": 1}]', {"[1].nope": NO_FIELD}),
    ("POST /v1/body/tags", b'"a"', {"body": "must be a list."}),
    ("POST /v1/body/text", b"1", {"body": "must be a string."}),
    ("POST /v1/body/big", b'"x"', {"body": INT64}),
    ("POST /v1/body/flag", b'"true"', {"body": BOOL}),
    ("POST /v1/body/color", b'"GREEN"', {"body": COLOR}),
    ("POST /v1/body/time", b'"now"', {"body": TIME}),
    ("POST /v1/body/mask", b'"a_b"', {"body": MASK}),
]


@pytest.mark.parametrize(("line", "content", "expected"), REFUSED_BODIES)
async def test_refuses_bodies(client, mirror, line, content, expected):
    assert (await client.send(*line.split(" "), content)).violations == expected
    assert not mirror.seen


# Maps in the query: `field[key]=value`.
MAPS = [
    ("counts[a]=1", {"counts": {"a": 1}}),
    ("counts[a]=1&counts[b]=0", {"counts": {"a": 1, "b": 0}}),
    ("counts%5Ba%5D=1", {"counts": {"a": 1}}),
    ("counts[]=1", {"counts": {"": 1}}),
    ("counts[a+b]=1", {"counts": {"a b": 1}}),
    ("counts[a.b]=1", {"counts": {"a.b": 1}}),
    ("counts[%E6%97%A5]=1", {"counts": {"日": 1}}),
    ("by_number[-9223372036854775808]=a", {"by_number": {"-9223372036854775808": "a"}}),
    ("byNumber[1]=a+b", {"by_number": {"1": "a b"}}),
    ("by_flag[true]=RED&by_flag[false]=2", {"by_flag": {"true": "RED", "false": "BLUE"}}),
    ("item.notes[a]=b", {"item": {"notes": {"a": "b"}}}),
    ("item.notes[a]=&text=x", {"text": "x", "item": {"notes": {"a": ""}}}),
]


@pytest.mark.parametrize(("query", "expected"), MAPS)
async def test_binds_maps(client, mirror, spec, query, expected):
    await arrives(client, mirror, spec, f"GET /v1/kinds?{query}", b"", expected)


REFUSED_MAPS = [
    "counts=1",
    "counts.a=1",
    "counts[a=1",
    "counts[a]]=1",
    "counts[a][b]=1",
    "counts[a].b=1",
    "counts[a]=x",
    "by_number[x]=a",
    "by_number[9223372036854775808]=a",
    "by_flag[1]=RED",
    "by_flag[true]=GREEN",
    "by_name[a]=b",
    "by_name[a].count=1",
]


@pytest.mark.parametrize("query", REFUSED_MAPS)
async def test_refuses_maps(client, mirror, query):
    found = (await client.send("GET", f"/v1/kinds?{query}")).violations
    assert list(found) == [query.partition("=")[0]]
    assert not mirror.seen


# PATCH whose body is one field, without the `update_mask` of its request.
MASKS = [
    ("PATCH /v1/items/1", b'{"count": 1}', ["count"]),
    ("PATCH /v1/items/1", b'{"createTime": "1970-01-01T00:00:00Z"}', ["create_time"]),
    ("PATCH /v1/items/1", b'{"create_time": "1970-01-01T00:00:00Z"}', ["create_time"]),
    ("PATCH /v1/items/1", b'{"count": 0}', ["count"]),
    ("PATCH /v1/items/1", b'{"labels": ["a"], "count": 1}', ["labels", "count"]),
    ("PATCH /v1/items/1", b'{"notes": {"a": "b"}}', ["notes"]),
    ("PATCH /v1/items/1", b'{"child": {"count": 1}}', ["child.count"]),
    (
        "PATCH /v1/items/1",
        b'{"child": {"displayName": "a", "child": {"count": 1}}}',
        ["child.display_name", "child.child.count"],
    ),
    ("PATCH /v1/items/1?dry=true", b'{"count": 1}', ["count"]),
    # With an update mask.
    ("PATCH /v1/items/1?updateMask=labels", b'{"count": 1}', ["labels"]),
    ("PATCH /v1/items/1?update_mask=labels", b'{"count": 1}', ["labels"]),
    ("PATCH /v1/items/1?updateMask=", b'{"count": 1}', []),
    # It is not filled for other verbs, nor when the whole request is the body.
    ("PUT /v1/items/1", b'{"count": 1}', []),
    ("PATCH /v1/items", b'{"item": {"count": 1}}', []),
    ("PATCH /v1/items", b'{"item": {"count": 1}, "updateMask": "labels"}', ["labels"]),
]


@pytest.mark.parametrize(("line", "content", "paths"), MASKS)
async def test_fills_masks(client, mirror, spec, line, content, paths):
    response = await client.send(*line.split(" "), content)
    assert response.status == 200, response.content
    assert sorted(request_of(spec, *mirror.seen[response.id]).update_mask.paths) == sorted(paths)


# Bindings refused at startup. The method takes and returns Kinds.
def get(template: str, body: str = "", response: str = "") -> Binding:
    return Binding("GET", template, body, response)


MISSING = "does not exist"
NO_PATH = "cannot be given in a path"
FIELDS = [
    ("/v1/{nope}", 5, "nope", MISSING),
    ("/v1/{Text}", 5, "Text", MISSING),
    ("/v1/{displayName}", 5, "displayName", MISSING),
    ("/v1/{int64Box}", 5, "int64Box", MISSING),
    ("/v1/{other}", 5, "other", MISSING),
    ("/v1/{item.displayName}", 5, "item.displayName", MISSING),
    ("/v1/{item.nope}", 5, "item.nope", MISSING),
    ("/v1/{text.x}", 5, "text.x", MISSING),
    ("/v1/{items.count}", 5, "items.count", MISSING),
    ("/v1/{counts.key}", 5, "counts.key", MISSING),
    ("/v1/{text}/{nope=a/*}:b", 12, "nope", MISSING),
    ("/v1/{item}", 5, "item", NO_PATH),
    ("/v1/{item=items/*}", 5, "item", NO_PATH),
    ("/v1/{item.child}", 5, "item.child", NO_PATH),
    ("/v1/{tags}", 5, "tags", NO_PATH),
    ("/v1/{items}", 5, "items", NO_PATH),
    ("/v1/{boxes}", 5, "boxes", NO_PATH),
    ("/v1/{item.labels}", 5, "item.labels", NO_PATH),
    ("/v1/{counts}", 5, "counts", NO_PATH),
    ("/v1/{extra}", 5, "extra", NO_PATH),
    ("/v1/{whatever}", 5, "whatever", NO_PATH),
]
QUERY = "spec.v1.SpecService.Query"
UNSERVED = [
    (
        [get(template)],
        [f"{QUERY}: GET {template!r}, column {column}: field {name!r} of Kinds {problem}."],
    )
    for template, column, name, problem in FIELDS
] + [
    ([get("v1")], [f"{QUERY}: GET 'v1', column 1: a template starts with '/'."]),
    ([get("")], [f"{QUERY}: GET '', column 1: a template starts with '/'."]),
    ([get("/v1/{text}:")], [f"{QUERY}: GET '/v1/{{text}}:', column 12: a verb is missing."]),
    (
        [get("/v1/{text={said}}")],
        [f"{QUERY}: GET '/v1/{{text={{said}}}}', column 11: a variable inside a variable."],
    ),
    (
        [get("/v1/**/{text=**}")],
        [f"{QUERY}: GET '/v1/**/{{text=**}}', column 14: '**' may occur only once in a template."],
    ),
    ([get("/v1", "nope")], [f"{QUERY}: GET body 'nope' is not a field of Kinds."]),
    ([get("/v1", "item.child")], [f"{QUERY}: GET body 'item.child' is not a field of Kinds."]),
    ([get("/v1", "**")], [f"{QUERY}: GET body '**' is not a field of Kinds."]),
    ([get("/v1", "", "nope")], [f"{QUERY}: GET response_body 'nope' is not a field of Kinds."]),
    (
        [get("/v1", "", "item.child")],
        [f"{QUERY}: GET response_body 'item.child' is not a field of Kinds."],
    ),
    ([get("/v1", "", "*")], [f"{QUERY}: GET response_body '*' is not a field of Kinds."]),
    ([get("/docs")], [f"{QUERY}: GET '/docs' is a path of the gateway itself."]),
    ([get("/v1/ws")], [f"{QUERY}: GET '/v1/ws' is a path of the gateway itself."]),
    # The same paths twice
    ([get("/v1/a"), get("/v1/a")], [f"{QUERY}: GET /v1/a is also bound to {QUERY}."]),
    ([get("/v1/*"), get("/v1/{text}")], [f"{QUERY}: GET /v1/{{text}} is also bound to {QUERY}."]),
    (
        [get("/v1/{text}"), get("/v1/{said=*}")],
        [f"{QUERY}: GET /v1/{{said=*}} is also bound to {QUERY}."],
    ),
    (
        [get("/v1/{text=a/*}"), get("/v1/a/{text}")],
        [f"{QUERY}: GET /v1/a/{{text}} is also bound to {QUERY}."],
    ),
    (
        [get("/v1/**"), get("/v1/{text=**}")],
        [f"{QUERY}: GET /v1/{{text=**}} is also bound to {QUERY}."],
    ),
    (
        [get("/v1/*:a"), get("/v1/{text}:a")],
        [f"{QUERY}: GET /v1/{{text}}:a is also bound to {QUERY}."],
    ),
    (
        [get("/v1/a"), Binding("*", "/v1/b", "", ""), Binding("*", "/v1/b", "", "")],
        [f"{QUERY}: * /v1/b is also bound to {QUERY}."],
    ),
    # All problems are listed.
    (
        [get("/v1/a", "nope"), get("/v1/{"), get("/v1/b"), get("/v1/b")],
        [
            f"{QUERY}: GET body 'nope' is not a field of Kinds.",
            f"{QUERY}: GET '/v1/{{', column 6: a field name is missing.",
            f"{QUERY}: GET /v1/b is also bound to {QUERY}.",
        ],
    ),
]


@pytest.mark.parametrize(("bindings", "problems"), UNSERVED)
async def test_refuses_to_start(spec, bindings, problems):
    method = replace(spec.methods[0], bindings=tuple(bindings))
    with pytest.raises(RoutesError) as caught:
        make_table(Contracts(spec.pool, (method,), {}))
    assert caught.value.problems == problems


SERVED = [
    [get("/v1/a"), get("/v1/a:b"), get("/v1/a:c")],
    [get("/v1/{text}"), get("/v1/a"), get("/v1/{text=**}")],
    [get("/v1/a"), Binding("*", "/v1/a", "", "")],
    [get("/v1/a/{text=**}"), get("/v1/a/{text=**}/b"), get("/v1/{text=a/**}/*")],
    [get("/docs:a"), get("/docs/a")],
    [get("/v1/{time}/{lag}/{mask}/{string_box}/{data}/{color}")],
    [],
]


@pytest.mark.parametrize("bindings", SERVED)
async def test_starts(spec, bindings):
    method = replace(spec.methods[0], bindings=tuple(bindings))
    assert len(make_table(Contracts(spec.pool, (method,), {})).routes) == len(bindings)
