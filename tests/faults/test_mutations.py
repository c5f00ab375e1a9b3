"""The harness can fail: without a safeguard it is red, and tells which promise was broken."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(480)

SECONDS = 400
ANSWERS = "a call is answered or told what is away"
QUEUES = "queues are empty and everything runs in the end"
BROKEN = {
    "fence": {"events of an outbox key are in the order of its rows"},
    "idempotency": {ANSWERS, QUEUES},
    "position": {"a reaction takes effect once"},
    "head-lock": {"nothing is tried again but what was away"},
    "gap-check": {"a subscriber sees every event once, in order"},
}
"""What each mutation breaks, one of it at least."""
KILLS = ("kill:users", "kill:users-2")
FAULTS = (*KILLS, "swallow:postgres", "cut:postgres")


def run(*arguments: str, faults: tuple[str, ...] = FAULTS) -> dict:
    """Runs the harness for 20 seconds. Returns its last line."""
    command = [sys.executable, "-m", "tests.faults", "--seed", "1", "--minutes", "0.35"]
    command += ["--events", "600", "--faults", "8"]
    command += [word for fault in faults for word in ("--only", fault)]
    # NiceGUI behaves differently when it believes to be under test.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    with subprocess.Popen(
        [*command, *arguments], env=inherited, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=SECONDS)
        finally:
            # It stops what it started.
            process.terminate()
    told = json.loads(output.splitlines()[-1])
    assert process.returncode == bool(told["violations"]), output
    return told


def test_it_is_green_as_it_is():
    assert run()["broken"] == {}


@pytest.mark.parametrize("mutation", BROKEN)
def test_it_is_red_without(mutation):
    # An effect is lost if its process is killed in the moment before it.
    faults = KILLS if mutation == "position" else FAULTS
    assert BROKEN[mutation] & run("--mutate", mutation, faults=faults)["broken"].keys()
