"""Schemathesis reads `/openapi.json` and sends valid and invalid requests."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = int(os.environ.get("SCHEMATHESIS_N", "10"))
SECONDS = 110
# Errors that the test services return on request are not defects of the gateway.
CONFIGURATION = """
[parameters]
"query.fail" = "false"
"query.wait" = "false"
"query.chunks" = "3"
"""
# `fail` returns the requested error, and `sleep` exceeds the deadline.
EXCLUDED = ("/v1/fail", "/v1/sleep")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


async def run(url: str, folder: Path, *options: str) -> tuple[int, str]:
    """Run Schemathesis against a gateway. Return its exit code and output."""
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    fixed = [
        *("--config-file", str(configuration), "run", f"{url}/openapi.json"),
        *("--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES)),
        *(
            "--phases",
            "coverage,fuzzing",
            "--request-timeout",
            "5",
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
        ),
        *("--seed", "1", "--no-color", "--header", "x-request-timeout: 1"),
    ]
    for path in EXCLUDED:
        fixed += ["--exclude-path", path]
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        *(program, *fixed, *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode()


async def test_methods_of_every_kind(gateway, echo, tokens, tmp_path):
    bearer = f"authorization: {tokens.bearer('ADMIN', 'VIEWER')['authorization']}"
    status, output = await run(gateway.url, tmp_path, "--header", bearer)
    assert status == 0, output


async def test_clients_that_stream(upload_gateway, upstream, tmp_path):
    status, output = await run(upload_gateway.url, tmp_path)
    assert status == 0, output
