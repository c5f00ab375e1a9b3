import pytest
from libral.metrics.v1 import metrics_pb2

from services.metrics.domain.reasons import ReasonCode, StateReason, process_reason


def test_the_codes_are_those_of_the_contract():
    codes = dict(metrics_pb2.Module.StateReason.Code.items())
    assert {one.name: one.value for one in ReasonCode} | {"CODE_UNSPECIFIED": 0} == codes


@pytest.mark.parametrize(
    ("code", "metadata", "message"),
    [
        (ReasonCode.NOT_CHECKED, {}, "It was not checked yet."),
        (ReasonCode.CHECK_EXPIRED, {}, "The last check is too old."),
        (ReasonCode.PROCESS_STOPPED, {}, "The process does not run."),
        (ReasonCode.PROCESS_START_FAILED, {}, "The process does not start."),
        (ReasonCode.PROCESS_CRASHED, {}, "The process ended unexpectedly and is restarting."),
        (ReasonCode.PROCESS_STARTING, {}, "It is starting."),
        (ReasonCode.CONNECTION_REFUSED, {}, "Nothing listens at its address."),
        (ReasonCode.NOT_SERVING, {}, "It does not serve."),
        (ReasonCode.REPORTED_NOT_SERVING, {}, "It reports that it does not serve."),
        (
            ReasonCode.CHECK_FAILED,
            {"error": "DEADLINE_EXCEEDED"},
            "The health check ended with DEADLINE_EXCEEDED.",
        ),
        (
            ReasonCode.CHECK_FAILED,
            {"error": "TimeoutError"},
            "The health check failed: TimeoutError.",
        ),
        (ReasonCode.CHECK_BAD_STATUS, {"status": "503"}, "The health check returned status 503."),
        (ReasonCode.CHECK_SLOW, {"milliseconds": "700"}, "The health check took 700 ms."),
        (
            ReasonCode.CPU_HIGH,
            {"percent": "95", "seconds": "30"},
            "It used 95% of a core over 30 seconds.",
        ),
    ],
)
def test_each_code_has_its_message(code, metadata, message):
    assert StateReason(code, metadata).message == message


def test_the_text_of_the_process_manager_is_kept():
    reason = process_reason(ReasonCode.PROCESS_START_FAILED, "can't find {command}")
    assert reason.metadata == {"detail": "can't find {command}"}
    assert reason.message == "can't find {command}"
    assert process_reason(ReasonCode.PROCESS_STOPPED, "").metadata == {}
