"""Run a service like its `__main__`, with a clock that faults can move and optionally a mutation.

python -m tests.faults.service SERVICE
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
    service = sys.argv[1]
    if mutation := os.environ.get(MUTATION):
        mutations.apply(mutation)
    build = importlib.import_module(f"services.{service}.__main__").build
    run(service, build, MovedClock(Path(os.environ[CLOCK])))


if __name__ == "__main__":
    main()
