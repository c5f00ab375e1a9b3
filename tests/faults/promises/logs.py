"""Promises of the programs' logs: no line that a fault does not explain."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, PromiseViolation

DEFECTS = frozenset({"call.defect", "tasks.stuck"})
UNEXPECTED = "Unexpected error"
"""The prefix of gRPC's log line for an exception in a handler."""
FAILED = "task.failed"
EXPLAINED = ("UnavailableError", "AioRpcError")
"""Expected errors of failed or retried tasks, caused by an unavailable dependency."""
PANIC = ("PANIC", "corrupt")
LEVELS = frozenset({"warning", "error", "critical"})
SHOWN_LENGTH = 400
NAME_LENGTH = 40


def check(evidence: Evidence) -> list[Finding]:
    defects = Finding("no log reports a defect", 0)
    retries = Finding("only unavailable dependencies are retried", 0)
    for path in sorted(evidence.mesh.home.logs.glob("*.log")):
        for line in read(path):
            violation = PromiseViolation("mesh", f"{path.name}: {str(line)[-SHOWN_LENGTH:]}")
            defects.n += 1
            if is_defect(line):
                defects.violations.append(violation)
            if is_retry(line):
                retries.n += 1
                if line["error"] not in EXPLAINED:
                    retries.violations.append(violation)
    return [defects, retries]


def read(path: Path) -> Iterator[Any]:
    """Yield the lines of a log: parsed if JSON, text otherwise."""
    with path.open(errors="replace") as lines:
        for line in lines:
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                yield line.rstrip()


def is_defect(line: Any) -> bool:
    if not isinstance(line, dict):
        return any(word in str(line) for word in PANIC)
    event = str(line.get("event"))
    if event.startswith(UNEXPECTED):
        return True
    if event == FAILED:
        reason = str(line.get("exception", "")).strip().rpartition("\n")[2]
        return not any(word in reason for word in EXPLAINED)
    return event in DEFECTS


def is_retry(line: Any) -> bool:
    """True if a line reports a retry of a relay or an appender with its error."""
    return isinstance(line, dict) and str(line.get("event")).endswith(".retry") and "error" in line


def count_lines(folder: Path) -> dict[str, int]:
    """Count the lines at level warning or above by program and event."""
    counts = Counter(
        f"{path.stem} {line['event'][:NAME_LENGTH]}"
        for path in folder.glob("*.log")
        for line in read(path)
        if isinstance(line, dict) and line.get("level") in LEVELS and "event" in line
    )
    return dict(counts.most_common())
