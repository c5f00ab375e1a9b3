"""Descriptor sets of several sources, joined to one."""

import graphlib
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from gateway.contracts.descriptors import DescriptorError

# Every library brings its own version of these, and newer ones only add to them.
LIBRARIES = ("google/protobuf/", "google/api/", "google/rpc/")

Files = Iterable[FileDescriptorProto]


def join_sets(sources: Iterable[tuple[str, Files]]) -> FileDescriptorSet:
    """Join the files of named sources, each after the files that it imports.

    Of files that two sources have, comments and JSON names that follow from the
    names of fields do not count as different.

    Raises:
        DescriptorError: Two sources differ in a file, or files import each other in a ring.
    """
    known: dict[str, tuple[str, FileDescriptorProto]] = {}
    for source, files in sources:
        for file in files:
            other, first = known.setdefault(file.name, (source, file))
            if first is file:
                continue
            if not file.name.startswith(LIBRARIES) and canonical_bytes(first) != canonical_bytes(
                file
            ):
                raise DescriptorError(f"{other} and {source} differ in {file.name}.")
            if file.ByteSize() > first.ByteSize():
                known[file.name] = (source, file)
    return FileDescriptorSet(
        file=in_import_order({name: file for name, (_, file) in known.items()})
    )


def in_import_order(files: dict[str, FileDescriptorProto]) -> Iterator[FileDescriptorProto]:
    imports = {name: sorted(file.dependency) for name, file in sorted(files.items())}
    try:
        names = list(graphlib.TopologicalSorter(imports).static_order())
    except graphlib.CycleError as error:
        raise DescriptorError(f"These import each other: {', '.join(error.args[1])}.") from None
    return (files[name] for name in names if name in files)


def canonical_bytes(file: FileDescriptorProto) -> bytes:
    """What a file means, without what some compilers write and others leave out."""
    copy = FileDescriptorProto()
    copy.CopyFrom(file)
    copy.ClearField("source_code_info")
    for field in fields_of(copy):
        if field.json_name == json_name(field.name):
            field.ClearField("json_name")
    return copy.SerializeToString(deterministic=True)


def fields_of(scope: Any) -> Iterator[FieldDescriptorProto]:
    yield from scope.extension
    messages = scope.nested_type if isinstance(scope, DescriptorProto) else scope.message_type
    for message in messages:
        yield from message.field
        yield from fields_of(message)


def json_name(name: str) -> str:
    """The JSON name that a field has unless it declares another."""
    first, *words = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)
