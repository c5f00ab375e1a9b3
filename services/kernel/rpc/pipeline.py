"""What happens around every call: identity, policy, deadline, errors, log, measurement."""

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
from services.kernel.calls import ANONYMOUS, Call, Caller, enter_call
from services.kernel.errors import LibralError, UnavailableError, invalid
from services.kernel.rpc.audit import Auditor, open_audit
from services.kernel.rpc.deadlines import Deadline
from services.kernel.rpc.policies import Policies, enforce, role_names
from services.kernel.rpc.registration import Handler, handlers_of, service_of
from services.kernel.rpc.tokens import Verifier, unauthenticated
from services.kernel.status import to_status

BEARER = "Bearer "
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
UNARY_SECONDS = 10.0
DURATION = "rpc.server.duration"
AWAY_CODES = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})
CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
OK = 0
CANCELLED = 1
INTERNAL = 13

log = structlog.get_logger()

Context = grpc.aio.ServicerContext[Any, Any]


class InternalError(LibralError):
    """A defect. The caller learns no more than that."""

    code = INTERNAL

    def __init__(self) -> None:
        super().__init__("INTERNAL", "Internal error.", localized="内部エラーが発生しました。")


@dataclass(frozen=True)
class Method:
    """A method and the rule that it is called under."""

    path: str
    rule: policy_pb2.Rule
    admitted: frozenset[str]


