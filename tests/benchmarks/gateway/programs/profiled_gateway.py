"""The gateway under a profiler whose clock is CPU time.

python -m tests.benchmarks.gateway.programs.profiled_gateway RESULT [OPTION OF THE GATEWAY …]
"""

import cProfile
import sys
import time

from gateway.__main__ import main

if __name__ == "__main__":
    result = sys.argv.pop(1)
    profiler = cProfile.Profile(time.process_time)
    try:
        profiler.runcall(main)
    finally:
        profiler.dump_stats(result)
