"""The pipeline around every call: authentication, policy, deadline, errors, log and metrics."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import grpc
import structlog
from grpc_status import rpc_status
from libral.policy.v1 import policy_pb2

from services.common.telemetry import Meter
from services.kernel.calls import ANONYMOUS, CallContext, Caller, enter_call
from services.kernel.errors import LibralError, UnavailableError, invalid
from services.kernel.rpc.audit import AuditWriter, open_record
from services.kernel.rpc.deadlines import Deadline
from services.kernel.rpc.policies import Policies, enforce_rule, role_names
from services.kernel.rpc.registration import Handler, handlers_of, service_of
from services.kernel.rpc.tokens import TokenVerifier, unauthenticated
from services.kernel.status import InternalError, as_libral_error, to_status

BEARER = "Bearer "
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
UNARY_SECONDS = 10.0
DURATION = "rpc.server.duration"
CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
OK = 0
CANCELLED = 1

log = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class MethodPolicy:
    """A method, as `/package.Service/Method`, with its access rule and the names of its roles."""

    path: str
    rule: policy_pb2.Rule
    role_names: frozenset[str]


class Pipeline:
    """Wraps the methods of Libral's contracts. Others, such as health, stay unwrapped."""

    def __init__(
        self, policies: Policies, verifier: TokenVerifier, meter: Meter, audit: AuditWriter
    ) -> None:
        self._policies = policies
        self._verifier = verifier
        self._meter = meter
        self._audit = audit
        self._streams: set[asyncio.Task[Any]] = set()
        self._draining = False
        self._log = log.bind()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def register_servicers(self, server: grpc.aio.Server, servicers: Sequence[object]) -> None:
        """Add servicers to a server, with every method wrapped.

        Unlike an interceptor, which wraps each call, this wraps each method once.

        Raises:
            TypeError: A servicer implements no contract, or a method streams from the client.
        """
        for servicer in servicers:
            service = service_of(servicer)
            handlers = {
                name: self.wrap_handler(f"/{service.full_name}/{name}", handler)
                for name, handler in handlers_of(servicer, service).items()
            }
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            server.add_generic_rpc_handlers((generic,))
            server.add_registered_method_handlers(service.full_name, handlers)

    def drain(self) -> None:
        """Reject new calls, and end open streams with UNAVAILABLE: clients reconnect elsewhere."""
        self._draining = True
        for task in self._streams:
            task.cancel()

    def wrap_handler(self, path: str, handler: Handler) -> Handler:
        """Return the handler of a method, wrapped if the method has a rule.

        Raises:
            TypeError: The method streams from the client.
        """
        rule = self._policies.find_rule(path)
        if rule is None:
            return handler
        method = MethodPolicy(path, rule, role_names(rule))
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, handler.unary_unary),
                handler.request_deserializer,
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, handler.unary_stream),
                handler.request_deserializer,
                handler.response_serializer,
            )
        raise TypeError(f"{path} streams from the client, which the kernel does not support.")

    def _unary(self, method: MethodPolicy, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def serve(request: Any, context: Context) -> Any:
            call = PipelineCall(method, context)
            try:
                with Deadline(self._loop, call.seconds):
                    await self._admit(call, request)
                    response = await behaviour(request, context)
                await self._record_audit(call)
            except asyncio.CancelledError:
                call.code = CANCELLED
                await self._record_audit(call)
                raise
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                known = call.record_failure(error)
                await self._record_audit(call)
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            else:
                return response
            finally:
                self._finish(call)

        return serve

    def _stream(self, method: MethodPolicy, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def serve(request: Any, context: Context) -> AsyncIterator[Any]:
            call = PipelineCall(method, context)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in a task
            self._streams.add(task)
            try:
                await self._admit(call, request)
                async with aclosing(behaviour(request, context)) as messages:
                    async for message in messages:
                        yield message
            except asyncio.CancelledError:
                if not self._draining:
                    call.code = CANCELLED
                    raise
                task.uncancel()
                known = call.record_failure(server_draining())
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                known = call.record_failure(error)
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            finally:
                self._streams.discard(task)
                self._finish(call)

        return serve

    async def _admit(self, call: PipelineCall, request: Any) -> None:
        """Authenticate the caller, enforce the rule and enter the context of the call."""
        if self._draining:
            raise server_draining()
        path, rule, metadata = call.method.path, call.method.rule, call.metadata
        request_id = request_id_of(metadata)
        audit = open_record(request, metadata, call.peer()) if rule.audited else None
        call.context = CallContext(path, request_id, ANONYMOUS, audit)
        if authorization := metadata.get("authorization", ""):
            caller = await self._identify(authorization)
            call.context = CallContext(path, request_id, caller, audit)
        enforce_rule(rule, call.method.role_names, call.context.caller)
        enter_call(call.context)

    async def _identify(self, authorization: str) -> Caller:
        if not authorization.startswith(BEARER):
            raise unauthenticated("TOKEN_INVALID", "authorization must be a bearer token.")
        return await self._verifier.identify_caller(authorization.removeprefix(BEARER))

    async def _record_audit(self, call: PipelineCall) -> None:
        if call.context.audit is not None:
            seconds = 0.0 if call.code == CANCELLED else call.remaining_seconds()
            await self._audit.record_call(call.context, call.code, call.reason, seconds)

    def _finish(self, call: PipelineCall) -> None:
        """Record the duration of the call and log it."""
        seconds = time.perf_counter() - call.start
        name = CODE_NAMES.get(call.code, "UNKNOWN")
        path = call.method.path
        self._meter.record_duration(
            DURATION, (("rpc.method", path), ("rpc.grpc.status_code", name)), seconds
        )
        self._log.info(
            "call",
            method=path,
            code=name,
            reason=call.reason,
            caller=call.context.caller.subject,
            request_id=call.context.request_id,
            milliseconds=round(seconds * 1000, 2),
        )


class PipelineCall:
    """The state of a call in the pipeline.

    `code` and `reason` are those of its status. `start` is in seconds of `time.perf_counter`, and
    `seconds` is the timeout of a unary call.
    """

    def __init__(self, method: MethodPolicy, context: Context) -> None:
        self.method = method
        self.metadata = text_metadata(context)
        self.peer = context.peer
        self.context = CallContext()
        self.start = time.perf_counter()
        self.code = OK
        self.reason = ""
        self.seconds = timeout_of(context)

    def remaining_seconds(self) -> float:
        """Return the seconds until the deadline, negative after it."""
        return self.seconds - (time.perf_counter() - self.start)

    def record_failure(self, error: Exception) -> LibralError:
        """Set the code and reason of the call, and return the error as a LibralError."""
        known = as_libral_error(error)
        if isinstance(known, InternalError):
            log.error("call.defect", method=self.method.path, exc_info=error)
        self.code = known.code
        self.reason = known.reason
        return known


def server_draining() -> UnavailableError:
    """Return the error of calls to a server that is shutting down."""
    return UnavailableError(
        "SERVER_DRAINING", "The server is shutting down.", localized="サービスを再起動しています。"
    )


def timeout_of(context: Any) -> float:
    """Return the timeout of a unary call in seconds: that of its client, at most 10."""
    given: float | None = context.time_remaining()
    return UNARY_SECONDS if given is None else min(given, UNARY_SECONDS)


def text_metadata(context: Context) -> dict[str, str]:
    """Return the metadata with text values. Keys of binary values end in `-bin`."""
    pairs = context.invocation_metadata() or ()
    return {key: value for key, value in pairs if isinstance(value, str)}


def request_id_of(metadata: dict[str, str]) -> str:
    """Return the request id of the metadata, or a new UUID.

    Raises:
        InvalidArgumentError: `x-request-id` is no UUID.
    """
    value = metadata.get("x-request-id", "")
    if not value:
        return str(uuid4())
    if not UUID.fullmatch(value):
        raise invalid("x-request-id", "It is no UUID.")
    return value
