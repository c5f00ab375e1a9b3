"""Path and query in the messages of a client stream."""

import hashlib
import random

import pytest

from tests.gateway.conftest import violations_of as violations
from tests.gateway.uploading import pieces

pytestmark = pytest.mark.asyncio(loop_scope="session")


NUMBER = "must be an integer from -2147483648 to 2147483647."


async def test_path_and_query_are_in_the_first_message(uploading, upstream):
    sent = [{"displayName": "a", "parent": "rooms/other"}, {"displayName": "b"}]
    items = (await uploading.post("/v1/rooms/1/items", json=sent)).json()["items"]
    assert [item["parent"] for item in items] == ["rooms/1", ""]
    items = (await uploading.post("/v1/nested?parent=p&tags=t", json=[{"count": 1}, {}])).json()[
        "items"
    ]
    assert [(item["parent"], item["tags"]) for item in items] == [("p", ["t"]), ("", [])]
    assert items[0]["inner"]["count"] == 1


async def test_path_and_query_are_a_message_where_there_is_no_other(uploading, upstream):
    response = await uploading.post("/v1/rooms/1/items", json=[])
    assert [item["parent"] for item in response.json()["items"]] == ["rooms/1"]
    response = await uploading.post("/v1/one/a/b?count=2")
    (item,) = response.json()["items"]
    assert (item["parent"], item["count"]) == ("a/b", 2)


async def test_path_and_query_are_checked(uploading, upstream):
    found = violations(await uploading.post("/v1/items?count=1", json=[]))
    assert found == {"count": "is not accepted: the body is the whole request."}
    assert violations(await uploading.post("/v1/one/a?count=x")) == {"count": NUMBER}
    assert upstream.metadata == []


async def test_path_and_body_of_one_oneof_are_separate_messages(uploading, upstream):
    data = random.Random(1).randbytes(300_000)
    url = "/v1/files/1:upload?file.title=t"
    response = await uploading.post(
        url, content=pieces(data, 50_000), headers={"content-type": "a/b"}
    )
    stored = response.json()
    assert stored["kinds"] == ["file", "chunk"]
    assert stored["file"] == {"name": "files/1", "title": "t", "copies": 0}
    assert (stored["size"], stored["contentTypes"]) == ("300000", ["a/b"])
    assert stored["digest"] == hashlib.sha256(data).hexdigest()
    assert stored["chunks"] > 1
