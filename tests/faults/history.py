"""What was asked of the mesh, what it acknowledged, and what was done to it meanwhile."""

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
    """A command to the mesh, sent again until it was acknowledged."""

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
class Blow:
    """A fault as it was dealt. `what` tells what it hit."""

    number: int
    kind: str
    what: str
    begun: float
    ended: float | None = None


class History:
    """All operations and faults of a run. Times are seconds since its start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.operations: list[Operation] = []
        self.blows: list[Blow] = []
        self.surprises: list[tuple[str, str]] = []
        self._by_key: dict[str, list[Operation]] = defaultdict(list)

    def now(self) -> float:
        return time.monotonic() - self._start

    def begin(self, key: str, kind: str, **values: Any) -> Operation:
        operation = Operation(key, kind, values, self.now())
        self.operations.append(operation)
        self._by_key[key].append(operation)
        return operation

    def tried(self, operation: Operation, outcome: str) -> None:
        operation.tries.append((self.now(), outcome))

    def acknowledge(self, operation: Operation, outcome: str = "ok") -> None:
        self.tried(operation, outcome)
        operation.ended = self.now()

    def surprise(self, key: str, text: str) -> None:
        """Notes an answer that no fault explains."""
        self.surprises.append((key, text))

    def strike(self, kind: str, what: str) -> Blow:
        blow = Blow(len(self.blows) + 1, kind, what, self.now())
        self.blows.append(blow)
        return blow

    def of(self, kind: str) -> list[Operation]:
        return [each for each in self.operations if each.kind == kind and each.acknowledged]

    def dump(self, path: Path) -> None:
        """Writes the last operations, and all faults, as lines of JSON."""
        kept = [*self.blows, *self.operations[-KEPT_MAX:]]
        kept.sort(key=lambda each: each.begun)
        path.write_text("".join(f"{json.dumps(vars(each))}\n" for each in kept))

    def around(self, key: str) -> list[str]:
        """Tells the operations on a key, and the faults about them, in the order of time."""
        found = self._by_key.get(key, [])
        lines = [(each.begun, f"{each.kind} {key} {each.values}") for each in found]
        lines += [(at, f"  {each.kind} → {said}") for each in found for at, said in each.tries]
        if lines:
            first, last = min(lines)[0] - AROUND_SECONDS, max(lines)[0] + AROUND_SECONDS
            lines += [
                (blow.begun, f"! fault {blow.number}: {blow.kind} {blow.what}")
                for blow in self.blows
                if blow.begun <= last and (blow.ended or last) >= first
            ]
        return [f"{at:9.3f} {text}" for at, text in sorted(lines)][:SHOWN_MAX]
