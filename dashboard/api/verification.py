"""Models of the verification of the log: the hash chain and the checkpoints."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import Json, flag, integer, message, messages, string, time


@dataclass(frozen=True)
class Defect:
    """A defect of an event. `message` is in Japanese, or empty if the gateway sent none."""

    code: str
    message: str

    @classmethod
    def parse(cls, found: Json) -> "Defect":
        localized = message(found, "localizedMessage")
        return cls(code=string(found, "code"), message=string(localized, "message"))


@dataclass(frozen=True)
class Verification:
    """The result for one range. A `next_start` of 0 means that the head was reached."""

    valid: bool
    checked_count: int
    next_start: int
    first_bad_position: int | None
    defect: Defect

    @classmethod
    def parse(cls, found: Json) -> "Verification":
        return cls(
            valid=flag(found, "valid"),
            checked_count=integer(found, "checkedCount") or 0,
            next_start=integer(found, "nextStart") or 0,
            first_bad_position=integer(found, "firstBadPosition"),
            defect=Defect.parse(message(found, "defect")),
        )


@dataclass(frozen=True)
class Publication:
    """The last publication of a checkpoint on a channel. `error` is empty if it succeeded."""

    channel: str
    enabled: bool
    position: int | None
    publish_time: datetime | None
    error: str

    @classmethod
    def parse(cls, found: Json) -> "Publication":
        return cls(
            channel=string(found, "channel"),
            enabled=flag(found, "enabled"),
            position=integer(found, "position"),
            publish_time=time(found, "publishTime"),
            error=string(found, "error"),
        )


@dataclass(frozen=True)
class Checkpoint:
    """A log position with its hash, and the channels to which it was published."""

    position: int | None
    hash: bytes
    create_time: datetime | None
    publications: Sequence[Publication]

    @classmethod
    def parse(cls, found: Json) -> "Checkpoint":
        return cls(
            position=integer(found, "position"),
            hash=base64.b64decode(string(found, "hash")),
            create_time=time(found, "createTime"),
            publications=[Publication.parse(one) for one in messages(found, "publications")],
        )
