"""What is told of the log outside of its database, so that a rewritten log is found out."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.events.domain.entries import Head


@dataclass(frozen=True)
class Mark:
    """The last time that a checkpoint was told on a channel, and why not if it failed."""

    position: int = 0
    time: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """The head of the log at a time, and the event before the first that is kept."""

    head: Head
    floor: Head
    time: datetime

    def line(self) -> str:
        """Writes it as a line of JSON."""
        content = {
            "time": self.time.isoformat(),
            "position": self.head.position,
            "hash": self.head.hash.hex(),
            "floor_position": self.floor.position,
            "floor_hash": self.floor.hash.hex(),
        }
        return json.dumps(content)

    @classmethod
    def read(cls, line: str) -> "Checkpoint":
        """Reads a line.

        Raises:
            ValueError: It is no checkpoint.
        """
        content: dict[str, Any] = json.loads(line)
        try:
            return cls(
                Head(int(content["position"]), bytes.fromhex(content["hash"])),
                Head(int(content["floor_position"]), bytes.fromhex(content["floor_hash"])),
                datetime.fromisoformat(content["time"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"It is no checkpoint: {error}") from None
