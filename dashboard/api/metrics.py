"""Models of metrics: live samples, series over time, and the usage of each route."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard.api.fields import (
    Json,
    read_integer,
    read_message,
    read_messages,
    read_number,
    read_seconds,
    read_string,
    read_time,
)

STALE_SECONDS = 20.0


@dataclass(frozen=True)
class Sample:
    """The newest value of a metric and when it was measured."""

    metric: str
    value: float
    source: str
    time: datetime

    @property
    def age(self) -> float:
        """Seconds since the measurement."""
        return max(0.0, (datetime.now(UTC) - self.time).total_seconds())

    @property
    def fresh(self) -> bool:
        return self.age <= STALE_SECONDS


def parse_samples(found: Json) -> list[Sample]:
    """Parse a message of the metrics stream. Samples without a time are left out."""
    samples: list[Sample] = []
    for one in read_messages(found, "samples"):
        measured = read_time(one, "time")
        if measured is not None:
            value = read_number(one, "value") or 0.0
            samples.append(
                Sample(read_string(one, "metric"), value, read_string(one, "source"), measured)
            )
    return samples


@dataclass(frozen=True)
class Series:
    """The values of a metric from one source, oldest first."""

    source: str
    points: Sequence[tuple[datetime, float]]

    @classmethod
    def parse(cls, found: Json) -> "Series":
        timed = [
            (read_time(one, "time"), read_number(one, "value") or 0.0)
            for one in read_messages(found, "points")
        ]
        points = [(moment, value) for moment, value in timed if moment is not None]
        return cls(read_string(found, "source"), points)


def parse_series(found: Json) -> list[Series]:
    return [Series.parse(one) for one in read_messages(found, "series")]


@dataclass(frozen=True)
class Endpoint:
    """The usage of one route in a time window. Rates are from 0 to 1, latencies in seconds."""

    method: str
    route: str
    request_count: int | None
    requests_per_minute: float | None
    server_error_rate: float | None
    client_error_rate: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    last_call_time: datetime | None

    @classmethod
    def parse(cls, found: Json) -> "Endpoint":
        return cls(
            method=read_string(found, "method"),
            route=read_string(found, "route"),
            request_count=read_integer(found, "requestCount"),
            requests_per_minute=read_number(found, "requestsPerMinute"),
            server_error_rate=read_number(found, "serverErrorRate"),
            client_error_rate=read_number(found, "clientErrorRate"),
            p50=read_seconds(found, "p50"),
            p95=read_seconds(found, "p95"),
            p99=read_seconds(found, "p99"),
            last_call_time=read_time(found, "lastCallTime"),
        )


@dataclass(frozen=True)
class EndpointReport:
    """The usage of each route, and of all routes together."""

    endpoints: Sequence[Endpoint]
    total: Endpoint

    @classmethod
    def parse(cls, found: Json) -> "EndpointReport":
        return cls(
            endpoints=[Endpoint.parse(one) for one in read_messages(found, "endpoints")],
            total=Endpoint.parse(read_message(found, "total")),
        )
