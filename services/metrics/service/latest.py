"""The newest measurements, in memory."""

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
    """Keep the newest sample of each series, and what the processes last reported of themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples: dict[SeriesKey, Sample] = {}
        self._changed = asyncio.Event()
        self._requests: deque[tuple[datetime, int]] = deque()
        self._cpu: dict[str, deque[float]] = {}
        self._versions: dict[str, str] = {}
        self.request_report: datetime | None = None

    def add(self, samples: Collection[Sample]) -> None:
        """Take in samples. The series that were updated longest ago are dropped above 5,000."""
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

    def samples(self) -> list[Sample]:
        """Return the newest sample of each series, without those older than 20 seconds."""
        oldest = self._clock.now() - FRESH
        return [sample for sample in self._samples.values() if sample.time >= oldest]

    def find_sample(self, metric: str, source: str) -> Sample | None:
        """Return a fresh sample of a metric, of any source if `source` is empty."""
        for sample in self.samples():
            if sample.key.metric == metric and source in {"", sample.key.source}:
                return sample
        return None

    async def follow(self, metrics: Collection[str]) -> AsyncGenerator[list[Sample], None]:
        """Yield samples as they arrive, the known ones first. Empty `metrics`: all."""
        sent: dict[SeriesKey, datetime] = {}
        while True:
            samples = [
                one
                for one in self.samples()
                if (not metrics or one.key.metric in metrics) and sent.get(one.key) != one.time
            ]
            sent |= {one.key: one.time for one in samples}
            changed = self._changed
            if samples:
                yield samples
            await changed.wait()

    def mean_cpu(self, module: str) -> float | None:
        """Return the mean share of a core over the last 6 reports (30 seconds)."""
        shares = self._cpu.get(module)
        full = shares is not None and len(shares) == shares.maxlen
        return sum(shares) / len(shares) if shares and full else None

    def add_versions(self, versions: Mapping[str, str]) -> None:
        self._versions |= versions

    def version(self, module: str) -> str:
        """Return the version that a module reported, or an empty string."""
        return self._versions.get(module, "")

    def count_requests(self, distributions: Iterable[Distribution]) -> None:
        """Count the requests in a report of the gateway."""
        now = self._clock.now()
        count = sum(sum(one.counts) for one in distributions if one.key.metric == REQUEST_DURATION)
        self._requests.append((now, count))
        self.request_report = now

    def request_rate(self) -> list[Sample]:
        """Return the requests of the last minute as a sample, none if the gateway is silent."""
        now = self._clock.now()
        while self._requests and self._requests[0][0] <= now - MINUTE:
            self._requests.popleft()
        if self.request_report is None or now - self.request_report > FRESH:
            return []
        count = sum(number for _, number in self._requests)
        return [Sample(REQUEST_RATE, self.request_report, float(count))]
