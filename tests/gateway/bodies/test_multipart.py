"""multipart/form-data into client streams, as browsers and curl write it."""

import hashlib
import json
import random

import pytest

from gateway.bodies import splitters
from tests.gateway.conftest import violations_of
from tests.gateway.uploading import pieces

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUNDARY = "----x"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, content: bytes | str, kind: str = "", filename: str | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"' if filename is not None else ""
    head += f"\r\nContent-Type: {kind}" if kind else ""
    content = content.encode() if isinstance(content, str) else content
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


DATA = random.Random(2).randbytes(200_000) + f"\r\n--{BOUNDARY}".encode()[:-1] + b"\r\n"
UPLOAD = form(
    part("file.name", "日本"),
    part("file.copies", "2"),
    part("chunk", DATA, "image/png", "a.png"),
    part("chunk", b"", "text/plain", ""),
    part("file.title", "late"),
)


@pytest.mark.parametrize("size", [1, 5, 1000, 1_000_000])
async def test_fields_and_files(uploading, upstream, size):
    content = UPLOAD if size > 10 else UPLOAD.replace(DATA, DATA[-3000:])
    data = DATA if size > 10 else DATA[-3000:]
    response = await uploading.post("/v1/files", content=pieces(content, size), headers=FORM)
    assert response.status_code == 200, response.text
    stored = response.json()
    assert stored["kinds"] == ["file", "chunk", "file"]
    assert stored["file"] == {"name": "日本", "title": "late", "copies": 2}
    assert stored["contentTypes"] == ["image/png", "text/plain"]
    assert (stored["size"], stored["digest"]) == (str(len(data)), hashlib.sha256(data).hexdigest())


async def test_a_client_library_writes_it(uploading, upstream):
    files = {"chunk": ("name.txt", b"content", "text/plain")}
    response = await uploading.post("/v1/files", data={"file.title": "t"}, files=files)
    assert (response.json()["kinds"], response.json()["size"]) == (["file", "chunk"], "7")


async def test_the_path_is_in_the_first_message(uploading, upstream):
    content = form(part("file.title", "t"), part("chunk", b"x", "a/b", "f"))
    response = await uploading.post("/v1/files/1:upload", content=content, headers=FORM)
    assert response.json()["file"] == {"name": "files/1", "title": "t", "copies": 0}
    refused = form(part("file.name", "other"))
    response = await uploading.post("/v1/files/1:upload", content=refused, headers=FORM)
    assert violations_of(response) == {"file.name": "is already given in the path."}


async def test_parts_of_json_are_messages(uploading, upstream):
    items = [{"displayName": "a"}, {"inner": {"count": 1}}]
    parts = [part("item", json.dumps(item), "application/json", "blob") for item in items]
    fields = [part("displayName", "b"), part("tags", "x"), part("tags", "y")]
    response = await uploading.post("/v1/items", content=form(*parts, *fields), headers=FORM)
    found = response.json()["items"]
    assert [item["displayName"] for item in found] == ["a", "", "b"]
    assert (found[1]["inner"]["count"], found[2]["tags"]) == (1, ["x", "y"])


async def test_a_field_of_bytes_takes_a_file(uploading, upstream):
    content = form(part("inner.picture", b"\x00\xff", "image/x", "f"), part("picture", "_-8="))
    response = await uploading.post("/v1/items", content=content, headers=FORM)
    found = response.json()["items"]
    assert [found[0]["inner"]["picture"], found[1]["picture"]] == ["AP8=", "/+8="]


async def test_every_part_is_a_file_where_that_is_all(uploading, upstream):
    content = form(part("any", "text"), part("more", "{}", "application/json", "f"))
    response = await uploading.post("/v1/raw:upload", content=content, headers=FORM)
    assert response.json()["contentTypes"] == ["text/plain", "application/json"]


async def test_an_empty_form_is_no_message(uploading, upstream):
    response = await uploading.post("/v1/items", content=form(), headers=FORM)
    assert response.json() == {"items": []}


LONG = "x" * (splitters.MESSAGE_BYTES_MAX + 1)
NUMBER = "must be an integer from -2147483648 to 2147483647."
REFUSED = [
    (form(part("nope", "x")), {"nope": "is not a parameter of this method."}),
    (
        form(part("count", "x"), part("nope", "x"), part("tags", "x")),
        {"count": NUMBER, "nope": "is not a parameter of this method."},
    ),
    (form(part("count", "1"), part("count", "2")), {"count": "is given more than once."}),
    (form(part("nope", "x", "image/png", "f")), {"nope": "is not a field that accepts a file."}),
    (form(part("count", "1", "text/plain", "f")), {"count": "is not a field that accepts a file."}),
    (form(part("inner", "x", "a/b")), {"inner": "is not a field that accepts a file."}),
    (
        form(part("", "{}", "application/json"), part("", '{"count": []}', "application/json")),
        {"body[1].count": NUMBER},
    ),
    (form(part("displayName", b"\xff")), {"displayName": "is not UTF-8."}),
    (form(part("displayName", LONG)), {"displayName": "is longer than 1048576 bytes."}),
    (
        form(part("displayName", LONG[:-2]), part("parent", "xx")),
        {"parent": "is longer than 1048576 bytes."},
    ),
    (form(*[part("tags", "x")] * 501), {"body": "has more than 500 fields."}),
    (form(part("count", "1"))[:-10], {"body": "is incomplete: the last boundary is missing."}),
    (b"", {"body": "is incomplete: the last boundary is missing."}),
    (b"nonsense", {"body": "is not multipart/form-data."}),
    (
        form(part("a", "1").replace(b"form-data;", b"form-data" + b"x" * 5000 + b";")),
        {"body": "is not multipart/form-data."},
    ),
]


@pytest.mark.parametrize(("content", "expected"), REFUSED)
async def test_refuses(uploading, upstream, content, expected):
    response = await uploading.post("/v1/items", content=content, headers=FORM)
    assert violations_of(response) == expected


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
async def test_needs_a_boundary(uploading, upstream, kind):
    headers = {"content-type": kind}
    response = await uploading.post("/v1/items", content=form(), headers=headers)
    assert violations_of(response) == {"content-type": "must name the boundary of its parts."}
    headers = {"content-type": f"multipart/form-data; boundary={'x' * 300}"}
    response = await uploading.post("/v1/items", content=form(), headers=headers)
    assert violations_of(response) == {"content-type": "must name the boundary of its parts."}
