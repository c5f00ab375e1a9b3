"""Checkpoints of the log: published outside its database, so that a rewrite can be detected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.events.domain.entries import Head


@dataclass(frozen=True)
class Publication:
    """The last publication on a channel, and the error of the last try if it failed."""

    position: int = 0
    time: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class PublishedHead:
    """The head that was published last, when, and the publication on each channel by name."""

    head: Head
    time: datetime
    publications: Mapping[str, Publication]


@dataclass(frozen=True)
class Checkpoint:
    """The head of the log at a time, and the event before the first that is kept."""

    head: Head
    floor: Head
    time: datetime

    def line(self) -> str:
        """Return the checkpoint as a line of JSON, without the line break."""
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
        """Read a line that `line` wrote.

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
            raise ValueError(f"It is no checkpoint: {error}") from None


class ChannelError(Exception):
    """A channel did not take a checkpoint, or its content is wrong. The message says why."""


class Channel(Protocol):
    """A place to publish checkpoints. `echoes`: publishing makes events of its own."""

    name: str
    echoes: bool

    async def publish(self, checkpoint: Checkpoint) -> None:
        """Publish a checkpoint.

        Raises:
            ChannelError: The channel did not take it.
        """
        ...
