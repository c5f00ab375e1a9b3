"""The gateway in front of servers that know nothing of it."""

import asyncio
import json

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contracts.descriptor_sets import join
from gateway.contracts.descriptors import DescriptorError
from gateway.contracts.discovery import Discovery
from gateway.settings import read_settings
from tests.gateway.backends import Backend, rpc, write_set
from tests.gateway.conftest import error_of, read_events
from tests.gateway.program import Program, run

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = rpc("Get", 'get: "/v1/things/{name}"')
WATCH = rpc("Watch", reply="stream Reply")


@pytest.fixture
def plain(tmp_path):
    """Methods without bindings, one of which cannot be served."""
    rpcs = rpc("Ask") + WATCH + rpc("Upload", request="stream Request")
    return write_set(tmp_path, rpcs)


async def test_serves_methods_without_bindings_at_their_own_path(plain):
    async with (
        Backend(plain, name="me") as backend,
        Program("--upstream", backend.address, "--no-auth") as gateway,
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


async def test_refuses_methods_without_rules_unless_told(tmp_path):
    rpcs = "".join(rpc(name) for name in "ABCDE")
    contract = write_set(tmp_path, rpcs)
    status, _, error = await run("--descriptor-set", str(contract), "--check")
    assert status == 1
    assert error == (
        "gateway: These methods have no access rule (libral.policy.v1.rule): shop.v1.Shop.A, "
        "shop.v1.Shop.B, shop.v1.Shop.C and 2 more. Use --no-auth to serve them to everybody.\n"
    )
    status, out, _ = await run("--descriptor-set", str(contract), "--check", "--no-auth")
    assert (status, len(out.splitlines())) == (0, 5)


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
        "gateway: shop.v1.Shop.B: GET /v1/{name} is shop.v1.Shop.A too.",
        "gateway: shop.v1.Shop.C: GET /v1/{name} is shop.v1.Shop.A too.",
    ]


async def test_two_upstreams_share_what_both_list(tmp_path):
    both = write_set(tmp_path, GET)
    other = write_set(tmp_path, rpc("Look", 'get: "/v1/other"'), package="b.v1", file="b.proto")
    async with (
        Backend(both, name="one") as one,
        Backend(both, name="two") as two,
        Backend(other, name="other") as third,
    ):
        upstreams = [part for each in (one, two, third) for part in ("--upstream", each.address)]
        async with Program(*upstreams, "--no-auth") as gateway:
            answers = [(await gateway.http.get("/v1/things/a")).json() for _ in range(8)]
            assert {answer["server"] for answer in answers} == {"one", "two"}
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


async def test_one_upstream_answers_for_all_packages_of_sets(tmp_path):
    first = write_set(tmp_path, GET)
    second = write_set(tmp_path, rpc("Look", 'get: "/v1/b"'), package="b.v1", file="b.proto")
    sets = ("--descriptor-set", str(first), "--descriptor-set", str(second))
    async with Backend(first, versions=(), name="first") as backend:
        async with Program(*sets, "--upstream", backend.address, "--no-auth") as gateway:
            assert (await gateway.http.get("/v1/things/a")).json()["server"] == "first"
            assert (await gateway.http.get("/v1/b")).status_code == 501
        packages = ("--upstream", f"shop.v1={backend.address}")
        async with Program(*sets, *packages, "--no-auth") as gateway:
            assert (await gateway.http.get("/v1/things/a")).json()["server"] == "first"
            answer = await gateway.http.get("/v1/b")
            assert error_of(answer)["message"] == "b.v1 is not available."


async def test_sets_that_differ_are_named(tmp_path):
    first, second = write_set(tmp_path, GET), write_set(tmp_path, WATCH)
    status, _, error = await run(
        *("--descriptor-set", str(first), "--descriptor-set", str(second)), "--check"
    )
    assert status == 1
    assert error == f"gateway: {first} and {second} differ in shop.proto.\n"


async def test_a_file_may_come_twice_with_and_without_comments(tmp_path):
    commented = FileDescriptorSet.FromString(write_set(tmp_path, GET).read_bytes())
    bare = FileDescriptorSet.FromString(commented.SerializeToString())
    for file in bare.file:
        file.ClearField("source_code_info")
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
    joined = join([("bare", bare.file), ("commented", commented.file)])
    found = {file.name: file for file in joined.file}
    assert len(found) == len(commented.file)
    assert found["shop.proto"].HasField("source_code_info")
    bare.file[-1].message_type[0].field[0].json_name = "other"
    with pytest.raises(DescriptorError, match=r"^bare and commented differ in shop\.proto\.$"):
        join([("bare", bare.file), ("commented", commented.file)])


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


async def test_reads_upstreams():
    texts = ["h:1", "a.v1=h:2", "h:3,h:4"]
    settings = read_settings({"LIBRAL_USERS_TARGET": "x:1"}, texts, terminal=False)
    assert settings.upstreams == {"a.v1": "h:2"}
    assert settings.addresses == ("h:1", "h:3,h:4")


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
    async with Program("--upstream", found.address, "--no-auth") as gateway:
        assert [line["event"] for line in gateway.log] == ["upstream.awaited", "gateway.ready"]
        assert (await gateway.http.post("/shop.v1.Shop/Ask", json={})).status_code == 200
    await (await coming).__aexit__()
