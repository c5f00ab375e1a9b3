"""Descriptor sets of generated code."""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor


def with_imports(files: Iterable[FileDescriptor]) -> list[descriptor_pb2.FileDescriptorProto]:
    """Return the files, each after those that it imports."""
    found: dict[str, bytes] = {}

    def collect(file: FileDescriptor) -> None:
        if file.name not in found:
            for imported in file.dependencies:
                collect(imported)
            found[file.name] = file.serialized_pb

    for file in files:
        collect(file)
    return [descriptor_pb2.FileDescriptorProto.FromString(content) for content in found.values()]
