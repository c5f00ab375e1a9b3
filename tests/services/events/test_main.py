"""How the service is put together."""

from libral.events.v1 import events_pb2, events_pb2_grpc

from services.events.__main__ import make_channels
from services.events.config import EventsSettings


def channels(room, **settings) -> list[str]:
    values = {
        "redis_url": "",
        "telegram_target": None,
        "checkpoints": None,
        "checkpoint_chat": None,
        "retention_months": None,
    }
    made = make_channels(room.kernel, EventsSettings(**(values | settings)))
    return [channel.name for channel in made]


async def test_checkpoints_go_where_the_settings_say(room, tmp_path):
    target = "127.0.0.1:9"
    assert channels(room) == ["LOG"]
    assert channels(room, checkpoints=tmp_path) == ["LOG", "FILE"]
    assert channels(room, telegram_target=target) == ["LOG"]
    assert channels(room, checkpoint_chat=7) == ["LOG"]
    assert channels(room, telegram_target=target, checkpoint_chat=7) == ["LOG", "TELEGRAM"]


async def test_both_services_are_served(mesh, room):
    channel = mesh.channel(room)
    events = events_pb2_grpc.EventServiceStub(channel)
    reactions = events_pb2_grpc.ReactionServiceStub(channel)
    stats = await events.GetEventStats(events_pb2.GetEventStatsRequest())
    assert stats.head_position == 0
    listed = await reactions.ListConsumers(events_pb2.ListConsumersRequest())
    assert not listed.next_page_token
