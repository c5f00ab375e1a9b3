"""Hot reload: the gateway follows its descriptors while it serves."""

import asyncio
import shutil
import signal

import pytest

from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.program import GatewayProgram

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


LIST = rpc("List", 'get: "/v1/things"')


WATCH = rpc("Watch", 'get: "/v1/things:watch"', reply="stream Reply")


# The upstream connection is re-established within a second.
RECONNECT_SECONDS = 1.5


SSE = {"accept": "text/event-stream"}


class ServedSet:
    """A descriptor set file that a gateway serves."""

    def __init__(self, folder) -> None:
        self._folder = folder
        self.path = folder / "served.binpb"

    def write(self, *rpcs: str):
        written = write_set(self._folder, "".join(rpcs))
        shutil.copy(written, self.path)
        return written


@pytest.fixture
def served(tmp_path) -> ServedSet:
    return ServedSet(tmp_path)


def follow(served: ServedSet, backend: Backend, seconds: str) -> GatewayProgram:
    return GatewayProgram(
        *("--descriptor-set", str(served.path), "--upstream", backend.address),
        *("--no-auth", "--reload-seconds", seconds),
    )


async def test_a_set_adds_and_removes_routes(served):
    async with (
        Backend(served.write(GET, LIST)) as backend,
        follow(served, backend, "0.1") as gateway,
    ):
        assert (await gateway.http.get("/v1/things")).status_code == 200
        served.write(GET)
        (line,) = await gateway.logged("reload.done")
        assert (line["added"], line["removed"]) == ([], ["shop.v1.Shop.List"])
        assert (await gateway.http.get("/v1/things")).status_code == 404
        assert "/v1/things" not in (await gateway.http.get("/openapi.json")).json()["paths"]
        served.write(GET, LIST)
        line = (await gateway.logged("reload.done", 2))[1]
        assert (line["added"], line["removed"]) == (["shop.v1.Shop.List"], [])
        assert (await gateway.http.get("/v1/things")).status_code == 200


async def test_sighup_reloads_at_once(served):
    async with (
        Backend(served.write(GET)) as backend,
        follow(served, backend, "600") as gateway,
    ):
        served.write(GET, LIST)
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.logged("reload.done", seconds=3)


async def test_a_bad_set_is_logged_once_and_the_old_one_serves(served):
    everything = served.write(GET, LIST)
    served.write(GET)
    async with Backend(everything) as backend, follow(served, backend, "0.05") as gateway:
        served.write(GET, rpc("Other", 'get: "/v1/things/{name}"'))
        (line,) = await gateway.logged("reload.refused")
        assert line["problems"] == [
            "shop.v1.Shop.Other: GET /v1/things/{name} is also bound to shop.v1.Shop.Get."
        ]
        await asyncio.sleep(0.5)
        assert (await gateway.http.get("/v1/things/a")).json()["name"] == "a"
        served.path.unlink()
        await gateway.logged("reload.refused", 2)
        served.write(GET, LIST)
        await gateway.logged("reload.done")
        assert (await gateway.http.get("/v1/things")).status_code == 200
        assert len(await gateway.logged("reload.refused", 2)) == 2


async def test_a_server_that_returns_with_new_methods_is_asked_again(tmp_path):
    old, new = write_set(tmp_path, GET), write_set(tmp_path, GET + LIST)
    async with (
        Backend(old) as backend,
        GatewayProgram(
            "--upstream", backend.address, "--no-auth", "--reload-seconds", "600"
        ) as gateway,
    ):
        assert (await gateway.http.get("/v1/things/a")).status_code == 200
        await backend.stop()
        async with Backend(new, port=backend.port):
            await gateway.logged("reload.done", seconds=5)
            await asyncio.sleep(RECONNECT_SECONDS)
            assert (await gateway.http.get("/v1/things")).status_code == 200


async def test_a_server_that_is_away_keeps_its_routes(tmp_path):
    first = write_set(tmp_path, GET)
    look = rpc("Look", 'get: "/v1/b"')
    second = write_set(tmp_path, look, package="b.v1", file="b.proto")
    new = rpc("New", 'get: "/v1/new"')
    changed = write_set(tmp_path, look + new, package="b.v1", file="b.proto")
    async with (
        Backend(first) as one,
        Backend(second) as two,
        GatewayProgram(
            *("--upstream", one.address, "--upstream", two.address),
            *("--no-auth", "--reload-seconds", "0.1"),
        ) as gateway,
    ):
        await two.stop()
        await asyncio.sleep(0.5)
        assert (await gateway.http.get("/v1/b")).status_code == 503
        assert (await gateway.http.get("/v1/things/a")).status_code == 200
        async with Backend(changed, port=two.port):
            await gateway.logged("reload.done")
            await asyncio.sleep(RECONNECT_SECONDS)
            assert (await gateway.http.get("/v1/new")).status_code == 200
        assert [line["event"] for line in gateway.log] == ["gateway.ready", "reload.done"]
        assert gateway.lines == []


async def test_what_runs_goes_on_and_ends_on_what_it_began_with(served):
    async with (
        Backend(served.write(GET, WATCH)) as backend,
        follow(served, backend, "600") as gateway,
    ):
        async with gateway.http.stream("GET", "/v1/things:watch", headers=SSE) as response:
            lines = response.aiter_lines()
            assert "shop.v1.Shop.Watch" in await anext(lines)
            slow = asyncio.create_task(gateway.http.get("/v1/things/slow"))
            await asyncio.sleep(0.1)
            served.write(LIST)
            gateway.process.send_signal(signal.SIGHUP)
            await gateway.logged("reload.done")
            assert (await gateway.http.get("/v1/things/slow")).status_code == 404
            assert (await slow).json()["method"] == "shop.v1.Shop.Get"
            backend.release.set()
            rest = [line async for line in lines]
        assert sum("shop.v1.Shop.Watch" in line for line in rest) == 1
        assert "event: status" in rest
