"""ModuleService: contract ↔ service."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from google.rpc.error_details_pb2 import LocalizedMessage
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.messages import duration, parse_name, timestamp
from services.kernel.rpc.pipeline import Context
from services.metrics import text
from services.metrics.domain.modules import Module, ModuleAction
from services.metrics.domain.reasons import StateReason
from services.metrics.service.module_controller import ModuleController
from services.metrics.service.modules import ModuleMonitor

COLLECTION = "modules"


class ModuleServicer(metrics_pb2_grpc.ModuleServiceServicer):
    """Serves modules and their actions."""

    def __init__(self, monitor: ModuleMonitor, actions: ModuleController) -> None:
        self._monitor = monitor
        self._controller = actions

    async def GetModule(
        self, request: metrics_pb2.GetModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(self._monitor.get_module(parse_name(request.name, COLLECTION)))

    async def ListModules(
        self, request: metrics_pb2.ListModulesRequest, context: Context
    ) -> metrics_pb2.ListModulesResponse:
        return self._list_message(self._monitor.list_modules())

    async def StreamModules(
        self, request: metrics_pb2.StreamModulesRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.ListModulesResponse]:
        async with aclosing(self._monitor.follow_modules()) as states:
            async for modules in states:
                yield self._list_message(modules)

    async def StartModule(
        self, request: metrics_pb2.StartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(
            await self._controller.run_action(
                parse_name(request.name, COLLECTION), ModuleAction.START
            )
        )

    async def StopModule(
        self, request: metrics_pb2.StopModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(
            await self._controller.run_action(
                parse_name(request.name, COLLECTION), ModuleAction.STOP
            )
        )

    async def RestartModule(
        self, request: metrics_pb2.RestartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(
            await self._controller.run_action(
                parse_name(request.name, COLLECTION), ModuleAction.RESTART
            )
        )

    def _list_message(self, modules: list[Module]) -> metrics_pb2.ListModulesResponse:
        return metrics_pb2.ListModulesResponse(modules=map(self._message, modules))

    def _message(self, module: Module) -> metrics_pb2.Module:
        return module_message(module, self._controller.available_actions(module))


def module_message(module: Module, actions: list[ModuleAction]) -> metrics_pb2.Module:
    return metrics_pb2.Module(
        name=f"{COLLECTION}/{module.name}",
        state=metrics_pb2.Module.State.ValueType(module.state),
        reason=module.message,
        state_reason=reason_message(module.reason) if module.reason else None,
        version=module.version,
        pid=module.pid,
        start_time=timestamp(module.start_time),
        state_time=timestamp(module.state_time),
        check_time=timestamp(module.check_time),
        check_latency=duration(module.check.latency_seconds if module.check else None),
        cpu_utilization=module.usage.cpu,
        memory_bytes=module.usage.memory_bytes,
        actions=map(metrics_pb2.Module.Action.ValueType, actions),
    )


def reason_message(reason: StateReason) -> metrics_pb2.Module.StateReason:
    words = text.reason_text(reason.code.name, reason.metadata)
    return metrics_pb2.Module.StateReason(
        code=metrics_pb2.Module.StateReason.Code.ValueType(reason.code),
        metadata=reason.metadata,
        localized_message=LocalizedMessage(locale="ja", message=words),
    )
