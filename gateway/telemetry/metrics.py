"""Durations of requests, counted per method, route and status.

Recording a request costs one look-up and two additions. OTLP attributes are built when a report is.
"""

from services.common.telemetry import BOUNDS, Attributes, Histogram, Histograms, Meter, Series

SERIES_MAX = 5000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"
DURATION = "http.server.request.duration"
METRIC = "http_server_request_duration_seconds"

RequestSeries = tuple[str, str, int]


class RequestMeter(Meter):
    """The durations of requests per (method, route, status), at most 5000 series."""

    def __init__(self) -> None:
        super().__init__(SERIES_MAX)
        self._recent: dict[RequestSeries, Histogram] = {}
        self._sent: Histograms = {}

    def record_request(self, method: str, route: str, status: int, seconds: float) -> None:
        series = (method if method in METHODS else OTHER_METHOD, route, status)
        histogram = self._recent.get(series)
        if histogram is None:
            if len(self._recent) >= self._series_max:
                return
            histogram = self._recent[series] = Histogram()
        histogram.record_duration(seconds)

    def take_histograms(self) -> Histograms:
        taken = super().take_histograms()
        self.merge_histograms(taken, self._named_recent())
        self._recent = {}
        return taken

    def remember(self, histograms: Histograms) -> None:
        """Add sent histograms to those of `total`."""
        self.merge_histograms(self._sent, histograms)

    def total(self) -> Histograms:
        """Return all durations recorded since the process started."""
        total: Histograms = {}
        for part in (self._sent, self._histograms, self._named_recent()):
            self.merge_histograms(total, part)
        return total

    def _named_recent(self) -> Histograms:
        return {series_of(*series): histogram for series, histogram in self._recent.items()}


def series_of(method: str, route: str, status: int) -> Series:
    """Return the series of a request, named by OpenTelemetry's semantic conventions."""
    attributes: Attributes = (
        ("http.request.method", method),
        ("http.route", route),
        ("http.response.status_code", status),
    )
    return DURATION, attributes


def prometheus(histograms: Histograms) -> bytes:
    """Return the histograms of a `RequestMeter` in Prometheus' text format."""
    lines = [f"# TYPE {METRIC} histogram"]
    for (_, attributes), histogram in sorted(histograms.items(), key=values_of):
        method, route, status = (value for _, value in attributes)
        labels = f'method="{method}",route="{escape_label(str(route))}",status="{status}"'
        count = 0
        for bound, added in zip((*map(str, BOUNDS), "+Inf"), histogram.counts, strict=True):
            count += added
            lines.append(f'{METRIC}_bucket{{{labels},le="{bound}"}} {count}')
        lines.append(f"{METRIC}_sum{{{labels}}} {histogram.total!r}")
        lines.append(f"{METRIC}_count{{{labels}}} {count}")
    return ("\n".join(lines) + "\n").encode()


def values_of(item: tuple[Series, Histogram]) -> Series:
    return item[0]


def escape_label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
