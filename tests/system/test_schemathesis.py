"""Schemathesis calls a whole mesh as an admin: no response is a server error.

It changes data, so it runs after the tests that come before it in name order.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.timeout(300)

EXAMPLES = int(os.environ.get("SCHEMATHESIS_N", "3"))
SECONDS = 240
REQUESTS_MIN = 500
# These stop services or sign out the caller, and streams do not end.
EXCLUDED = r":(start|stop|restart|logout|stream)$"


def test_no_answer_is_a_server_error(mesh, tmp_path):
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            *(program, "run", f"{mesh.gateway}/openapi.json", "--checks", "not_a_server_error"),
            *("--max-examples", str(EXAMPLES), "--phases", "coverage,fuzzing", "--seed", "1"),
            *("--request-timeout", "10", "--suppress-health-check", "all", "--no-color"),
            *("--warnings", "off", "--exclude-path-regex", EXCLUDED),
            *("--header", f"authorization: Bearer {mesh.token()}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (requested,) = re.findall(r"(\d+) generated", done.stdout)
    assert int(requested) > REQUESTS_MIN
    assert httpx.get(f"{mesh.gateway}/readyz", trust_env=False).status_code == 200
