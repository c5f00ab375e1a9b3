"""The harness can fail: without a safeguard it is red, and tells which promise was broken."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(240)

SECONDS = 150
ANSWERS = "a call is answered or told what is away"
QUEUES = "queues are empty and everything runs in the end"
BROKEN = {
    "fence": {"events of an outbox key are in the order of its rows"},
    "idempotency": {ANSWERS, QUEUES},
    "position": {"a reaction takes effect once"},
    "head-lock": {ANSWERS},
    "gap-check": {"a subscriber sees every event once, in order"},
}
"""What each mutation breaks, one of it at least."""
FAULTS = ("kill:users", "swallow:postgres", "cut:postgres")


def run(*arguments: str) -> dict:
    """Runs the harness for 20 seconds. Returns its last line."""
    command = [sys.executable, "-m", "tests.faults", "--seed", "1", "--minutes", "0.35"]
    command += ["--events", "600", "--faults", "4"]
    command += [word for fault in FAULTS for word in ("--only", fault)]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == bool(told["violations"]), done.stdout
    return told


def test_it_is_green_as_it_is():
    assert run()["broken"] == {}


@pytest.mark.parametrize("mutation", BROKEN)
def test_it_is_red_without(mutation):
    assert BROKEN[mutation] & run("--mutate", mutation)["broken"].keys()
