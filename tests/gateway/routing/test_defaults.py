"""Methods without bindings, and methods without access rules."""

import json

import pytest

from tests.gateway.backends import Backend, rpc, write_plain_set, write_set
from tests.gateway.conftest import error_of, read_events
from tests.gateway.program import GatewayProgram, run

pytestmark = pytest.mark.asyncio(loop_scope="session")


WATCH = rpc("Watch", reply="stream Reply")


@pytest.fixture
def plain(tmp_path):
    return write_plain_set(tmp_path)


async def test_serves_methods_without_bindings_at_their_own_path(plain):
    async with (
        Backend(plain, name="me") as backend,
        GatewayProgram("--upstream", backend.address, "--no-auth") as gateway,
    ):
        basic = {"authorization": "Basic YTpi"}
        answer = await gateway.http.post("/shop.v1.Shop/Ask", json={"name": "a"}, headers=basic)
        assert answer.json() == {
            "method": "shop.v1.Shop.Ask",
            "server": "me",
            "name": "a",
            "caller": "Basic YTpi",
        }
        many = [{"name": "a"}, {"name": "b"}]
        gathered = await gateway.http.post("/shop.v1.Shop/Upload", json=many)
        assert gathered.json()["name"] == "b"
        missing = await gateway.http.post("/shop.v1.Shop/Nothing", json={})
        assert (missing.status_code, error_of(missing)["status"]) == (404, "NOT_FOUND")
        backend.release.set()
        accept = {"accept": "text/event-stream"}
        path = "/shop.v1.Shop/Watch"
        async with gateway.http.stream("POST", path, json={}, headers=accept) as response:
            events = await read_events(response)
        assert [json.loads(event["data"]).get("server") for event in events] == ["me", "me", None]
        assert events[-1]["event"] == "status"
        ready = await gateway.http.get("/readyz")
        assert ready.json() == {"status": "SERVING", "upstreams": ["shop.v1.Shop"]}


async def test_refuses_methods_without_rules_unless_no_auth(tmp_path):
    rpcs = "".join(rpc(name) for name in "ABCDE")
    contract = write_set(tmp_path, rpcs)
    status, _, error = await run("--descriptor-set", str(contract), "--check")
    assert status == 1
    assert error == (
        "gateway: These methods have no access rule (libral.policy.v1.rule): shop.v1.Shop.A, "
        "shop.v1.Shop.B, shop.v1.Shop.C and 2 more. "
        "Use --no-auth to serve them without authentication.\n"
    )
    status, out, _ = await run("--descriptor-set", str(contract), "--check", "--no-auth")
    assert (status, len(out.splitlines())) == (0, 5)
