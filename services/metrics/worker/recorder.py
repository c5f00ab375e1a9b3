"""Takes measurements in: to the database, and to who looks at the newest."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.kernel.clock import Clock
from services.kernel.database.database import Database
from services.metrics import storage
from services.metrics.domain import FRESH, Distribution, Sample, SeriesKey

NEWEST_MAX = 5000
REQUEST_DURATION = "http.server.request.duration"
REQUEST_RATE = SeriesKey("http.server.requests", "gateway", unit="1/min")
MINUTE = timedelta(minutes=1)


class Recorder:
    """Keeps what was measured, and the newest sample of each series."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._ids = storage.SeriesIds()
        self._newest: dict[SeriesKey, Sample] = {}
        self._changed = asyncio.Event()
        self._requests: deque[tuple[datetime, int]] = deque()
        self._cpu: dict[str, deque[float]] = {}
        self.versions: dict[str, str] = {}
        self.request_report: datetime | None = None

    async def record(self, samples: Sequence[Sample], reports: Sequence[Distribution] = ()) -> None:
        """Shows the measurements at once, then stores them.

        Raises:
            UnavailableError: The database is away. They are shown, not stored.
        """
        self._show(samples)
        if not samples and not reports:
            return
        wanted: dict[SeriesKey, tuple[float, ...] | None] = {one.key: None for one in samples}
        wanted |= {one.key: one.bounds for one in reports}
        async with self._database.transaction() as connection:
            ids = await self._ids.find(connection, wanted)
            await storage.insert_points(connection, samples, ids)
            await storage.insert_distributions(connection, reports, ids)
        self._ids.remember(ids)

    def newest(self) -> list[Sample]:
        """Lists the newest sample of each series that is fresh."""
        oldest = self._clock.now() - FRESH
        return [sample for sample in self._newest.values() if sample.time >= oldest]

    def value_of(self, metric: str, source: str) -> Sample | None:
        for sample in self.newest():
            if sample.key.metric == metric and source in {"", sample.key.source}:
                return sample
        return None

    def busy_share(self, module: str) -> float | None:
        """Tells the mean share of a core that a module used in its last 6 reports."""
        shares = self._cpu.get(module)
        full = shares is not None and len(shares) == shares.maxlen
        return sum(shares) / len(shares) if shares and full else None

    async def change(self) -> None:
        """Waits for the next measurements."""
        await self._changed.wait()

    def count_requests(self, reports: Iterable[Distribution]) -> None:
        """Takes note of what the gateway says of its requests."""
        now = self._clock.now()
        count = sum(sum(one.counts) for one in reports if one.key.metric == REQUEST_DURATION)
        self._requests.append((now, count))
        self.request_report = now

    def request_rate(self) -> list[Sample]:
        """Counts the requests of the last minute, unless the gateway is silent."""
        now = self._clock.now()
        while self._requests and self._requests[0][0] <= now - MINUTE:
            self._requests.popleft()
        if self.request_report is None or now - self.request_report > FRESH:
            return []
        count = sum(number for _, number in self._requests)
        return [Sample(REQUEST_RATE, self.request_report, float(count))]

    def _show(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            self._newest.pop(sample.key, None)
            self._newest[sample.key] = sample
            if sample.key.metric == "process.cpu.utilization":
                shares = self._cpu.setdefault(sample.key.source, deque(maxlen=6))
                shares.append(sample.value)
        while len(self._newest) > NEWEST_MAX:
            del self._newest[next(iter(self._newest))]
        if samples:
            self._changed.set()
            self._changed = asyncio.Event()
