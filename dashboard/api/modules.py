"""Models of the modules of the mesh: state, reason of the state, and possible actions."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    read_integer,
    read_message,
    read_messages,
    read_number,
    read_seconds,
    read_string,
    read_strings,
    read_time,
)

COLLECTION = "modules/"


@dataclass(frozen=True)
class StateReason:
    """Reason of a module's state. `message` is in Japanese, or empty if the gateway sent none."""

    code: str = ""
    message: str = ""

    @classmethod
    def parse(cls, found: Json) -> "StateReason":
        localized = read_message(found, "localizedMessage")
        return cls(code=read_string(found, "code"), message=read_string(localized, "message"))


@dataclass(frozen=True)
class Module:
    """A process of the mesh. `cpu_utilization` is a share of one core; latency is in seconds."""

    id: str
    state: str
    reason: StateReason
    version: str
    pid: int | None
    start_time: datetime | None
    check_time: datetime | None
    check_latency: float | None
    cpu_utilization: float | None
    memory_bytes: int | None
    actions: tuple[str, ...]

    @classmethod
    def parse(cls, found: Json) -> "Module":
        return cls(
            id=read_string(found, "name").removeprefix(COLLECTION),
            state=read_string(found, "state"),
            reason=StateReason.parse(read_message(found, "stateReason")),
            version=read_string(found, "version"),
            pid=read_integer(found, "pid"),
            start_time=read_time(found, "startTime"),
            check_time=read_time(found, "checkTime"),
            check_latency=read_seconds(found, "checkLatency"),
            cpu_utilization=read_number(found, "cpuUtilization"),
            memory_bytes=read_integer(found, "memoryBytes"),
            actions=read_strings(found, "actions"),
        )


def parse_modules(found: Json) -> list[Module]:
    return [Module.parse(one) for one in read_messages(found, "modules")]
