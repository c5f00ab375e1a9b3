"""In-memory cache of the newest measurements."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from services.kernel.clock import Clock
from services.metrics.domain.endpoints import MINUTE, REQUEST_DURATION, REQUEST_RATE
from services.metrics.domain.series import Distribution, Sample, SeriesKey

FRESH = timedelta(seconds=20)
SERIES_MAX = 5000
CPU_METRIC = "process.cpu.utilization"
CPU_REPORTS = 6


class LatestValues:
    """Holds the newest sample of each series, and the versions and CPU shares of processes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples: dict[SeriesKey, Sample] = {}
        self._changed = asyncio.Event()
        self._requests: deque[tuple[datetime, int]] = deque()
        self._cpu: dict[str, deque[float]] = {}
        self._versions: dict[str, str] = {}
        self.request_report: datetime | None = None

    def add_samples(self, samples: Collection[Sample]) -> None:
        """Add samples. Above 5,000 series, the least recently updated ones are dropped."""
        for sample in samples:
            self._samples.pop(sample.key, None)
            self._samples[sample.key] = sample
            if sample.key.metric == CPU_METRIC:
                shares = self._cpu.setdefault(sample.key.source, deque(maxlen=CPU_REPORTS))
                shares.append(sample.value)
        while len(self._samples) > SERIES_MAX:
            del self._samples[next(iter(self._samples))]
        if samples:
            self._changed.set()
            self._changed = asyncio.Event()

    def list_samples(self) -> list[Sample]:
        """Return the newest sample of each series that is at most 20 seconds old."""
        oldest = self._clock.now() - FRESH
        return [sample for sample in self._samples.values() if sample.time >= oldest]

    def find_sample(self, metric: str, source: str) -> Sample | None:
        """Return a sample of a metric at most 20 seconds old. An empty `source` matches all."""
        for sample in self.list_samples():
            if sample.key.metric == metric and source in {"", sample.key.source}:
                return sample
        return None

    async def follow_samples(self, metrics: Collection[str]) -> AsyncGenerator[list[Sample], None]:
        """Yield the current samples and then new ones as they arrive.

        An empty `metrics` selects all metrics.
        """
        sent: dict[SeriesKey, datetime] = {}
        while True:
            samples = [
                one
                for one in self.list_samples()
                if (not metrics or one.key.metric in metrics) and sent.get(one.key) != one.time
            ]
            sent |= {one.key: one.time for one in samples}
            changed = self._changed
            if samples:
                yield samples
            await changed.wait()

    def mean_cpu(self, module: str) -> float | None:
        """Return the mean share of a core over the last 6 reports (30 seconds).

        Return None if there are fewer reports.
        """
        shares = self._cpu.get(module)
        full = shares is not None and len(shares) == shares.maxlen
        return sum(shares) / len(shares) if shares and full else None

    def add_versions(self, versions: Mapping[str, str]) -> None:
        self._versions |= versions

    def find_version(self, module: str) -> str:
        """Return the version that a module reported, or an empty string."""
        return self._versions.get(module, "")

    def count_requests(self, distributions: Iterable[Distribution]) -> None:
        """Count the requests in an OTLP report of the gateway."""
        now = self._clock.now()
        count = sum(sum(one.counts) for one in distributions if one.key.metric == REQUEST_DURATION)
        self._requests.append((now, count))
        self.request_report = now

    def request_rate_samples(self) -> list[Sample]:
        """Return the requests of the last minute as a sample.

        Return no sample if the gateway has not reported for 20 seconds.
        """
        now = self._clock.now()
        while self._requests and self._requests[0][0] <= now - MINUTE:
            self._requests.popleft()
        if self.request_report is None or now - self.request_report > FRESH:
            return []
        count = sum(number for _, number in self._requests)
        return [Sample(REQUEST_RATE, self.request_report, float(count))]
