"""Models of the verification of the log: the hash chain and the checkpoints."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    read_flag,
    read_integer,
    read_message,
    read_messages,
    read_string,
    read_time,
)


@dataclass(frozen=True)
class Defect:
    """A defect of an event. `message` is in Japanese, or empty if the gateway sent none."""

    code: str
    message: str

    @classmethod
    def parse(cls, found: Json) -> "Defect":
        localized = read_message(found, "localizedMessage")
        return cls(code=read_string(found, "code"), message=read_string(localized, "message"))


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
            valid=read_flag(found, "valid"),
            checked_count=read_integer(found, "checkedCount") or 0,
            next_start=read_integer(found, "nextStart") or 0,
            first_bad_position=read_integer(found, "firstBadPosition"),
            defect=Defect.parse(read_message(found, "defect")),
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
            channel=read_string(found, "channel"),
            enabled=read_flag(found, "enabled"),
            position=read_integer(found, "position"),
            publish_time=read_time(found, "publishTime"),
            error=read_string(found, "error"),
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
            position=read_integer(found, "position"),
            hash=base64.b64decode(read_string(found, "hash")),
            create_time=read_time(found, "createTime"),
            publications=[Publication.parse(one) for one in read_messages(found, "publications")],
        )
