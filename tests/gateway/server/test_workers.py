"""Worker processes: replaced, reloaded, ended."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.conftest import eventually
from tests.gateway.program import GatewayProgram, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


async def test_a_worker_that_dies_is_replaced(tmp_path):
    async with (
        Backend(write_set(tmp_path, GET)) as backend,
        GatewayProgram("--upstream", backend.address, "--no-auth", "--workers", "2") as gateway,
    ):
        one, two = (line["pid"] for line in await gateway.logged("worker.started", 2))
        os.kill(one, signal.SIGKILL)
        (ended,) = await gateway.logged("worker.ended")
        assert (ended["pid"], ended["status"]) == (one, -signal.SIGKILL)
        started = await gateway.logged("worker.started", 3)
        assert started[2]["pid"] not in {one, two}
        assert (await gateway.http.get("/v1/things/a")).status_code == 200


async def test_workers_that_cannot_begin_end_their_parent(tmp_path):
    contract = str(write_set(tmp_path, GET))
    status, _, error = await run("--descriptor-set", contract, "--workers", "2")
    assert status == 1
    assert error.startswith("gateway: These methods have no access rule")
    assert len(error.splitlines()) == 1


async def test_workers_reload_and_stay_when_others_cannot_take_their_place(tmp_path):
    served = write_set(tmp_path, GET)
    more = write_set(tmp_path, GET + rpc("List", 'get: "/v1/things"'))
    async with (
        Backend(more) as backend,
        GatewayProgram(
            *("--descriptor-set", str(served), "--upstream", backend.address),
            *("--no-auth", "--reload-seconds", "600", "--workers", "2"),
        ) as gateway,
    ):
        workers = {line["pid"] for line in await gateway.logged("worker.started", 2)}
        shutil.copy(more, served)
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.logged("reload.done", 2)
        assert (await gateway.http.get("/v1/things")).status_code == 200
        served.write_bytes(b"\xff")
        gateway.process.send_signal(signal.SIGUSR2)
        await gateway.logged("workers.kept")
        assert (await gateway.http.get("/v1/things")).status_code == 200
        assert (await gateway.http.get("/healthz")).json()["pid"] in workers
        assert f"gateway: {served} is not a FileDescriptorSet." in gateway.lines


async def test_workers_of_the_mesh_have_nothing_to_reload():
    async with GatewayProgram("--workers", "2") as gateway:
        workers = {line["pid"] for line in await gateway.logged("worker.started", 2)}
        gateway.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.5)
        assert (await gateway.http.get("/healthz")).json()["pid"] in workers
        assert not [line for line in gateway.log if line["event"] == "worker.ended"]


async def test_workers_end_with_their_parent(tmp_path):
    async with (
        Backend(write_set(tmp_path, GET)) as backend,
        GatewayProgram("--upstream", backend.address, "--no-auth", "--workers", "2") as gateway,
    ):
        workers = [line["pid"] for line in await gateway.logged("worker.started", 2)]
        gateway.process.kill()
        await gateway.process.wait()
        await eventually(lambda: not any(map(alive, workers)), 10)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
