"""Reports over OTLP to the metrics service or any other receiver."""

from gateway.http.errors import CODES, UNKNOWN, StatusError
from gateway.telemetry.metrics import RequestMeter
from gateway.upstream import Upstream, UpstreamCall
from services.common.telemetry import EXPORT, EXPORT_SECONDS, ExportError, Reporter

MODULE = "gateway"


def make_reporter(meter: RequestMeter, upstream: Upstream) -> Reporter:
    """Return a reporter that sends the records of `meter` to an OTLP receiver."""

    async def send(request: bytes) -> None:
        try:
            await upstream.unary(UpstreamCall(EXPORT, request, [], EXPORT_SECONDS))
        except StatusError as error:
            raise ExportError(CODES.get(error.code, CODES[UNKNOWN])[0]) from None

    return Reporter(MODULE, meter, send, meter.remember)
