"""What runs in a local mesh, and what memory it holds."""

import time
from dataclasses import asdict, dataclass

import psutil

from deploy.local.home import Home
from deploy.local.supervision import Supervisor

MIB = 1024 * 1024


@dataclass(frozen=True)
class Row:
    """A process of the mesh. Memory is PSS where Linux tells it, else RSS, in bytes."""

    module: str
    state: str
    pid: int
    uptime_seconds: int
    memory_bytes: int
    python: bool


@dataclass(frozen=True)
class Report:
    """All processes of a mesh."""

    rows: list[Row]

    @property
    def python_bytes(self) -> int:
        return sum(row.memory_bytes for row in self.rows if row.python)

    @property
    def running(self) -> bool:
        return bool(self.rows) and all(row.pid for row in self.rows)

    def as_dict(self) -> dict[str, object]:
        return {
            "modules": [asdict(row) for row in self.rows],
            "pythonBytes": self.python_bytes,
        }

    def as_text(self) -> str:
        lines = [f"{'MODULE':<12}{'STATE':<10}{'PID':>8}{'UPTIME':>10}{'MEMORY':>12}"]
        lines += [
            f"{row.module:<12}{row.state:<10}{row.pid or '-':>8}{row.uptime_seconds:>8} s"
            f"{row.memory_bytes / MIB:>8.1f} MiB"
            for row in self.rows
        ]
        lines.append(f"Python processes: {self.python_bytes / MIB:.1f} MiB PSS")
        return "\n".join(lines)


def make_report(home: Home) -> Report:
    """Asks supervisor and the system. An empty report: nothing runs."""
    supervisor = Supervisor(home)
    if not supervisor.answers():
        return Report([])
    supervisor_pid = supervisor.pid()
    rows = [Row("supervisor", "RUNNING", supervisor_pid, *measure(supervisor_pid), python=True)]
    for process in supervisor.processes():
        name, pid = str(process["name"]), int(process["pid"])
        python = name not in {"postgres", "valkey"}
        rows.append(Row(name, str(process["statename"]), pid, *measure(pid), python=python))
    parent = psutil.Process(supervisor_pid).parent()
    if parent is not None and "deploy.local" in " ".join(parent.cmdline()):
        rows.append(Row("runner", "RUNNING", parent.pid, *measure(parent.pid), python=True))
    return Report(rows)


def measure(pid: int) -> tuple[int, int]:
    """Tells the uptime in seconds and the memory in bytes of a process and its children."""
    if not pid:
        return 0, 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if is_postgres(process) else [process]
        memory = sum(memory_of(one) for one in family)
        return int(time.time() - process.create_time()), memory
    except psutil.Error:
        return 0, 0


def is_postgres(process: psutil.Process) -> bool:
    return process.name() == "postgres"


def memory_of(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", 0) or memory.rss)
