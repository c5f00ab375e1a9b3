"""Checkpoints of the log, published outside the database to make a rewrite detectable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.events.domain.entries import Head


@dataclass(frozen=True)
class Publication:
    """The last successful publication on a channel.

    `error` is the error of the latest attempt, empty if it succeeded.
    """

    position: int = 0
    time: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class PublishedHead:
    """The head that was published last, and the state of each channel by its name."""

    head: Head
    time: datetime
    publications: Mapping[str, Publication]


@dataclass(frozen=True)
class Checkpoint:
    """The head and the floor of the log at a time.

    The floor is the last event that retention has removed.
    """

    head: Head
    floor: Head
    time: datetime

    def line(self) -> str:
        """Return the checkpoint as one line of JSON, without a line break."""
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
        """Parse a line that `line` returned.

        Raises:
            ValueError: The line is not a checkpoint.
        """
        content: dict[str, Any] = json.loads(line)
        try:
            return cls(
                Head(int(content["position"]), bytes.fromhex(content["hash"])),
                Head(int(content["floor_position"]), bytes.fromhex(content["floor_hash"])),
                datetime.fromisoformat(content["time"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"Not a checkpoint: {error}") from None


class ChannelError(Exception):
    """Publishing or reading checkpoints failed. The message gives the reason."""


class CheckpointChannel(Protocol):
    """A place outside the database where checkpoints are published.

    `causes_events` is True if publishing itself appends events to the log.
    """

    name: str
    causes_events: bool

    async def publish(self, checkpoint: Checkpoint) -> None:
        """Publish a checkpoint.

        Raises:
            ChannelError: The channel is unavailable or refuses the checkpoint.
        """
        ...
