"""The operations and faults of a run: requests, acknowledgements, and injected faults."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHOWN_MAX = 40
KEPT_MAX = 5000
AROUND_SECONDS = 2.0


@dataclass
class Operation:
    """A command to the mesh, retried until it is acknowledged."""

    key: str
    kind: str
    values: dict[str, Any]
    begun: float
    tries: list[tuple[float, str]] = field(default_factory=list)
    ended: float | None = None

    @property
    def acknowledged(self) -> bool:
        return self.ended is not None


@dataclass
class DealtFault:
    """An injected fault. `what` describes its target."""

    number: int
    kind: str
    what: str
    begun: float
    ended: float | None = None


class History:
    """All operations and faults of a run. Times are in seconds since its start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.operations: list[Operation] = []
        self.faults: list[DealtFault] = []
        self.unexpected: list[tuple[str, str]] = []
        self._by_key: dict[str, list[Operation]] = defaultdict(list)

    def now(self) -> float:
        return time.monotonic() - self._start

    def begin(self, key: str, kind: str, **values: Any) -> Operation:
        operation = Operation(key, kind, values, self.now())
        self.operations.append(operation)
        self._by_key[key].append(operation)
        return operation

    def record_attempt(self, operation: Operation, outcome: str) -> None:
        operation.tries.append((self.now(), outcome))

    def acknowledge(self, operation: Operation, outcome: str = "ok") -> None:
        self.record_attempt(operation, outcome)
        operation.ended = self.now()

    def record_unexpected(self, key: str, text: str) -> None:
        """Record a response that no fault explains."""
        self.unexpected.append((key, text))

    def record_fault(self, kind: str, what: str) -> DealtFault:
        fault = DealtFault(len(self.faults) + 1, kind, what, self.now())
        self.faults.append(fault)
        return fault

    def acknowledged_operations(self, kind: str) -> list[Operation]:
        return [each for each in self.operations if each.kind == kind and each.acknowledged]

    def dump(self, path: Path) -> None:
        """Write the latest operations and all faults as JSON lines."""
        kept = [*self.faults, *self.operations[-KEPT_MAX:]]
        kept.sort(key=lambda each: each.begun)
        path.write_text("".join(f"{json.dumps(vars(each))}\n" for each in kept))

    def describe_key(self, key: str) -> list[str]:
        """Return the operations on a key and the faults around them, in time order."""
        found = self._by_key.get(key, [])
        lines = [(each.begun, f"{each.kind} {key} {each.values}") for each in found]
        lines += [
            (at, f"  {each.kind} → {outcome}") for each in found for at, outcome in each.tries
        ]
        if lines:
            first, last = min(lines)[0] - AROUND_SECONDS, max(lines)[0] + AROUND_SECONDS
            lines += [
                (fault.begun, f"! fault {fault.number}: {fault.kind} {fault.what}")
                for fault in self.faults
                if fault.begun <= last and (fault.ended or last) >= first
            ]
        return [f"{at:9.3f} {text}" for at, text in sorted(lines)][:SHOWN_MAX]
