"""Models of the modules of the mesh: state, reason of the state, and possible actions."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.api.fields import (
    Json,
    integer,
    message,
    messages,
    number,
    seconds,
    string,
    strings,
    time,
)

COLLECTION = "modules/"


@dataclass(frozen=True)
class StateReason:
    """Reason of a module's state. `message` is in Japanese, or empty if the gateway sent none."""

    code: str = ""
    message: str = ""

    @classmethod
    def parse(cls, found: Json) -> "StateReason":
        localized = message(found, "localizedMessage")
        return cls(code=string(found, "code"), message=string(localized, "message"))


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
            id=string(found, "name").removeprefix(COLLECTION),
            state=string(found, "state"),
            reason=StateReason.parse(message(found, "stateReason")),
            version=string(found, "version"),
            pid=integer(found, "pid"),
            start_time=time(found, "startTime"),
            check_time=time(found, "checkTime"),
            check_latency=seconds(found, "checkLatency"),
            cpu_utilization=number(found, "cpuUtilization"),
            memory_bytes=integer(found, "memoryBytes"),
            actions=strings(found, "actions"),
        )


def parse_modules(found: Json) -> list[Module]:
    return [Module.parse(one) for one in messages(found, "modules")]
