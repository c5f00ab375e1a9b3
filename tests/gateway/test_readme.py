"""The commands of gateway/README.md, run unchanged."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from gateway.__main__ import make_parser
from tests.gateway.program import ENVIRONMENT, ROOT, free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_its_commands_work():
    readme = (ROOT / "gateway" / "README.md").read_text()
    blocks = [part.split("```")[0] for part in readme.split("```sh\n")[1:]]
    upstream, port = str(free_port()), free_port()
    starting, asking = (
        block.replace("50051", upstream).replace("8080", str(port)) for block in blocks
    )
    environment = ENVIRONMENT | {
        "LIBRAL_GATEWAY_PORT": str(port),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    shell = await asyncio.create_subprocess_exec(
        *("sh", "-c", starting + "wait"), env=environment, start_new_session=True
    )
    try:
        await open_port(port)
        asked = await asyncio.create_subprocess_exec(
            *("sh", "-c", asking.replace("curl -N", "curl -sN --max-time 1")),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(asked.communicate(), 20)
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        await shell.wait()
    assert out.startswith(b'{"status":"SERVING"}data: {"status":"SERVING"}\n\n{"openapi":')


async def open_port(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def test_its_options_are_those_of_the_command_line():
    readme = (ROOT / "gateway" / "README.md").read_text()
    shown = {line.split("`")[1].split()[0] for line in readme.splitlines() if "| `--" in line[:5]}
    known = {
        action.option_strings[-1]
        for action in make_parser()._actions
        if action.help != argparse.SUPPRESS
    }
    assert shown == known - {"--help"}
