"""The services of the metrics room: contract ↔ domain."""

from services.metrics.servicer.alerts import AlertServicer
from services.metrics.servicer.endpoints import ApiAnalyticsServicer
from services.metrics.servicer.infrastructure import InfrastructureServicer
from services.metrics.servicer.metrics import MetricServicer
from services.metrics.servicer.modules import ModuleServicer
from services.metrics.servicer.otlp import OtlpReceiver

__all__ = [
    "AlertServicer",
    "ApiAnalyticsServicer",
    "InfrastructureServicer",
    "MetricServicer",
    "ModuleServicer",
    "OtlpReceiver",
]
