"""Runs the events room."""

from libral.events.v1 import events_pb2_grpc

from services.events.adapters import Announcer
from services.events.config import EventsSettings
from services.events.servicer import EventServicer
from services.events.worker import Tail
from services.kernel.server import Kernel, Room, run


async def build(kernel: Kernel) -> Room:
    settings = EventsSettings.read(kernel.environment)
    announcer = Announcer(settings.redis_url)
    tail = Tail(kernel.database, announcer)
    servicer = EventServicer(kernel.database, kernel.clock, tail)
    return Room(
        services={
            "libral.events.v1.EventService": lambda server: (
                events_pb2_grpc.add_EventServiceServicer_to_server(servicer, server)
            )
        },
        tasks=(tail.listen, tail.poll),
    )


if __name__ == "__main__":
    run("events", build)
