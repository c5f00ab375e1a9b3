"""ModuleService."""

import asyncio
from collections.abc import AsyncIterator

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.errors import invalid
from services.metrics.servicer.messages import Context, span, stamp
from services.metrics.worker.modules import Module, Watch

REPEAT_SECONDS = 5.0


class ModuleServicer(metrics_pb2_grpc.ModuleServiceServicer):
    """Serves the modules."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def GetModule(
        self, request: metrics_pb2.GetModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(self._watch.module(parse_name(request.name)))

    async def ListModules(
        self, request: metrics_pb2.ListModulesRequest, context: Context
    ) -> metrics_pb2.ListModulesResponse:
        return metrics_pb2.ListModulesResponse(modules=map(self._message, self._watch.modules()))

    async def StreamModules(
        self, request: metrics_pb2.StreamModulesRequest, context: Context
    ) -> AsyncIterator[metrics_pb2.ListModulesResponse]:
        while True:
            modules = map(self._message, self._watch.modules())
            yield metrics_pb2.ListModulesResponse(modules=modules)
            try:
                async with asyncio.timeout(REPEAT_SECONDS):
                    await self._watch.change()
            except TimeoutError:
                continue

    async def StartModule(
        self, request: metrics_pb2.StartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._watch.act(parse_name(request.name), "START"))

    async def StopModule(
        self, request: metrics_pb2.StopModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._watch.act(parse_name(request.name), "STOP"))

    async def RestartModule(
        self, request: metrics_pb2.RestartModuleRequest, context: Context
    ) -> metrics_pb2.Module:
        return self._message(await self._watch.act(parse_name(request.name), "RESTART"))

    def _message(self, module: Module) -> metrics_pb2.Module:
        action = metrics_pb2.Module.Action
        return metrics_pb2.Module(
            name=f"modules/{module.name}",
            state=metrics_pb2.Module.State.ValueType(module.state),
            reason=module.reason,
            version=module.version,
            pid=module.pid,
            start_time=stamp(module.start_time),
            state_time=stamp(module.state_time),
            check_time=stamp(module.check_time),
            check_latency=span(module.check.latency_seconds if module.check else None),
            cpu_utilization=module.usage.cpu,
            memory_bytes=module.usage.memory_bytes,
            actions=[action.Value(name) for name in self._watch.actions(module)],
        )


def parse_name(name: str) -> str:
    collection, _, module = name.partition("/")
    if collection != "modules" or not module:
        raise invalid("name", "It must be modules/{module}.")
    return module
