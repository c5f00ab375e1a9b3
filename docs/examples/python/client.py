"""Sign in with an API key, list users, publish an event and receive it from the stream."""

import os
import uuid

import grpc
from google.protobuf.json_format import MessageToJson
from google.protobuf.timestamp_pb2 import Timestamp
from libral.events.v1 import events_pb2, events_pb2_grpc
from libral.users.v1 import users_pb2, users_pb2_grpc

DEADLINE_SECONDS = 10
EVENT_TYPE = "report.created"

Metadata = tuple[tuple[str, str], ...]


def main() -> None:
    with (
        grpc.insecure_channel(os.environ["LIBRAL_USERS_TARGET"]) as users_channel,
        grpc.insecure_channel(os.environ["LIBRAL_EVENTS_TARGET"]) as events_channel,
    ):
        metadata = sign_in(users_channel, os.environ["LIBRAL_API_KEY"])
        list_users(users_channel, metadata)
        follow_events(events_channel, metadata)


def sign_in(channel: grpc.Channel, secret: str) -> Metadata:
    """Return the metadata that authorizes calls, valid for 15 minutes."""
    auth = users_pb2_grpc.AuthServiceStub(channel)
    request = users_pb2.ExchangeApiKeyRequest(secret=secret)
    tokens = auth.ExchangeApiKey(request, timeout=DEADLINE_SECONDS)
    return (("authorization", f"Bearer {tokens.access_token}"),)


def list_users(channel: grpc.Channel, metadata: Metadata) -> None:
    """Print the login of each user, page by page."""
    users = users_pb2_grpc.UserServiceStub(channel)
    request = users_pb2.ListUsersRequest(page_size=100)
    while True:
        page = users.ListUsers(request, metadata=metadata, timeout=DEADLINE_SECONDS)
        for user in page.users:
            print(f"user {user.login}")
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def follow_events(channel: grpc.Channel, metadata: Metadata) -> None:
    """Open a stream behind the newest event, publish an event and print what arrives."""
    events = events_pb2_grpc.EventServiceStub(channel)
    stats = events.GetEventStats(
        events_pb2.GetEventStatsRequest(), metadata=metadata, timeout=DEADLINE_SECONDS
    )
    request = events_pb2.StreamEventsRequest(after=stats.head_position, types=[EVENT_TYPE])
    stream = events.StreamEvents(request, metadata=metadata)
    publish_event(events, metadata)
    event = next(stream)
    stream.cancel()
    print(f"received {event.type} at {event.position}: {MessageToJson(event.data, indent=None)}")


def publish_event(events: events_pb2_grpc.EventServiceStub, metadata: Metadata) -> None:
    """Publish an event. A retry with the same id does not append it twice."""
    time = Timestamp()
    time.GetCurrentTime()
    event = events_pb2.Event(
        id=str(uuid.uuid4()),
        type=EVENT_TYPE,
        source="reports",
        category=events_pb2.Event.SYSTEM,
        time=time,
        data={"format": "csv"},
    )
    request = events_pb2.AppendEventsRequest(events=[event])
    response = events.AppendEvents(request, metadata=metadata, timeout=DEADLINE_SECONDS)
    print(f"published at {response.positions[0]}")


if __name__ == "__main__":
    main()
