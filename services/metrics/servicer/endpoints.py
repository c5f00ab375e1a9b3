"""ApiAnalyticsService: the gateway's histograms, by route."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libral.metrics.v1 import metrics_pb2, metrics_pb2_grpc

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.kernel.errors import invalid
from services.metrics import storage
from services.metrics.domain import WINDOW_MAX, WINDOW_MIN, Range, percentile
from services.metrics.servicer.messages import Context, read_span, span, stamp
from services.metrics.storage import StoredSeries
from services.metrics.worker.recorder import REQUEST_DURATION, Recorder

WINDOW_DEFAULT = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass
class Usage:
    """How one route was used."""

    method: str = ""
    route: str = ""
    bounds: tuple[float, ...] = ()
    counts: list[int] = field(default_factory=list[int])
    last_minute: int = 0
    client_errors: int = 0
    server_errors: int = 0
    last_time: datetime | None = None

    def add(self, counts: list[int], status: str, minute: int, last: datetime | None) -> None:
        known = self.counts or [0] * len(counts)
        self.counts = [a + b for a, b in zip(known, counts, strict=True)]
        self.last_minute += minute
        self.client_errors += sum(counts) if status.startswith("4") else 0
        self.server_errors += sum(counts) if status.startswith("5") else 0
        if last is not None and (self.last_time is None or last > self.last_time):
            self.last_time = last

    def message(self) -> metrics_pb2.Endpoint:
        count = sum(self.counts)
        return metrics_pb2.Endpoint(
            method=self.method,
            route=self.route,
            request_count=count,
            requests_per_minute=self.last_minute,
            server_error_rate=self.server_errors / count if count else 0.0,
            client_error_rate=self.client_errors / count if count else 0.0,
            p50=span(percentile(self.bounds, self.counts, 0.5)),
            p95=span(percentile(self.bounds, self.counts, 0.95)),
            p99=span(percentile(self.bounds, self.counts, 0.99)),
            last_call_time=stamp(self.last_time),
        )


class ApiAnalyticsServicer(metrics_pb2_grpc.ApiAnalyticsServiceServicer):
    """Serves how the API is used."""

    def __init__(self, database: Database, clock: Clock, recorder: Recorder) -> None:
        self._database = database
        self._clock = clock
        self._recorder = recorder

    async def ListEndpoints(
        self, request: metrics_pb2.ListEndpointsRequest, context: Context
    ) -> metrics_pb2.ListEndpointsResponse:
        window = read_span(request, "window") or WINDOW_DEFAULT
        if not WINDOW_MIN <= window <= WINDOW_MAX:
            raise invalid("window", "It must be 1 minute to 7 days.")
        now = self._clock.now()
        async with self._database.reading() as connection:
            found = await storage.find_series(connection, REQUEST_DURATION)
            series = [one for one in found if matches(one, request.method, request.query)]
            ids = [one.id for one in series]
            chosen = Range(now - window, now, window)
            counts = await storage.read_counts(connection, ids, chosen, merge=False)
            minutes = await storage.read_sums(connection, ids, now - MINUTE, now)
            last = await storage.read_last_times(connection, ids, now - window)
        by_series = {series_id: buckets for (series_id, _), buckets in counts.items()}
        routes: dict[tuple[str, str], Usage] = {}
        total = Usage()
        for one in series:
            if one.id in by_series:
                labels = dict(one.key.attributes)
                name = (labels.get("http.request.method", ""), labels.get("http.route", ""))
                usage = routes.setdefault(name, Usage(*name))
                for row in (usage, total):
                    row.bounds = one.bounds
                    row.add(
                        by_series[one.id],
                        labels.get("http.response.status_code", ""),
                        minutes.get(one.id, 0),
                        last.get(one.id),
                    )
        return metrics_pb2.ListEndpointsResponse(
            endpoints=[one.message() for one in busiest(routes.values())],
            total=total.message(),
            report_time=stamp(self._recorder.request_report),
        )


def matches(series: StoredSeries, method: str, query: str) -> bool:
    labels = dict(series.key.attributes)
    return (not method or labels.get("http.request.method") == method.upper()) and (
        query.lower() in labels.get("http.route", "").lower()
    )


def busiest(usages: Iterable[Usage]) -> list[Usage]:
    ordered = sorted(usages, key=lambda one: (-sum(one.counts), one.route, one.method))
    return ordered[: storage.ROUTES_MAX]
