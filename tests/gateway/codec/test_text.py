"""JSON text: fast where orjson suffices, strict where it does not."""

import json

import pytest

from gateway.codec.text import DEPTH_MAX, read_json
from gateway.http.errors import StatusError

READ = ["{}", '{"a":[1,2.5,null,true,"x"]}', '{"a" : {"b":1}}', '{"\\":":1}', '{"a":"\\":"}', "[]"]


@pytest.mark.parametrize("text", READ)
def test_reads_what_json_is(text):
    assert read_json(text.encode()) == json.loads(text)


REFUSED = [
    (b'{"a":1,"a":2}', "body: is not JSON: 'a' is given twice."),
    (b'{"x":{"a":1,"\\u0061":2}}', "body: is not JSON: 'a' is given twice."),
    (b'{"a" :1,"a":2}', "body: is not JSON: 'a' is given twice."),
    (b'{"a":NaN}', "body: is not JSON: NaN is not a JSON number: write it as a string."),
    (
        b'{"a":-Infinity}',
        "body: is not JSON: -Infinity is not a JSON number: write it as a string.",
    ),
    (b"\xff", "body: is not UTF-8."),
    (b'{"a":1,}', "body: is not JSON: Expecting property name enclosed in double quotes"),
    (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), "body: is nested too deep."),
    (b"[" * 100_000, "body: is nested too deep."),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_names_the_problem(content, message):
    with pytest.raises(StatusError) as caught:
        read_json(content)
    assert caught.value.status.message.startswith(message.removesuffix("."))


def test_accepts_the_documented_depth():
    content = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    assert json.dumps(read_json(content)).encode() == content
