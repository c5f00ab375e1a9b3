"""Upstreams discovered by reflection or from descriptor sets."""

import pytest

from gateway.contracts.descriptors import DescriptorError
from gateway.contracts.discovery import Discovery
from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.conftest import error_of
from tests.gateway.program import GatewayProgram, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


WATCH = rpc("Watch", reply="stream Reply")


async def test_two_upstreams_share_what_both_list(tmp_path):
    both = write_set(tmp_path, GET)
    other = write_set(tmp_path, rpc("Look", 'get: "/v1/other"'), package="b.v1", file="b.proto")
    async with (
        Backend(both, name="one") as one,
        Backend(both, name="two") as two,
        Backend(other, name="other") as third,
    ):
        upstreams = [part for each in (one, two, third) for part in ("--upstream", each.address)]
        async with GatewayProgram(*upstreams, "--no-auth") as gateway:
            responses = [(await gateway.http.get("/v1/things/a")).json() for _ in range(8)]
            assert {response["server"] for response in responses} == {"one", "two"}
            assert (await gateway.http.get("/v1/other")).json()["server"] == "other"


async def test_upstreams_that_differ_are_named(tmp_path):
    old, new = write_set(tmp_path, GET), write_set(tmp_path, GET + WATCH)
    moved = write_set(tmp_path, GET, file="moved.proto")
    async with Backend(old) as one, Backend(new) as two, Backend(moved) as three:
        for other, what in ((two, "shop.proto"), (three, "the file of shop.v1.Shop")):
            discovery = Discovery((), (one.address, other.address), {})
            with pytest.raises(DescriptorError) as caught:
                await discovery.read()
            await discovery.close()
            assert str(caught.value) == f"{one.address} and {other.address} differ in {what}."


async def test_one_upstream_serves_all_packages_of_descriptor_sets(tmp_path):
    first = write_set(tmp_path, GET)
    second = write_set(tmp_path, rpc("Look", 'get: "/v1/b"'), package="b.v1", file="b.proto")
    sets = ("--descriptor-set", str(first), "--descriptor-set", str(second))
    async with Backend(first, versions=(), name="first") as backend:
        async with GatewayProgram(*sets, "--upstream", backend.address, "--no-auth") as gateway:
            assert (await gateway.http.get("/v1/things/a")).json()["server"] == "first"
            assert (await gateway.http.get("/v1/b")).status_code == 501
        packages = ("--upstream", f"shop.v1={backend.address}")
        async with GatewayProgram(*sets, *packages, "--no-auth") as gateway:
            assert (await gateway.http.get("/v1/things/a")).json()["server"] == "first"
            response = await gateway.http.get("/v1/b")
            assert error_of(response)["message"] == "b.v1 is not available."


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ("--descriptor-set", "f", "--upstream", "h:1", "--upstream", "h:2"),
            "--upstream: with --descriptor-set, give one HOST:PORT, or PACKAGE=HOST:PORT each.",
        ),
        (
            ("--upstream", "h:1", "--upstream", "a=h:2"),
            "--upstream: PACKAGE=HOST:PORT beside HOST:PORT needs --descriptor-set.",
        ),
        (
            ("--upstream", "h"),
            "--upstream is 'h': write it as HOST:PORT or PACKAGE=HOST:PORT.",
        ),
    ],
)
async def test_upstreams_that_make_no_sense(arguments, problem):
    assert await run(*arguments, "--check") == (1, "", f"gateway: {problem}\n")
