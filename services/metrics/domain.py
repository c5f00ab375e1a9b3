"""The rules of measurement: samples, percentiles, the state of a module, alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from services.kernel.errors import invalid

FRESH = timedelta(seconds=20)
STEP_MIN = timedelta(seconds=5)
STEPS_MAX = 1000
STEPS_DEFAULT = 60
RANGE_DEFAULT = timedelta(hours=1)
WINDOW_MIN, WINDOW_MAX = timedelta(minutes=1), timedelta(days=7)
BUSY_LATENCY_SECONDS = 0.5
BUSY_CPU = 0.8
START_SECONDS = 15.0

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SeriesKey:
    """What tells a series apart."""

    metric: str
    source: str
    attributes: Attributes = ()
    unit: str = "1"


@dataclass(frozen=True)
class Sample:
    """A value of a series at a time."""

    key: SeriesKey
    time: datetime
    value: float


@dataclass(frozen=True)
class Distribution:
    """How many values fell below each bound since the report before. `counts` has one more."""

    key: SeriesKey
    time: datetime
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


def percentile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Estimates a percentile, evenly within the bucket that it falls in.

    A value beyond the last bound counts as that bound. None: nothing was
    measured.
    """
    rank, below = share * sum(counts), 0
    if not rank:
        return None
    for number, count in enumerate(counts):
        if count and below + count >= rank:
            lower = bounds[number - 1] if number else 0.0
            upper = bounds[number] if number < len(bounds) else bounds[-1]
            return lower + (upper - lower) * (rank - below) / count
        below += count
    return bounds[-1]


@dataclass(frozen=True)
class Range:
    """A span of time cut into steps."""

    start: datetime
    end: datetime
    step: timedelta


def make_range(
    start: datetime | None, end: datetime | None, step: timedelta | None, now: datetime
) -> Range:
    """Fills in what is not given, and checks the rest.

    Raises:
        InvalidArgumentError: The range is empty, or its steps too narrow or too many.
    """
    end = end or now
    start = start or end - RANGE_DEFAULT
    if start >= end:
        raise invalid("start_time", "It must be before end_time.")
    chosen = step or max(STEP_MIN, (end - start) / STEPS_DEFAULT)
    if chosen < STEP_MIN:
        raise invalid("step", "It must be 5 seconds or more.")
    if (end - start) / chosen > STEPS_MAX:
        raise invalid("step", f"It makes more than {STEPS_MAX} steps of this range.")
    return Range(start, end, chosen)


class State(IntEnum):
    """The state of a module: the values of `libral.metrics.v1.Module.State`."""

    HEALTHY = 1
    BUSY = 2
    ERROR = 3
    STOPPED = 4
    UNKNOWN = 5
    STARTING = 6


@dataclass(frozen=True)
class Check:
    """What a health check found. `refused`: nobody listens there.

    `latency_seconds` is None where a process was only seen to run.
    """

    serving: bool
    refused: bool
    latency_seconds: float | None
    problem: str = ""


@dataclass(frozen=True)
class Process:
    """What supervisor says of a process. `state` is its word, such as RUNNING."""

    state: str
    pid: int
    start: datetime | None
    problem: str


@dataclass(frozen=True)
class Observation:
    """All that is known of a module when its state is judged.

    `crashed`: its process ended, unasked, since it was looked at last, or has not served since.
    """

    check: Check | None
    process: Process | None
    age_seconds: float
    cpu: float | None
    crashed: bool


def judge(seen: Observation) -> tuple[State, str]:
    """Tells the state of a module, and why."""
    process, check = seen.process, seen.check
    if process is not None and process.state in {"STOPPED", "EXITED", "STOPPING"}:
        return State.STOPPED, process.problem or "The process does not run."
    if process is not None and process.state in {"BACKOFF", "FATAL"}:
        return State.ERROR, process.problem or "The process does not start."
    if seen.crashed:
        return State.ERROR, "The process ended unexpectedly and starts again."
    if check is None:
        return State.UNKNOWN, "It was not checked yet."
    return judge_load(check, seen.cpu) if check.serving else judge_silence(seen, check)


def judge_silence(seen: Observation, check: Check) -> tuple[State, str]:
    """Tells the state of a module that does not serve."""
    if seen.process is not None and seen.age_seconds < START_SECONDS:
        return State.STARTING, "It starts."
    if seen.process is None and check.refused:
        return State.STOPPED, "Nobody listens there."
    return State.ERROR, check.problem or "It does not serve."


def judge_load(check: Check, cpu: float | None) -> tuple[State, str]:
    if check.latency_seconds is not None and check.latency_seconds > BUSY_LATENCY_SECONDS:
        return State.BUSY, f"The health check took {check.latency_seconds * 1000:.0f} ms."
    if cpu is not None and cpu > BUSY_CPU:
        return State.BUSY, f"It used {cpu:.0%} of a core over 30 seconds."
    return State.HEALTHY, ""


@dataclass(frozen=True)
class AlertRule:
    """When to alert. `comparison`: 1 above, 2 below. `severity`: 1 to 3."""

    id: str
    display_name: str
    metric: str
    source: str
    comparison: int
    threshold: float
    hold: timedelta
    severity: int
    disabled: bool

    def holds(self, value: float) -> bool:
        return value > self.threshold if self.comparison == 1 else value < self.threshold
