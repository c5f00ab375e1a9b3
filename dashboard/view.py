"""The newest that is known of the mesh."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from dashboard.gateway import Json

STALE_SECONDS = 20.0
METRICS_MODULE = "modules/metrics"


@dataclass(frozen=True)
class Sample:
    """A measurement and when it was made."""

    value: float
    source: str
    time: datetime

    def age(self) -> float:
        return max(0.0, (datetime.now(UTC) - self.time).total_seconds())

    @property
    def fresh(self) -> bool:
        return self.age() <= STALE_SECONDS


@dataclass
class View:
    """The newest that is known. `modules_time` is when the modules were last told of."""

    ended: bool = False
    samples: dict[str, Sample] = field(default_factory=dict[str, Sample])
    modules: list[Json] = field(default_factory=list[Json])
    modules_time: datetime | None = None

    def sample(self, metric: str) -> Sample | None:
        """Gives the newest measurement, unless it is stale."""
        found = self.samples.get(metric)
        return found if found is not None and found.fresh else None

    def fresh_modules(self) -> list[Json] | None:
        """Gives the modules, or None when nobody has told of them lately."""
        if self.modules_time is None:
            return None
        age = (datetime.now(UTC) - self.modules_time).total_seconds()
        return self.modules if age <= STALE_SECONDS else None

    def lose_modules(self) -> None:
        """Notes that the metrics room, which tells of the modules, does not answer."""
        lost = {"state": "STATE_UNSPECIFIED", "reason": "", "actions": []}
        own = {"state": "ERROR", "reason": "It does not serve.", "actions": []}
        self.modules = [
            module | (own if module["name"] == METRICS_MODULE else lost) for module in self.modules
        ]
        self.modules_time = datetime.now(UTC)
