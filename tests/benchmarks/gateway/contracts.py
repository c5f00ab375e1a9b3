"""Contracts for measurements, as descriptor sets."""

from pathlib import Path

from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, message_factory
from libral.policy.v1 import policy_pb2

from gateway.contracts.descriptors import load_file
from tests.gateway.spec.descriptor_sets import with_imports

PACKAGE = "bench.v1"
EVENT_STREAM = f"/{PACKAGE}.EventStream"
TEXT, NUMBER, MESSAGE = 9, 3, 11
BUCKET = 100


def write_routes(path: Path, count: int) -> Path:
    """Write a service with `count` methods, each with its own GET: `/v1/a7/b42/{name}`."""
    file = new_file("routes")
    add_message(file, "Item", name=TEXT)
    service = file.service.add(name="Routes")
    for number in range(count):
        method = service.method.add(name=f"Get{number}")
        method.input_type = method.output_type = f".{PACKAGE}.Item"
        method.options.Extensions[annotations_pb2.http].get = route(number, "{name}")
    return write(path, file)


def route(number: int, name: str) -> str:
    return f"/v1/a{number // BUCKET}/b{number % BUCKET}/{name}"


def write_event_stream(path: Path) -> Path:
    """Write a service that streams the events of a topic at `/v1/events:stream?topic=`.

    It has the options of the event log's stream: safe, with a cursor, and -1 for "from now on".
    """
    file = new_file("events")
    add_message(file, "WatchRequest", topic=TEXT, after=NUMBER)
    add_message(file, "Event", position=NUMBER, text=TEXT)
    post = add_message(file, "Post", topic=TEXT, event=MESSAGE)
    post.field[1].type_name = f".{PACKAGE}.Event"
    service = file.service.add(name="EventStream")
    watch = service.method.add(name="Watch", server_streaming=True)
    watch.input_type, watch.output_type = f".{PACKAGE}.WatchRequest", f".{PACKAGE}.Event"
    watch.options.Extensions[annotations_pb2.http].get = "/v1/events:stream"
    stream = watch.options.Extensions[policy_pb2.stream]
    stream.cursor, stream.resume, stream.live = "position", "after", -1
    watch.options.idempotency_level = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    publish = service.method.add(name="Publish")
    publish.input_type, publish.output_type = f".{PACKAGE}.Post", f".{PACKAGE}.WatchRequest"
    return write(path, file)


def read_class(path: Path, name: str):
    """Return the class of a message of a set that was written here."""
    pool = load_file(path).pool
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def new_file(name: str) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{name}.proto", package=PACKAGE, syntax="proto3"
    )
    file.dependency.extend([annotations_pb2.DESCRIPTOR.name, policy_pb2.DESCRIPTOR.name])
    return file


def add_message(
    file: descriptor_pb2.FileDescriptorProto, name: str, /, **fields: int
) -> descriptor_pb2.DescriptorProto:
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields.items(), 1):
        message.field.add(name=field, json_name=field, number=number, label=1, type=kind)
    return message


def write(path: Path, file: descriptor_pb2.FileDescriptorProto) -> Path:
    imported = with_imports([annotations_pb2.DESCRIPTOR, policy_pb2.DESCRIPTOR])
    files = descriptor_pb2.FileDescriptorSet(file=[*imported, file])
    path.write_bytes(files.SerializeToString())
    return path
