"""ModuleService."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from google.rpc.error_details_pb2 import LocalizedMessage
from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.errors import invalid
from services.metrics import text
from services.metrics.domain.modules import Action, Module
from services.metrics.domain.reasons import Reason
from services.metrics.service.module_actions import ModuleActions
from services.metrics.service.modules import ModuleMonitor
from services.metrics.servicer.messages import Context, span, stamp


class ModuleServicer(metrics_pb2_grpc.ModuleServiceServicer):
    """Serve the modules and act on them."""

    def __init__(self, monitor: ModuleMonitor, actions: ModuleActions) -> None:
        self._monitor = monitor
        self._actions = actions

    async def GetModule(
        self, request: metrics_pb2.GetModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(self._monitor.module(parse_name(request.name)))

    async def ListModules(
        self, request: metrics_pb2.ListModulesRequest, context: Context
    ) -> metrics_pb2.ListModulesResponse:
        return self._list_message(self._monitor.modules())

    async def StreamModules(
        self, request: metrics_pb2.StreamModulesRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.ListModulesResponse]:
        async with aclosing(self._monitor.follow()) as states:
            async for modules in states:
                yield self._list_message(modules)

    async def StartModule(
        self, request: metrics_pb2.StartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._actions.act(parse_name(request.name), Action.START))

    async def StopModule(
        self, request: metrics_pb2.StopModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._actions.act(parse_name(request.name), Action.STOP))

    async def RestartModule(
        self, request: metrics_pb2.RestartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._actions.act(parse_name(request.name), Action.RESTART))

    def _list_message(self, modules: list[Module]) -> metrics_pb2.ListModulesResponse:
        return metrics_pb2.ListModulesResponse(modules=map(self._message, modules))

    def _message(self, module: Module) -> metrics_pb2.Module:
        return module_message(module, self._actions.available(module))


def module_message(module: Module, actions: list[Action]) -> metrics_pb2.Module:
    return metrics_pb2.Module(
        name=f"modules/{module.name}",
        state=metrics_pb2.Module.State.ValueType(module.state),
        reason=module.message,
        state_reason=reason_message(module.reason) if module.reason else None,
        version=module.version,
        pid=module.pid,
        start_time=stamp(module.start_time),
        state_time=stamp(module.state_time),
        check_time=stamp(module.check_time),
        check_latency=span(module.check.latency_seconds if module.check else None),
        cpu_utilization=module.usage.cpu,
        memory_bytes=module.usage.memory_bytes,
        actions=map(metrics_pb2.Module.Action.ValueType, actions),
    )


def reason_message(reason: Reason) -> metrics_pb2.Module.StateReason:
    words = text.reason_text(reason.code.name, reason.metadata)
    return metrics_pb2.Module.StateReason(
        code=metrics_pb2.Module.StateReason.Code.ValueType(reason.code),
        metadata=reason.metadata,
        localized_message=LocalizedMessage(locale="ja", message=words),
    )


def parse_name(name: str) -> str:
    collection, _, module = name.partition("/")
    if collection != "modules" or not module:
        raise invalid("name", "It must be modules/{module}.")
    return module
