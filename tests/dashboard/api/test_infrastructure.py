from google.protobuf import json_format
from libral.metrics.v1 import metrics_pb2
from libral.telegram.v1 import telegram_pb2

from dashboard.api.infrastructure import Bot, Infrastructure


def test_figures_that_were_not_measured_are_none():
    message = metrics_pb2.Infrastructure()
    message.host.load_1m = 0.0
    message.database.replica_count = 0
    message.cache.hit_ratio = 0.5
    message.database.replication_lag.FromMilliseconds(20)
    found = Infrastructure.parse(json_format.MessageToDict(message))
    assert found.host.loads == (0.0, None, None)
    assert found.host.cpu_utilization is None
    assert (found.database.replica_count, found.database.replication_lag) == (0, 0.02)
    assert found.cache.hit_ratio == 0.5
    assert found.cache.measure_time is None
    assert Infrastructure.parse({}).database.connections is None


def test_a_bot_has_its_counts():
    message = telegram_pb2.Bot(
        state=telegram_pb2.Bot.CONNECTED, username="shop", failed_update_count=2
    )
    found = Bot.parse(json_format.MessageToDict(message))
    assert (found.state, found.username, found.failed_update_count) == ("CONNECTED", "shop", 2)
    assert found.pending_update_count is None
