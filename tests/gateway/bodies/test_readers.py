"""The reader of a body, chosen by its content type."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_other_content_types_are_refused(uploading, upstream):
    response = await uploading.post(
        "/v1/items", content=b"", headers={"content-type": "text/plain"}
    )
    assert response.status_code == 415
    kinds = "application/x-ndjson, application/json, multipart/form-data"
    assert response.headers["accept-post"] == kinds


async def test_any_body_is_a_file(uploading, upstream):
    response = await uploading.post(
        "/v1/raw:upload", content=b'{"a": 1}', headers={"content-type": "application/json"}
    )
    assert response.json()["contentTypes"] == ["application/json"]
    empty = await uploading.post("/v1/raw:upload", content=b"", headers={"content-type": "a/b"})
    assert (empty.json()["chunks"], empty.json()["contentTypes"]) == (1, ["a/b"])
