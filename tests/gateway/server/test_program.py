"""The program: `--check`, and upstreams that are unavailable or unusable."""

import asyncio
import json

import pytest

from tests.gateway.backends import Backend, rpc, write_plain_set, write_set
from tests.gateway.program import GatewayProgram, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


WATCH = rpc("Watch", reply="stream Reply")


@pytest.fixture
def plain(tmp_path):
    return write_plain_set(tmp_path)


async def test_checks_reflected_routes(tmp_path):
    contract = write_set(tmp_path, GET + WATCH)
    async with Backend(contract) as backend:
        status, out, error = await run("--upstream", backend.address, "--no-auth", "--check")
    assert (status, error) == (0, "")
    assert out.splitlines() == [
        "POST  /shop.v1.Shop/Watch  shop.v1.Shop.Watch  server stream",
        "GET   /v1/things/{name}    shop.v1.Shop.Get    unary",
    ]


async def test_check_names_every_conflict(tmp_path):
    same = 'get: "/v1/{name}"'
    contract = write_set(
        tmp_path, rpc("A", same) + rpc("B", same) + rpc("C", same) + rpc("D", 'get: "/{nope}"')
    )
    async with Backend(contract) as backend:
        status, out, error = await run("--upstream", backend.address, "--no-auth", "--check")
    assert (status, out) == (1, "")
    assert error.splitlines() == [
        "gateway: shop.v1.Shop.D: GET '/{nope}', column 2: field 'nope' of Request does not exist.",
        "gateway: shop.v1.Shop.B: GET /v1/{name} is also bound to shop.v1.Shop.A.",
        "gateway: shop.v1.Shop.C: GET /v1/{name} is also bound to shop.v1.Shop.A.",
    ]


async def test_a_server_without_reflection_is_one_line(plain):
    async with Backend(plain, versions=()) as backend:
        status, _, error = await run("--upstream", backend.address, "--no-auth")
    problem = "has no server reflection: give its descriptors with --descriptor-set."
    assert (status, error) == (1, f"gateway: {backend.address} {problem}\n")


async def test_a_server_that_is_away_is_awaited_and_then_one_line():
    status, _, error = await run("--upstream", "127.0.0.1:1", "--no-auth")
    lines = error.splitlines()
    assert json.loads(lines[0])["event"] == "upstream.awaited"
    assert (status, lines[1:]) == (1, ["gateway: 127.0.0.1:1 cannot be reached."])


async def test_a_server_that_comes_up_late_is_served(plain):
    async with Backend(plain) as found:
        pass

    async def come() -> Backend:
        await asyncio.sleep(1)
        return await Backend(plain, port=found.port).__aenter__()

    coming = asyncio.create_task(come())
    async with GatewayProgram("--upstream", found.address, "--no-auth") as gateway:
        assert [line["event"] for line in gateway.log] == ["upstream.awaited", "gateway.ready"]
        assert (await gateway.http.post("/shop.v1.Shop/Ask", json={})).status_code == 200
    await (await coming).__aexit__()
