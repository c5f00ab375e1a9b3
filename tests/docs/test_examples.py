"""The example clients in Python, Node and Go call the users and the events service."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
from libral.events.v1 import events_pb2

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
GOPATH = os.pathsep.join([str(EXAMPLES / "go" / "gen"), "/usr/share/gocode"])
# The first build of gRPC for Go takes most of it.
GO_BUILD_SECONDS = 240
CLIENT_SECONDS = 30
OUTPUT = re.compile(r"user admin\npublished at (\d+)\nreceived report\.created at \1: (.+)\n")

pytestmark = pytest.mark.timeout(GO_BUILD_SECONDS + 2 * CLIENT_SECONDS)


async def run(*command: str, environment: dict[str, str], seconds: float = CLIENT_SECONDS) -> str:
    """Return what a program prints. Fail if it exits with another status than 0."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def run_python(services, _) -> str:
    environment = services.environment | {"PYTHONPATH": str(ROOT / "protos" / "gen")}
    return await run(
        sys.executable, str(EXAMPLES / "python" / "client.py"), environment=environment
    )


async def run_node(services, _) -> str:
    return await run("node", str(EXAMPLES / "node" / "client.js"), environment=services.environment)


async def run_go(services, folder) -> str:
    client = str(folder / "client")
    await run(
        *("go", "build", "-o", client, "./docs/examples/go"),
        environment={"GO111MODULE": "off", "GOPATH": GOPATH},
        seconds=GO_BUILD_SECONDS,
    )
    return await run(client, environment=services.environment)


@pytest.mark.parametrize("run_client", [run_python, run_node, run_go])
async def test_an_example_lists_users_and_receives_the_event_that_it_publishes(
    services, tmp_path, run_client
):
    printed = OUTPUT.fullmatch(await run_client(services, tmp_path))
    assert printed
    assert json.loads(printed[2]) == {"format": "csv"}
    request = events_pb2.ListEventsRequest(type="report.created")
    (event,) = (await services.log.ListEvents(request)).events
    assert (event.position, event.source) == (int(printed[1]), "reports")
    assert dict(event.data) == {"format": "csv"}
