"""The processes of a local mesh, and the memory that they use."""

import time
from dataclasses import asdict, dataclass

import psutil

from deploy.local.home import Home
from deploy.local.supervision import SupervisordClient

MIB = 1024 * 1024


@dataclass(frozen=True)
class ProcessRow:
    """A process of the mesh. Memory is in bytes: PSS on Linux, RSS elsewhere."""

    module: str
    state: str
    pid: int
    uptime_seconds: int
    memory_bytes: int
    python: bool


@dataclass(frozen=True)
class MeshReport:
    """All processes of a mesh."""

    rows: list[ProcessRow]

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


def make_report(home: Home) -> MeshReport:
    """Return a report from supervisord and the system. It is empty if no mesh runs."""
    supervisor = SupervisordClient(home)
    if not supervisor.is_running():
        return MeshReport([])
    supervisor_pid = supervisor.pid()
    rows = [
        ProcessRow(
            "supervisor", "RUNNING", supervisor_pid, *measure_process(supervisor_pid), python=True
        )
    ]
    for process in supervisor.processes():
        name, pid = str(process["name"]), int(process["pid"])
        python = name not in {"postgres", "valkey"}
        rows.append(
            ProcessRow(name, str(process["statename"]), pid, *measure_process(pid), python=python)
        )
    parent = psutil.Process(supervisor_pid).parent()
    if parent is not None and "deploy.local" in " ".join(parent.cmdline()):
        rows.append(
            ProcessRow("runner", "RUNNING", parent.pid, *measure_process(parent.pid), python=True)
        )
    return MeshReport(rows)


def measure_process(pid: int) -> tuple[int, int]:
    """Return uptime in seconds and memory in bytes. For PostgreSQL, memory includes children."""
    if not pid:
        return 0, 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if is_postgres(process) else [process]
        memory = sum(process_memory(one) for one in family)
        return int(time.time() - process.create_time()), memory
    except psutil.Error:
        return 0, 0


def is_postgres(process: psutil.Process) -> bool:
    return process.name() == "postgres"


def process_memory(process: psutil.Process) -> int:
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", 0) or memory.rss)
