"""Runs a room as its `__main__` does, with a clock that faults move and perhaps one mutation.

python -m tests.faults.service ROOM
"""

import importlib
import os
import sys
from pathlib import Path

from services.kernel.server import run
from tests.faults import mutations
from tests.faults.clock import MovedClock

CLOCK = "FAULTS_CLOCK"
MUTATION = "FAULTS_MUTATION"


def main() -> None:
    room = sys.argv[1]
    if mutation := os.environ.get(MUTATION):
        mutations.apply(mutation)
    build = importlib.import_module(f"services.{room}.__main__").build
    run(room, build, MovedClock(Path(os.environ[CLOCK])))


if __name__ == "__main__":
    main()
