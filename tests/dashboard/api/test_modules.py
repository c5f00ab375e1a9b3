from google.protobuf import json_format
from libral.metrics.v1 import metrics_pb2

from dashboard.api.modules import Module, StateReason, parse_modules


def test_a_module_has_a_state_reason():
    message = metrics_pb2.ListModulesResponse()
    module = message.modules.add(
        name="modules/users",
        state=metrics_pb2.Module.BUSY,
        pid=7,
        cpu_utilization=0.9,
        memory_bytes=1024,
        actions=[metrics_pb2.Module.STOP],
    )
    module.check_latency.FromMilliseconds(700)
    module.state_reason.code = metrics_pb2.Module.StateReason.CHECK_SLOW
    module.state_reason.localized_message.message = "遅い応答です。"
    (found,) = parse_modules(json_format.MessageToDict(message))
    assert (found.id, found.state, found.pid) == ("users", "BUSY", 7)
    assert found.reason == StateReason("CHECK_SLOW", "遅い応答です。")
    assert (found.check_latency, found.cpu_utilization, found.memory_bytes) == (0.7, 0.9, 1024)
    assert found.actions == ("STOP",)


def test_a_healthy_module_has_no_reason():
    found = Module.parse({"name": "modules/users", "state": "HEALTHY", "reason": "Fine."})
    assert found.reason == StateReason()
    assert found.cpu_utilization is None
