"""Descriptor sets of several sources, merged into one."""

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

# Libraries bundle different versions of these files. Newer versions only add to them.
LIBRARIES = ("google/protobuf/", "google/api/", "google/rpc/")

Files = Iterable[FileDescriptorProto]


def join_sets(sources: Iterable[tuple[str, Files]]) -> FileDescriptorSet:
    """Merge the files of named sources, each file after the files that it imports.

    Comments, and JSON names that follow from field names, may differ between two copies of a file.

    Raises:
        DescriptorError: Two sources differ in a file, or files import each other.
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
        raise DescriptorError(
            f"These files import each other: {', '.join(error.args[1])}."
        ) from None
    return (files[name] for name in names if name in files)


def canonical_bytes(file: FileDescriptorProto) -> bytes:
    """Return a file serialized without what some compilers write and others leave out."""
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
    """Return the default JSON name of a field."""
    first, *words = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)