class Pipeline:
    """Wraps every method of our contracts. Methods of foreign contracts pass as they are."""

    def __init__(
        self, policies: Policies, verifier: Verifier, meter: Meter, auditor: Auditor
    ) -> None:
        self._policies = policies
        self._verifier = verifier
        self._meter = meter
        self._auditor = auditor
        self._streams: set[asyncio.Task[Any]] = set()
        self._draining = False
        self._log = log.bind()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def register(self, server: grpc.aio.Server, servicers: Sequence[object]) -> None:
        """Add servicers to a server, with every method wrapped.

        An interceptor would wrap each call; this wraps each method once.

        Raises:
            TypeError: A servicer implements no contract, or a method streams from the client.
        """
        for servicer in servicers:
            service = service_of(servicer)
            handlers = {
                name: self.wrap(f"/{service.full_name}/{name}", handler)
                for name, handler in handlers_of(servicer, service).items()
            }
            generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
            server.add_generic_rpc_handlers((generic,))
            server.add_registered_method_handlers(service.full_name, handlers)

    def drain(self) -> None:
        """Ends the open streams with UNAVAILABLE, so that their clients come back elsewhere."""
        self._draining = True
        for task in self._streams:
            task.cancel()

    def wrap(self, path: str, handler: Handler) -> Handler:
        """Gives the handler that a method is served by."""
        rule = self._policies.find(path)
        if rule is None:
            return handler
        method = Method(path, rule, role_names(rule))
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
        raise TypeError(f"{path} streams from the client, which no contract does.")

    def _unary(self, method: Method, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def serve(request: Any, context: Context) -> Any:
            served = Served(method, context)
            try:
                with Deadline(self._loop, served.seconds):
                    await self._admit(served, request)
                    answer = await behaviour(request, context)
                await self._record_audit(served)
            except asyncio.CancelledError:
                served.code = CANCELLED
                await self._record_audit(served)
                raise
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                known = served.fail(error)
                await self._record_audit(served)
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            else:
                return answer
            finally:
                self._finish(served)

        return serve

    def _stream(self, method: Method, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def serve(request: Any, context: Context) -> AsyncIterator[Any]:
            served = Served(method, context)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in a task
            self._streams.add(task)
            try:
                await self._admit(served, request)
                async with aclosing(behaviour(request, context)) as messages:
                    async for message in messages:
                        yield message
            except asyncio.CancelledError:
                if not self._draining:
                    served.code = CANCELLED
                    raise
                task.uncancel()
                known = served.fail(draining())
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            except Exception as error:  # noqa: BLE001 - every error becomes a status here
                known = served.fail(error)
                await context.abort_with_status(rpc_status.to_status(to_status(known)))
            finally:
                self._streams.discard(task)
                self._finish(served)

        return serve

    async def _admit(self, served: Served, request: Any) -> None:
        if self._draining:
            raise draining()
        path, rule, metadata = served.method.path, served.method.rule, served.metadata
        request_id = request_id_of(metadata)
        audit = open_audit(request, metadata, served.peer()) if rule.audited else None
        served.call = Call(path, request_id, ANONYMOUS, audit)
        if authorization := metadata.get("authorization", ""):
            caller = await self._identify(authorization)
            served.call = Call(path, request_id, caller, audit)
        enforce(rule, served.method.admitted, served.call.caller)
        enter_call(served.call)

    async def _identify(self, authorization: str) -> Caller:
        if not authorization.startswith(BEARER):
            raise unauthenticated("TOKEN_INVALID", "authorization must be a bearer token.")
        return await self._verifier.verify(authorization.removeprefix(BEARER))

    async def _record_audit(self, served: Served) -> None:
        if served.call.audit is not None:
            seconds = 0.0 if served.code == CANCELLED else served.remaining()
            await self._auditor.record(served.call, served.code, served.reason, seconds)

    def _finish(self, served: Served) -> None:
        seconds = time.perf_counter() - served.start
        name = CODE_NAMES.get(served.code, "UNKNOWN")
        path = served.method.path
        self._meter.record(
            DURATION, (("rpc.method", path), ("rpc.grpc.status_code", name)), seconds
        )
        self._log.info(
            "call",
            method=path,
            code=name,
            reason=served.reason,
            caller=served.call.caller.subject,
            request_id=served.call.request_id,
            milliseconds=round(seconds * 1000, 2),
        )


class Served:
    """A call on its way through the pipeline."""

    def __init__(self, method: Method, context: Context) -> None:
        self.method = method
        self.metadata = text_metadata(context)
        self.peer = context.peer
        self.call = Call()
        self.start = time.perf_counter()
        self.code = OK
        self.reason = ""
        self.seconds = seconds_given(context)

    def remaining(self) -> float:
        """Tells for how many seconds the client still waits."""
        return self.seconds - (time.perf_counter() - self.start)

    def fail(self, error: Exception) -> LibralError:
        """Remembers how the call failed, and says it as the rules of a room would."""
        known = as_libral_error(error)
        if isinstance(known, InternalError):
            log.error("call.defect", method=self.method.path, exc_info=error)
        self.code = known.code
        self.reason = known.reason
        return known


def as_libral_error(error: Exception) -> LibralError:
    if isinstance(error, LibralError):
        return error
    if isinstance(error, TimeoutError):
        return UnavailableError(
            "TIMEOUT", "It took too long.", localized="時間内に応答できませんでした。"
        )
    if isinstance(error, grpc.aio.AioRpcError) and error.code() in AWAY_CODES:
        return UnavailableError(
            "PEER_UNAVAILABLE",
            "A service that this needs is away.",
            localized="必要なサービスが応答していません。",
        )
    return InternalError()


def draining() -> UnavailableError:
    return UnavailableError(
        "SERVER_DRAINING", "The server is about to stop.", localized="サービスを再起動しています。"
    )


def seconds_given(context: Any) -> float:
    """Tells how long a unary call may take: what its client gives it, and 10 seconds at most."""
    given: float | None = context.time_remaining()
    return UNARY_SECONDS if given is None else min(given, UNARY_SECONDS)


def text_metadata(context: Context) -> dict[str, str]:
    """Reads the metadata that is text: binary values have names that end in `-bin`."""
    pairs = context.invocation_metadata() or ()
    return {key: value for key, value in pairs if isinstance(value, str)}


def request_id_of(metadata: dict[str, str]) -> str:
    """Takes over the id of the request, or makes one."""
    value = metadata.get("x-request-id", "")
    if not value:
        return str(uuid4())
    if not UUID.fullmatch(value):
        raise invalid("x-request-id", "It is no UUID.")
    return value
