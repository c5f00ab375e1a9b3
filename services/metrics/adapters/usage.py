"""CPU and memory usage of processes on this machine, from psutil."""

import time

import psutil

from services.metrics.domain.modules import ProcessUsage


class UsageMeter:
    """Measures the usage of module processes. PostgreSQL includes its child processes.

    CPU usage is the average since the previous measurement.
    """

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, float, float]] = {}

    def measure_process(self, module: str, pid: int) -> ProcessUsage:
        """Return the usage of a process, without figures if it does not exist."""
        try:
            family = family_of(psutil.Process(pid))
            memory = sum(map(memory_of, family))
            spent = sum(map(cpu_seconds_of, family))
        except (psutil.Error, OSError):
            self._before.pop(module, None)
            return ProcessUsage()
        now = time.monotonic()
        known, then, spent_before = self._before.get(module, (0, 0.0, 0.0))
        self._before[module] = (pid, now, spent)
        cpu = max(spent - spent_before, 0.0) / (now - then) if known == pid else None
        return ProcessUsage(memory, cpu)


def family_of(process: psutil.Process) -> list[psutil.Process]:
    children = process.children(recursive=True) if process.name() == "postgres" else []
    return [process, *children]


def memory_of(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", 0) or memory.rss)


def cpu_seconds_of(process: psutil.Process) -> float:
    """Return the CPU time in seconds of a process and of its children that have ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
