"""Reasons of module states: a code, and its message in English."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class ReasonCode(IntEnum):
    """The reason of a state: the values of `libral.metrics.v1.Module.StateReason.Code`."""

    NOT_CHECKED = 1
    CHECK_EXPIRED = 2
    PROCESS_STOPPED = 3
    PROCESS_START_FAILED = 4
    PROCESS_CRASHED = 5
    PROCESS_STARTING = 6
    CONNECTION_REFUSED = 7
    NOT_SERVING = 8
    REPORTED_NOT_SERVING = 9
    CHECK_FAILED = 10
    CHECK_BAD_STATUS = 11
    CHECK_SLOW = 12
    CPU_HIGH = 13


MESSAGES = {
    ReasonCode.NOT_CHECKED: "It was not checked yet.",
    ReasonCode.CHECK_EXPIRED: "The last check is too old.",
    ReasonCode.PROCESS_STOPPED: "The process does not run.",
    ReasonCode.PROCESS_START_FAILED: "The process does not start.",
    ReasonCode.PROCESS_CRASHED: "The process ended unexpectedly and is restarting.",
    ReasonCode.PROCESS_STARTING: "It is starting.",
    ReasonCode.CONNECTION_REFUSED: "Nothing listens at its address.",
    ReasonCode.NOT_SERVING: "It does not serve.",
    ReasonCode.REPORTED_NOT_SERVING: "It reports that it does not serve.",
    ReasonCode.CHECK_FAILED: "The health check failed: {error}.",
    ReasonCode.CHECK_BAD_STATUS: "The health check returned status {status}.",
    ReasonCode.CHECK_SLOW: "The health check took {milliseconds} ms.",
    ReasonCode.CPU_HIGH: "It used {percent}% of a core over {seconds} seconds.",
}
GRPC_FAILURE = "The health check ended with {error}."


@dataclass(frozen=True)
class StateReason:
    """A reason code and the values of its message placeholders.

    `metadata["detail"]` is the text of the process manager, if it gave one.
    """

    code: ReasonCode
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def message(self) -> str:
        """The reason in English. The text of the process manager takes precedence."""
        form = self.metadata.get("detail") and "{detail}"
        return (form or self._form()).format_map(self.metadata)

    def _form(self) -> str:
        # gRPC codes are upper case; names of exceptions are CamelCase.
        if self.code is ReasonCode.CHECK_FAILED and self.metadata["error"].isupper():
            return GRPC_FAILURE
        return MESSAGES[self.code]


def process_reason(code: ReasonCode, detail: str) -> StateReason:
    """Return the reason of a process that does not run, with the process manager's text."""
    return StateReason(code, {"detail": detail} if detail else {})
