"""Reports of measurements, sent to an OTLP receiver over gRPC."""

from typing import Any

import grpc

from services.common.telemetry import EXPORT, EXPORT_SECONDS, ExportError, Send


def exporter(channel: grpc.aio.Channel) -> Send:
    """Return a function that sends a serialized report over a channel, within 2 seconds.

    It raises ExportError if the receiver does not accept the report.
    """
    export: Any = channel.unary_unary(EXPORT)

    async def send(report: bytes) -> None:
        try:
            await export(report, timeout=EXPORT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise ExportError(error.code().name) from error

    return send
