"""A run of the harness that is short enough for tests."""

import json
import os
import subprocess
import sys

SECONDS = 400
KILLS = ("kill:users", "kill:users-2")
FAULTS = (*KILLS, "swallow:postgres", "cut:postgres")


def run(*arguments: str, faults: tuple[str, ...] = FAULTS) -> dict:
    """Run the harness for 20 seconds. Return the object of its last line."""
    command = [sys.executable, "-m", "tests.faults", "--seed", "1", "--minutes", "0.35"]
    command += ["--events", "600", "--faults", "8"]
    command += [word for fault in faults for word in ("--only", fault)]
    # NiceGUI behaves differently if this variable is set.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    with subprocess.Popen(
        [*command, *arguments], env=inherited, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            output, _ = process.communicate(timeout=SECONDS)
        finally:
            # The harness stops its child processes on SIGTERM.
            process.terminate()
    # pytest shows the output of a failed test.
    print(output)
    result = json.loads(output.splitlines()[-1])
    assert process.returncode == bool(result["violations"]), output
    return result
