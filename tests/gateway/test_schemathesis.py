"""Schemathesis reads `/openapi.json` and asks what it describes, rightly and wrongly."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = int(os.environ.get("SCHEMATHESIS_N", "20"))
SECONDS = 100
# `fail` answers with whatever error it is asked for, and `sleep` not within the deadline.
EXCLUDED = ("/v1/fail", "/v1/sleep")


async def test_no_request_makes_a_server_error(gateway, echo, tmp_path):
    """A stream that waits is bounded by the time that the client gives."""
    options = [
        *("--checks", "not_a_server_error"),
        *("--max-examples", str(EXAMPLES)),
        *("--request-timeout", "5", "--suppress-health-check", "all"),
        *("--seed", "1", "--no-color"),
        *("--header", "x-request-timeout: 1"),
    ]
    for path in EXCLUDED:
        options += ["--exclude-path", path]
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        *(program, "run", f"{gateway.url}/openapi.json", *options),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, output.decode()
