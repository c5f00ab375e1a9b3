"""No request fails under load while descriptors are replaced or workers restarted.

RELOAD_N is the number of requests: 5,000 by default.
"""

import asyncio
import os
import shutil
import signal

import pytest

from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.load import Load
from tests.gateway.program import GatewayProgram

REQUESTS = int(os.environ.get("RELOAD_N", "5000"))
SWAPS = 20
ROLLS = 3
SECONDS = 120 + REQUESTS / 100

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(SECONDS)]

STAYS = rpc("Get", 'get: "/v1/things/{name}"')
BEFORE = rpc("Old", 'get: "/v1/moving/{name}"') + rpc("Gone", 'get: "/v1/gone/{name}"')
AFTER = rpc("New", 'get: "/v1/moving/{name}"') + rpc("Come", 'get: "/v1/come/{name}"')

# The methods that may serve a path. 404 is also valid where a route is added and removed.
ANSWERS = {
    "things": {"shop.v1.Shop.Get"},
    "moving": {"shop.v1.Shop.Old", "shop.v1.Shop.New"},
    "gone": {"shop.v1.Shop.Gone", None},
    "come": {"shop.v1.Shop.Come", None},
}


def ask(turn: int):
    place = list(ANSWERS)[turn % len(ANSWERS)]

    def check(status: int, content: dict) -> bool:
        if status == 404:
            return None in ANSWERS[place] and content["error"]["status"] == "NOT_FOUND"
        return (
            status == 200 and content["method"] in ANSWERS[place] and content["name"] == str(turn)
        )

    return f"/v1/{place}/{turn}", check


async def test_swaps_fail_no_request(tmp_path):
    before, after = write_set(tmp_path, STAYS + BEFORE), write_set(tmp_path, STAYS + AFTER)
    both = write_set(
        tmp_path, STAYS + "".join(rpc(name) for name in ("Old", "Gone", "New", "Come"))
    )
    served = tmp_path / "served.binpb"
    shutil.copy(before, served)
    async with (
        Backend(both) as backend,
        GatewayProgram(
            *("--descriptor-set", str(served), "--upstream", backend.address),
            *("--no-auth", "--reload-seconds", "600"),
        ) as gateway,
    ):
        load = Load(gateway.port, ask)

        async def swap(done: asyncio.Event) -> None:
            for number in range(SWAPS):
                await load.reach(number * REQUESTS // SWAPS)
                shutil.copy((after, before)[number % 2], served)
                gateway.process.send_signal(signal.SIGHUP)
                await gateway.logged("reload.done", number + 1)
            done.set()

        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(swap(done))
            group.create_task(load.run(REQUESTS, until=done))
        assert len(await gateway.logged("reload.done")) == SWAPS
    assert load.sent >= REQUESTS
    assert load.failures == {}
    assert load.closes == 0


async def test_restarts_of_each_worker_fail_no_request(tmp_path):
    async with (
        Backend(write_set(tmp_path, STAYS)) as backend,
        GatewayProgram(*("--upstream", backend.address, "--no-auth", "--workers", "2")) as gateway,
    ):
        first = {line["pid"] for line in await gateway.logged("worker.started", 2)}
        load = Load(gateway.port, lambda turn: ask(turn * len(ANSWERS)))

        async def restart(done: asyncio.Event) -> None:
            for number in range(ROLLS):
                await load.reach((number + 1) * REQUESTS // (ROLLS + 1))
                gateway.process.send_signal(signal.SIGUSR2)
                await gateway.logged("worker.restarted", 2 * (number + 1), seconds=60)
            done.set()

        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(restart(done))
            group.create_task(load.run(REQUESTS, until=done))
        restarted = await gateway.logged("worker.restarted", 2 * ROLLS)
        assert {line["instead_of"] for line in restarted[:2]} == first
        response = (await gateway.http.get("/healthz")).json()
        assert response["pid"] in {line["pid"] for line in restarted[-2:]}
    assert load.sent >= REQUESTS
    assert load.failures == {}
    assert load.closes >= 1
