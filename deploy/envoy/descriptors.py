"""The descriptor set that Envoy is given, and the services in it that HTTP reaches."""

from collections.abc import Iterable

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor
from google.rpc import error_details_pb2

from gateway.contracts.descriptors import Contracts, Method


def served(contracts: Contracts) -> list[Method]:
    """The methods that have a binding."""
    return [method for method in contracts.methods if method.bindings]


def service(method: Method) -> str:
    return method.full_name.rpartition(".")[0]


def make_descriptor_set(contracts: Contracts) -> bytes:
    """Serializes the files of all methods that are served, each after those that it imports.

    The details of errors are among them: Envoy shows none whose type it does
    not know. Comments are not.
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
    collect(find(service(method)) for method in served(contracts))
    collect([error_details_pb2.DESCRIPTOR])
    return found.SerializeToString()
