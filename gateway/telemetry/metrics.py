"""Durations of requests, counted per method, route and status.

Recording is a look-up and two additions on plain lists, where the OpenTelemetry
SDK takes 16 to 19 microseconds.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

SERIES_MAX = 5000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"
METRIC = "http_server_request_duration_seconds"

# The boundaries in seconds that OpenTelemetry's semantic conventions advise.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

Series = tuple[str, str, int]


@dataclass
class Histogram:
    """Counts of durations in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def record(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def add(self, other: "Histogram") -> None:
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


Histograms = dict[Series, Histogram]


def merge(target: Histograms, source: Mapping[Series, Histogram]) -> None:
    """Adds histograms. Series beyond 5000 are dropped."""
    for series, histogram in source.items():
        if series in target or len(target) < SERIES_MAX:
            target.setdefault(series, Histogram()).add(histogram)


class Meter:
    """The durations of requests per (method, route, status)."""

    def __init__(self) -> None:
        self._recent: Histograms = {}
        self._sent: Histograms = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        series = (method if method in METHODS else OTHER_METHOD, route, status)
        histogram = self._recent.get(series)
        if histogram is None:
            if len(self._recent) >= SERIES_MAX:
                return
            histogram = self._recent[series] = Histogram()
        histogram.record(seconds)

    def take(self) -> Histograms:
        """Takes what was recorded since the last call."""
        taken, self._recent = self._recent, {}
        return taken

    def put_back(self, histograms: Histograms) -> None:
        """Keeps for the next report what could not be sent."""
        merge(self._recent, histograms)

    def remember(self, histograms: Histograms) -> None:
        """Keeps for `total` what was sent."""
        merge(self._sent, histograms)

    def total(self) -> Histograms:
        """All that was recorded since the process started."""
        total: Histograms = {}
        merge(total, self._sent)
        merge(total, self._recent)
        return total


def prometheus(histograms: Histograms) -> bytes:
    """Writes histograms in Prometheus' text format."""
    lines = [f"# TYPE {METRIC} histogram"]
    for (method, route, status), histogram in sorted(histograms.items()):
        labels = f'method="{method}",route="{escape(route)}",status="{status}"'
        count = 0
        for bound, added in zip((*map(str, BOUNDS), "+Inf"), histogram.counts, strict=True):
            count += added
            lines.append(f'{METRIC}_bucket{{{labels},le="{bound}"}} {count}')
        lines.append(f"{METRIC}_sum{{{labels}}} {histogram.total!r}")
        lines.append(f"{METRIC}_count{{{labels}}} {count}")
    return ("\n".join(lines) + "\n").encode()


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
