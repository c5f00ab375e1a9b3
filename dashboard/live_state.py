"""The newest known state of the mesh: modules and measurements, with their ages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from dashboard import text
from dashboard.api.metrics import STALE_SECONDS, Sample
from dashboard.api.modules import Module, StateReason

METRICS_MODULE = "metrics"


@dataclass
class LiveState:
    """The newest that one session received. `modules_time` is when the modules were received."""

    ended: bool = False
    samples: dict[str, Sample] = field(default_factory=dict[str, Sample])
    modules: Sequence[Module] = ()
    modules_time: datetime | None = None

    def sample(self, metric: str) -> Sample | None:
        """Return the newest measurement of a metric, or None if it is stale."""
        found = self.samples.get(metric)
        return found if found is not None and found.fresh else None

    def fresh_modules(self) -> Sequence[Module] | None:
        """Return the modules, or None if they were not received lately."""
        if self.modules_time is None:
            return None
        age = (datetime.now(UTC) - self.modules_time).total_seconds()
        return self.modules if age <= STALE_SECONDS else None

    def take_samples(self, samples: Sequence[Sample]) -> None:
        self.samples.update({sample.metric: sample for sample in samples})

    def take_modules(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self.modules_time = datetime.now(UTC)

    def lose_modules(self) -> None:
        """Record that the metrics service, which reports the modules, does not answer.

        Its own state is an error, the states of the others are unknown.
        """
        not_serving = StateReason("NOT_SERVING", text.modules.NOT_SERVING)
        self.take_modules(
            [
                replace(module, state="ERROR", reason=not_serving, actions=())
                if module.id == METRICS_MODULE
                else replace(module, state="STATE_UNSPECIFIED", reason=StateReason(), actions=())
                for module in self.modules
            ]
        )
