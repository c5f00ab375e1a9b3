"""The latest known state of the mesh: modules and metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from dashboard import text
from dashboard.api.metrics import STALE_SECONDS, Sample
from dashboard.api.modules import Module, StateReason

METRICS_MODULE = "metrics"


@dataclass
class LiveState:
    """The latest data that one session received. `modules_time` is the time of receipt."""

    ended: bool = False
    samples: dict[str, Sample] = field(default_factory=dict[str, Sample])
    modules: Sequence[Module] = ()
    modules_time: datetime | None = None

    def sample(self, metric: str) -> Sample | None:
        """Return the latest sample of a metric, or None if it is stale."""
        found = self.samples.get(metric)
        return found if found is not None and found.fresh else None

    def fresh_modules(self) -> Sequence[Module] | None:
        """Return the modules, or None if the latest ones are stale."""
        if self.modules_time is None:
            return None
        age = (datetime.now(UTC) - self.modules_time).total_seconds()
        return self.modules if age <= STALE_SECONDS else None

    def add_samples(self, samples: Sequence[Sample]) -> None:
        self.samples.update({sample.metric: sample for sample in samples})

    def set_modules(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self.modules_time = datetime.now(UTC)

    def mark_metrics_service_unreachable(self) -> None:
        """Record that the metrics service, which reports the modules, does not respond.

        Its own state becomes ERROR, the states of all other modules unknown.
        """
        not_serving = StateReason("NOT_SERVING", text.modules.NOT_SERVING)
        self.set_modules(
            [
                replace(module, state="ERROR", reason=not_serving, actions=())
                if module.id == METRICS_MODULE
                else replace(module, state="STATE_UNSPECIFIED", reason=StateReason(), actions=())
                for module in self.modules
            ]
        )
