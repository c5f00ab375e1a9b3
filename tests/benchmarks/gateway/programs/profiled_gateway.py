"""The gateway under a profiler with a CPU-time clock, from SIGUSR1 to SIGUSR2.

python -m tests.benchmarks.gateway.programs.profiled_gateway RESULT

RESULT becomes a JSON object: the CPU seconds of the process between the signals, and for each
function its file, line, name, number of calls, and own seconds.
"""

import cProfile
import json
import signal
import sys
import time
from pathlib import Path

from gateway.__main__ import main


class Window:
    """The profiled period."""

    def __init__(self, result: Path) -> None:
        self._result = result
        self._profiler = cProfile.Profile(time.process_time)
        self._began = 0.0

    def open(self, *_: object) -> None:
        self._began = time.process_time()
        self._profiler.enable()

    def close(self, *_: object) -> None:
        self._profiler.disable()
        seconds = time.process_time() - self._began
        self._profiler.create_stats()
        rows = [
            [*place, calls, own] for place, (_, calls, own, _, _) in self._profiler.stats.items()
        ]
        self._result.write_text(json.dumps({"seconds": seconds, "functions": rows}))


if __name__ == "__main__":
    window = Window(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGUSR1, window.open)
    signal.signal(signal.SIGUSR2, window.close)
    main()
