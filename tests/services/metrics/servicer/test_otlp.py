import math
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as otlp
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp_metrics

from services.kernel.database.database import database_unavailable
from services.metrics.domain.series import Sample, SeriesKey
from services.metrics.servicer.otlp import read_report
from services.metrics.storage import series as storage
from tests.services.helpers import refused
from tests.services.metrics.helpers import BOUNDS, exporter, make_report

TIME = datetime(2026, 1, 1, tzinfo=UTC)
NANOSECONDS = int(TIME.timestamp()) * 10**9


async def test_rejected_points_are_reported(channel):
    report = make_report({"200": [1, 0, 0, 0]})
    metric = report.resource_metrics[0].scope_metrics[0].metrics[0]
    metric.histogram.aggregation_temporality = otlp_metrics.AGGREGATION_TEMPORALITY_CUMULATIVE
    response = await exporter(channel)(report)
    assert response.partial_success.rejected_data_points == 1


async def test_a_report_that_cannot_be_stored_is_unavailable(channel, service, monkeypatch):
    @asynccontextmanager
    async def fail_transaction():
        raise database_unavailable()
        yield

    await exporter(channel)(make_report({"200": [1, 0, 0, 0]}))
    monkeypatch.setattr(service.kernel.database, "transaction", fail_transaction)
    with refused("UNAVAILABLE"):
        await exporter(channel)(make_report({"200": [1, 0, 0, 0]}))


async def test_a_series_whose_first_report_is_lost_is_made_by_the_next(channel, monkeypatch):
    async def fail(*_) -> None:
        raise database_unavailable()

    report = make_report({"200": [1, 0, 0, 0]})
    with monkeypatch.context() as patch:
        patch.setattr(storage, "insert_distributions", fail)
        with refused("UNAVAILABLE"):
            await exporter(channel)(report)
    await exporter(channel)(report)


def export_of(*metrics: otlp_metrics.Metric, **attributes: str) -> otlp.ExportMetricsServiceRequest:
    request = otlp.ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    for key, value in attributes.items():
        resource.resource.attributes.add(key=key.replace("_", ".")).value.string_value = value
    resource.scope_metrics.add().metrics.extend(metrics)
    return request


def gauge(*values: float) -> otlp_metrics.Metric:
    metric = otlp_metrics.Metric(name="users.active", unit="1")
    for value in values:
        metric.gauge.data_points.add(as_double=value, time_unix_nano=NANOSECONDS)
    return metric


def test_gauges_and_sums_become_samples():
    total = otlp_metrics.Metric(name="total", unit="By")
    total.sum.data_points.add(as_int=3, time_unix_nano=NANOSECONDS)
    request = export_of(gauge(1.5), total, service_name="users", service_version="1.2")
    report, rejected = read_report(request)
    assert rejected == 0
    assert report.samples == [
        Sample(SeriesKey("users.active", "users", (), "1"), TIME, 1.5),
        Sample(SeriesKey("total", "users", (), "By"), TIME, 3.0),
    ]
    assert report.versions == {"users": "1.2"}


def test_a_source_without_a_name_is_unknown():
    report, _ = read_report(export_of(gauge(1.0)))
    assert [one.key.source for one in report.samples] == ["unknown"]
    assert report.versions == {}


def test_delta_histograms_become_distributions():
    report, rejected = read_report(make_report({"200": [1, 2, 0, 0]}))
    [distribution] = report.distributions
    assert (distribution.bounds, distribution.counts, rejected) == (BOUNDS, (1, 2, 0, 0), 0)
    assert dict(distribution.key.attributes)["http.route"] == "/v1/users"


def test_points_that_are_not_supported_are_counted():
    cumulative = make_report({"200": [1, 0, 0, 0]})
    histogram = cumulative.resource_metrics[0].scope_metrics[0].metrics[0].histogram
    histogram.aggregation_temporality = otlp_metrics.AGGREGATION_TEMPORALITY_CUMULATIVE
    report, rejected = read_report(cumulative)
    assert (list(report.distributions), rejected) == ([], 1)
    report, rejected = read_report(export_of(gauge(1.0, math.nan, math.inf)))
    assert (len(report.samples), rejected) == (1, 2)


def test_a_report_has_at_most_2000_points():
    report, rejected = read_report(export_of(gauge(*map(float, range(2003)))))
    assert (len(report.samples), rejected) == (2000, 3)


async def test_the_number_of_rejected_points_is_returned(channel):
    response = await exporter(channel)(export_of(gauge(1.0, math.nan)))
    assert response.partial_success.rejected_data_points == 1
    assert "delta histograms" in response.partial_success.error_message
    response = await exporter(channel)(export_of(gauge(1.0)))
    assert not response.HasField("partial_success")
