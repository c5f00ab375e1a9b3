"""The health check of a container exits with 0 only while the service is_serving."""

import os
import subprocess
import sys

from services.kernel.probe import is_serving
from services.users.__main__ import build


async def probe(listen: str) -> int:
    environment = os.environ | {"SERVICE": "users", "LIBRAL_USERS_LISTEN": listen}
    import asyncio  # noqa: PLC0415 - beside its one use

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.kernel.probe",
        env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert said == b""
    return process.returncode


async def test_a_service_that_serves(mesh, users_environment):
    running = await mesh.start("users", build, users_environment)
    assert await probe(f"0.0.0.0:{running.port}") == 0


def test_nothing_that_listens():
    assert not is_serving("127.0.0.1:9")
