"""Usage of the gateway's routes, computed from its request histograms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.kernel.errors import invalid
from services.metrics.domain.series import SeriesKey, StoredSeries, estimate_percentile

REQUEST_DURATION = "http.server.request.duration"
REQUEST_RATE = SeriesKey("http.server.requests", "gateway", unit="1/min")
ROUTES_MAX = 1000
MINUTE = timedelta(minutes=1)
WINDOW_DEFAULT = timedelta(hours=1)
WINDOW_MIN, WINDOW_MAX = timedelta(minutes=1), timedelta(days=7)


@dataclass
class EndpointUsage:
    """The requests of one route in a window.

    `bounds` and `counts` are the buckets of the latency histogram, in seconds.
    """

    method: str = ""
    route: str = ""
    bounds: tuple[float, ...] = ()
    counts: list[int] = field(default_factory=list[int])
    last_minute: int = 0
    client_errors: int = 0
    server_errors: int = 0
    last_time: datetime | None = None

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def client_error_rate(self) -> float:
        return self.client_errors / self.count if self.count else 0.0

    @property
    def server_error_rate(self) -> float:
        return self.server_errors / self.count if self.count else 0.0

    def latency(self, share: float) -> float | None:
        """Return a percentile of the latency in seconds, None without requests."""
        return estimate_percentile(self.bounds, self.counts, share)

    def add_calls(
        self, counts: Sequence[int], status: str, minute: int, last: datetime | None
    ) -> None:
        """Add the requests with one status, of which `minute` were in the last minute."""
        known = self.counts or [0] * len(counts)
        self.counts = [a + b for a, b in zip(known, counts, strict=True)]
        self.last_minute += minute
        self.client_errors += sum(counts) if status.startswith("4") else 0
        self.server_errors += sum(counts) if status.startswith("5") else 0
        if last is not None and (self.last_time is None or last > self.last_time):
            self.last_time = last


@dataclass(frozen=True)
class SeriesUsage:
    """Histogram data of a window, by series id."""

    counts: Mapping[int, Sequence[int]]
    last_minute: Mapping[int, int]
    last_times: Mapping[int, datetime]


@dataclass(frozen=True)
class EndpointReport:
    """The usage of each route, busiest first, and the total.

    `report_time` is when the gateway last reported, None if never.
    """

    endpoints: list[EndpointUsage]
    total: EndpointUsage
    report_time: datetime | None


def check_window(window: timedelta) -> None:
    """Check the length of a window.

    Raises:
        InvalidArgumentError: It is too short or too long.
    """
    if not WINDOW_MIN <= window <= WINDOW_MAX:
        raise invalid("window", "It must be 1 minute to 7 days.")


def matches_route(series: StoredSeries, method: str, query: str) -> bool:
    """True if a series has this method, empty for any, and `query` in its route."""
    labels = dict(series.key.attributes)
    return (not method or labels.get("http.request.method") == method.upper()) and (
        query.lower() in labels.get("http.route", "").lower()
    )


def summarize_usage(
    series: Iterable[StoredSeries], usage: SeriesUsage, report_time: datetime | None
) -> EndpointReport:
    """Return the usage of each route, merging the series of its statuses."""
    routes: dict[tuple[str, str], EndpointUsage] = {}
    total = EndpointUsage()
    for one in series:
        if one.id not in usage.counts:
            continue
        labels = dict(one.key.attributes)
        name = (labels.get("http.request.method", ""), labels.get("http.route", ""))
        for row in (routes.setdefault(name, EndpointUsage(*name)), total):
            row.bounds = one.bounds
            row.add_calls(
                usage.counts[one.id],
                labels.get("http.response.status_code", ""),
                usage.last_minute.get(one.id, 0),
                usage.last_times.get(one.id),
            )
    return EndpointReport(busiest_routes(routes.values()), total, report_time)


def busiest_routes(usages: Iterable[EndpointUsage]) -> list[EndpointUsage]:
    """Return at most 1,000 routes, those with the most requests first."""
    ordered = sorted(usages, key=lambda one: (-one.count, one.route, one.method))
    return ordered[:ROUTES_MAX]
