"""Every `google.api.http` binding of an installed package becomes a route."""

import importlib
from collections.abc import Iterator
from importlib import metadata

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from gateway.contracts.descriptors import Contracts, Method, load_set
from gateway.routing.table import make_table
from gateway.routing.template import parse_template
from tests.gateway.spec.descriptor_sets import with_imports

MARK = "google/api/annotations.proto"
FILES_MIN = 2
BINDINGS_MIN = 8


def annotated_files() -> dict[str, FileDescriptor]:
    """Return the files of generated code that import the annotation and declare services."""
    modules = sorted(set(generated_modules()))
    files = [importlib.import_module(name).DESCRIPTOR for name in modules]
    return {file.name: file for file in files if file.services_by_name}


def generated_modules() -> Iterator[str]:
    for distribution in metadata.distributions():
        for path in distribution.files or ():
            if path.name.endswith("_pb2.py") and MARK in path.read_text():
                yield ".".join(path.with_suffix("").parts)


def read_methods(file: FileDescriptor) -> list[Method]:
    """Return the methods of one file that have bindings, as the gateway reads them."""
    content = descriptor_pb2.FileDescriptorSet(file=with_imports([file])).SerializeToString()
    services = file.services_by_name.values()
    own = {method.full_name for service in services for method in service.methods}
    methods = load_set(content, file.name).methods
    return [method for method in methods if method.full_name in own and method.bindings]


FILES = annotated_files()


@pytest.mark.parametrize("name", FILES)
def test_every_binding_becomes_a_route(name):
    methods = read_methods(FILES[name])
    bindings = [binding for method in methods for binding in method.bindings]
    for binding in bindings:
        assert parse_template(binding.template).text == binding.template
    routes = make_table(Contracts(methods[0].input.file.pool, tuple(methods), {})).routes
    assert len(routes) == len(bindings)


def test_there_are_bindings():
    methods = [method for file in FILES.values() for method in read_methods(file)]
    count = sum(len(method.bindings) for method in methods)
    print(f"{count} bindings of {len(methods)} methods in {len(FILES)} files")  # noqa: T201
    assert len(FILES) >= FILES_MIN
    assert count >= BINDINGS_MIN
