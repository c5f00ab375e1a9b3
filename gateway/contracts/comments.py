"""Comments of the contracts, by the full name of the element they describe."""

from collections.abc import Iterator

from google.protobuf import descriptor_pb2

# Field numbers of google/protobuf/descriptor.proto on the paths of commented elements.
MESSAGE, ENUM, SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_NESTED, MESSAGE_ENUM = 2, 3, 4
ENUM_VALUE, SERVICE_METHOD = 2, 2

Paths = Iterator[tuple[tuple[int, ...], str]]


def read_comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Yield the full name and leading comment of every element that has one."""
    written = {
        tuple(location.path): location.leading_comments.strip()
        for location in file.source_code_info.location
        if location.leading_comments
    }
    for path, name in named_paths(file):
        if path in written:
            yield name, written[path]


def named_paths(file: descriptor_pb2.FileDescriptorProto) -> Paths:
    prefix = f"{file.package}." if file.package else ""
    for number, message in enumerate(file.message_type):
        yield from message_paths(message, (MESSAGE, number), prefix + message.name)
    for number, enum in enumerate(file.enum_type):
        yield from enum_paths(enum, (ENUM, number), prefix + enum.name)
    for number, service in enumerate(file.service):
        name = prefix + service.name
        yield (SERVICE, number), name
        for index, method in enumerate(service.method):
            yield (SERVICE, number, SERVICE_METHOD, index), f"{name}.{method.name}"


def message_paths(
    message: descriptor_pb2.DescriptorProto, path: tuple[int, ...], name: str
) -> Paths:
    yield path, name
    for number, member in enumerate(message.field):
        yield (*path, MESSAGE_FIELD, number), f"{name}.{member.name}"
    for number, nested in enumerate(message.nested_type):
        yield from message_paths(nested, (*path, MESSAGE_NESTED, number), f"{name}.{nested.name}")
    for number, enum in enumerate(message.enum_type):
        yield from enum_paths(enum, (*path, MESSAGE_ENUM, number), f"{name}.{enum.name}")


def enum_paths(enum: descriptor_pb2.EnumDescriptorProto, path: tuple[int, ...], name: str) -> Paths:
    """Yield the paths of an enum and its values.

    Values are named below their enum, since two enums may have values of the same name.
    """
    yield path, name
    for number, value in enumerate(enum.value):
        yield (*path, ENUM_VALUE, number), f"{name}.{value.name}"
