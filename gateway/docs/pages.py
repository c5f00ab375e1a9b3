"""The gateway's own pages: health, readiness, metrics, documentation."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.context import GatewayContext
from gateway.docs.html import render_html
from gateway.docs.openapi import make_openapi
from gateway.http.errors import UNAVAILABLE, failure
from gateway.http.messages import Response
from gateway.telemetry.metrics import prometheus
from services.common.version import VERSION

HTML = "text/html; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
START = datetime.now(UTC).isoformat(timespec="milliseconds")

Page = Callable[[], Awaitable[Response]]


class GatewayPages:
    """The pages at the paths that no contract may bind."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._openapi = b""
        self._html = b""
        self._pages: Mapping[str, Page] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
            "/openapi.json": self._openapi_json,
            "/docs": self._docs,
        }

    def find_page(self, path: str) -> Page | None:
        return self._pages.get(path)

    async def _healthz(self) -> Response:
        known = {
            "status": "SERVING",
            "version": VERSION,
            "pid": os.getpid(),
            "startTime": START.replace("+00:00", "Z"),
        }
        return Response(200, orjson.dumps(known))

    async def _readyz(self) -> Response:
        """Respond with 503 and the names of the upstreams that are not serving."""
        upstreams = self._context.upstreams
        names = upstreams.names
        healthy = await asyncio.gather(*(upstreams.is_healthy(name) for name in names))
        away = [name for name, serves in zip(names, healthy, strict=True) if not serves]
        if away:
            raise failure(
                UNAVAILABLE,
                "NOT_READY",
                f"Not serving: {', '.join(away)}.",
                metadata={"upstreams": ",".join(away)},
            )
        return Response(200, orjson.dumps({"status": "SERVING", "upstreams": names}))

    async def _metrics(self) -> Response:
        return Response(200, prometheus(self._context.meter.total()), PROMETHEUS)

    async def _openapi_json(self) -> Response:
        if not self._openapi:
            self._openapi = await asyncio.to_thread(self._make_openapi)
        return Response(200, self._openapi)

    async def _docs(self) -> Response:
        if not self._html:
            self._html = await asyncio.to_thread(self._make_html)
        return Response(200, self._html, HTML, [("content-security-policy", POLICY)])

    def _make_openapi(self) -> bytes:
        return orjson.dumps(self._make_document())

    def _make_html(self) -> bytes:
        return render_html(self._make_document()).encode()

    def _make_document(self) -> dict[str, Any]:
        context = self._context
        return make_openapi(context.contracts, context.table, context.codec.options)
