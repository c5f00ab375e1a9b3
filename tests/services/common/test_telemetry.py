"""Each measurement is reported once. Those of a failed report are in the next one."""

import psutil
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from services.common.telemetry import (
    BOUNDS,
    DELTA,
    ExportError,
    Histogram,
    Meter,
    Reporter,
    memory_bytes,
)

NAME = "rpc.server.duration"
GET = (("rpc.method", "/x.v1.X/Get"), ("http.response.status_code", 200))


class Receiver:
    """Stores reports, or refuses them while it is away."""

    def __init__(self) -> None:
        self.away = False
        self.reports: list[ExportMetricsServiceRequest] = []

    async def send(self, report: bytes) -> None:
        if self.away:
            raise ExportError("UNAVAILABLE")
        self.reports.append(ExportMetricsServiceRequest.FromString(report))

    def metrics(self) -> dict:
        """Return the metrics of the newest report by name."""
        (resource,) = self.reports[-1].resource_metrics
        (scope,) = resource.scope_metrics
        return {metric.name: metric for metric in scope.metrics}


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_exceed():
    histogram = Histogram()
    for seconds in (0.0, 0.005, 0.0051, 10.0, 11.0):
        histogram.record_duration(seconds)
    assert histogram.counts[:2] == [2, 1]
    assert histogram.counts[-2:] == [1, 1]
    assert len(histogram.counts) == len(BOUNDS) + 1
    assert histogram.total == pytest.approx(21.0101)


async def test_a_report_names_the_process_and_measures_it(receiver):
    await Reporter("users", Meter(), receiver.send).send_report()
    attributes = {
        one.key: one.value.string_value or one.value.int_value
        for one in receiver.reports[0].resource_metrics[0].resource.attributes
    }
    assert attributes["service.name"] == "users"
    assert attributes["process.pid"] == psutil.Process().pid
    (memory,) = receiver.metrics()["process.memory.usage"].gauge.data_points
    info = psutil.Process().memory_full_info()
    assert memory.as_double == pytest.approx(getattr(info, "pss", info.rss), rel=0.2)
    (cpu,) = receiver.metrics()["process.cpu.utilization"].gauge.data_points
    assert 0 <= cpu.as_double < psutil.cpu_count() + 1


async def test_durations_are_sent_once_with_their_attributes(receiver):
    meter = Meter()
    reporter = Reporter("users", meter, receiver.send)
    for seconds in (0.001, 0.2):
        meter.record_duration(NAME, GET, seconds)
    await reporter.send_report()
    histogram = receiver.metrics()[NAME].histogram
    (point,) = histogram.data_points
    assert histogram.aggregation_temporality == DELTA
    assert (point.count, point.sum, list(point.explicit_bounds)) == (2, 0.201, list(BOUNDS))
    assert [(one.key, one.value.WhichOneof("value")) for one in point.attributes] == [
        ("rpc.method", "string_value"),
        ("http.response.status_code", "int_value"),
    ]
    await reporter.send_report()
    assert NAME not in receiver.metrics()


async def test_what_could_not_be_sent_is_in_the_next_report(receiver):
    meter, sent = Meter(), []
    reporter = Reporter("users", meter, receiver.send, sent.append)
    meter.record_duration(NAME, GET, 0.1)
    receiver.away = True
    await reporter.send_report()
    assert (receiver.reports, sent) == ([], [])
    meter.record_duration(NAME, GET, 0.1)
    receiver.away = False
    await reporter.send_report()
    (point,) = receiver.metrics()[NAME].histogram.data_points
    assert point.count == 2
    assert [list(taken) for taken in sent] == [[(NAME, GET)]]


async def test_a_gauge_that_is_unknown_or_fails_is_left_out(receiver):
    async def unknown() -> None:
        return None

    async def broken() -> float:
        raise OSError

    async def five() -> float:
        return 5.0

    meter = Meter()
    for name, read in (("unknown", unknown), ("broken", broken), ("five", five)):
        meter.add_gauge(name, "1", read)
    await Reporter("users", meter, receiver.send).send_report()
    assert receiver.metrics()["five"].gauge.data_points[0].as_double == 5.0
    assert not {"unknown", "broken"} & receiver.metrics().keys()


def test_series_are_bounded():
    meter = Meter(series_max=2)
    for number in range(5):
        meter.record_duration(NAME, (("n", number),), 0.1)
    taken = meter.take_histograms()
    assert len(taken) == 2
    meter.record_duration(NAME, (("n", 9),), 0.1)
    meter.restore_histograms(taken)
    assert len(meter.take_histograms()) == 2


async def test_reads_cpu_and_memory():
    async def send(request: bytes) -> None:
        """Drop the report."""

    reporter = Reporter("gateway", Meter(), send)
    sum(range(3_000_000))
    request = await reporter._make_request({}, 1)
    metrics = request.resource_metrics[0].scope_metrics[0].metrics
    gauges = {each.name: each.gauge.data_points[0].as_double for each in metrics}
    assert 0 < gauges["process.cpu.utilization"] < 8
    assert gauges["process.memory.usage"] > 1_000_000
    assert memory_bytes(psutil.Process()) > 1_000_000
