"""The wiring of the service."""

from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import make_channels
from services.events.config import EventsSettings


def channels(service, **settings) -> list[str]:
    values = {
        "redis_url": "",
        "telegram_target": None,
        "checkpoints": None,
        "checkpoint_chat": None,
        "retention_months": None,
    }
    made = make_channels(service.kernel, EventsSettings(**(values | settings)))
    return [channel.name for channel in made]


async def test_checkpoints_go_where_the_settings_say(service, tmp_path):
    target = "127.0.0.1:9"
    assert channels(service) == ["LOG"]
    assert channels(service, checkpoints=tmp_path) == ["LOG", "FILE"]
    assert channels(service, telegram_target=target) == ["LOG"]
    assert channels(service, checkpoint_chat=7) == ["LOG"]
    assert channels(service, telegram_target=target, checkpoint_chat=7) == ["LOG", "TELEGRAM"]


async def test_both_services_are_served(mesh, service):
    channel = mesh.channel(service)
    events = events_pb2_grpc.EventServiceStub(channel)
    reactions = events_pb2_grpc.ReactionServiceStub(channel)
    stats = await events.GetEventStats(events_pb2.GetEventStatsRequest())
    assert stats.head_position == 0
    listed = await reactions.ListConsumers(events_pb2.ListConsumersRequest())
    assert not listed.next_page_token
