"""The descriptor set for Envoy, and the methods in it that have an HTTP binding."""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor
from google.rpc import error_details_pb2

from gateway.contracts.descriptors import Contracts, Method


def served_methods(contracts: Contracts) -> list[Method]:
    """Return the methods that have a binding."""
    return [method for method in contracts.methods if method.bindings]


def service_name(method: Method) -> str:
    return method.full_name.rpartition(".")[0]


def make_descriptor_set(contracts: Contracts) -> bytes:
    """Serialize the files of all bound methods, each after its imports.

    The set includes the types of error details, because Envoy drops details of unknown types.
    Comments are left out.
    """
    found = descriptor_pb2.FileDescriptorSet()
    known: set[str] = set()

    def collect(needed: Iterable[FileDescriptor]) -> None:
        for file in needed:
            if file.name not in known:
                known.add(file.name)
                collect(file.dependencies)
                found.file.add().ParseFromString(file.serialized_pb)

    find = contracts.pool.FindFileContainingSymbol
    collect(find(service_name(method)) for method in served_methods(contracts))
    collect([error_details_pb2.DESCRIPTOR])
    return found.SerializeToString()
