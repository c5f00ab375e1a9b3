"""Gateway contexts replaced while requests are served."""

import asyncio

import pytest

from gateway.context import GatewayContext
from gateway.http.errors import StatusError
from gateway.routing.table import make_table
from gateway.server import reloadable
from gateway.server.reloadable import ReloadableGateway
from gateway.upstream import UpstreamCall
from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.conftest import PACKAGE, RunningGateway, read_events

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


WATCH = rpc("Watch", 'get: "/v1/things:watch"', reply="stream Reply")


CALL = UpstreamCall("/shop.v1.Shop/Get", b"", [], 1.0)


SSE = {"accept": "text/event-stream"}


class Reloadable(RunningGateway):
    """A gateway in this process whose context a test replaces."""

    @property
    def reloadable_gateway(self) -> ReloadableGateway:
        return self.server.gateway

    def replace(self, contracts, targets) -> GatewayContext:
        context = self.reloadable_gateway.context.with_contracts(
            contracts, make_table(contracts), targets
        )
        self.reloadable_gateway.replace(context)
        return context


async def test_callers_metrics_and_connections_outlive_a_context(contracts, shared_echo, tokens):
    async with Reloadable(contracts, shared_echo.targets) as gateway:
        headers = tokens.bearer("OPERATOR")
        before = tokens.fetched
        upstream = gateway.context.upstreams.find_upstream(f"{PACKAGE}.EchoService")
        assert (await gateway.http.get("/v1/admin", headers=headers)).status_code == 200
        context = gateway.replace(contracts, shared_echo.targets)
        headers = tokens.bearer("OPERATOR", sub="users/2")
        assert (await gateway.http.get("/v1/admin", headers=headers)).status_code == 200
        assert tokens.fetched == before + 1
        assert context.upstreams.find_upstream(f"{PACKAGE}.EchoService") is upstream
        metrics = (await gateway.http.get("/metrics")).text
        assert 'route="/v1/admin",status="200"} 2\n' in metrics


async def test_upstreams_close_after_their_last_call(tmp_path):
    contracts = [write_set(tmp_path, GET), write_set(tmp_path, GET)]
    async with (
        Backend(contracts[0], name="one") as one,
        Backend(contracts[1]) as two,
        Reloadable(one.contracts, {"shop.v1": one.address}, auth=False) as gateway,
    ):
        old = gateway.context.upstreams.find_upstream("shop.v1.Shop")
        slow = asyncio.create_task(gateway.http.get("/v1/things/slow"))
        await asyncio.sleep(0.1)
        gateway.replace(two.contracts, {"shop.v1": two.address})
        assert (await old.unary(CALL)) is not None
        assert (await slow).json()["server"] == "one"
        await asyncio.sleep(0.1)
        with pytest.raises(StatusError, match="is not available"):
            await old.unary(CALL)
        assert (await gateway.http.get("/v1/things/a")).status_code == 200


async def test_contexts_that_wait_for_streams_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(reloadable, "RETIRED_MAX", 1)
    async with Backend(write_set(tmp_path, WATCH)) as backend:
        targets = {"shop.v1": backend.address}
        async with Reloadable(backend.contracts, targets, auth=False) as gateway:
            path = "/v1/things:watch"
            async with gateway.http.stream("GET", path, headers=SSE) as oldest:
                gateway.replace(backend.contracts, targets)
                async with gateway.http.stream("GET", path, headers=SSE) as newer:
                    gateway.replace(backend.contracts, targets)
                    events = await read_events(oldest)
                    assert "GATEWAY_DRAINING" in events[-1]["data"]
                    backend.release.set()
                    events = await read_events(newer)
                    assert '"status":"OK"' in events[-1]["data"]


async def test_a_stopping_gateway_ends_the_streams_of_all_contexts(tmp_path):
    async with Backend(write_set(tmp_path, WATCH)) as backend:
        targets = {"shop.v1": backend.address}
        async with Reloadable(backend.contracts, targets, auth=False) as gateway:
            path = "/v1/things:watch"
            async with gateway.http.stream("GET", path, headers=SSE) as response:
                gateway.replace(backend.contracts, targets)
                stopping = asyncio.create_task(gateway.stop())
                events = await read_events(response)
                assert "GATEWAY_DRAINING" in events[-1]["data"]
            await stopping


async def test_the_pages_outlive_a_context(tmp_path):
    async with Backend(write_set(tmp_path, GET)) as backend:
        targets = {"shop.v1": backend.address}
        async with Reloadable(backend.contracts, targets, auth=False) as gateway:
            before = (await gateway.http.get("/healthz")).json()
            gateway.replace(backend.contracts, targets)
            assert (await gateway.http.get("/healthz")).json() == before
