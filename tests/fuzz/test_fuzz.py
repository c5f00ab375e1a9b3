"""A short run of each fuzz target; `make fuzz` runs the long ones."""

import os
import subprocess
import sys

import pytest

RUNS = 20_000


@pytest.mark.parametrize("target", ["template", "query", "json"])
def test_nothing_crashes(target):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, "--runs", str(RUNS)],
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{target}: {RUNS} runs" in done.stdout
