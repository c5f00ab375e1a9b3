"""The descriptor set for Envoy contains the bound methods, in an order that loads."""

from dataclasses import replace

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from deploy.envoy.descriptors import make_descriptor_set, served_methods, service_name
from gateway.contracts.descriptors import load_bundled

CONTRACTS = load_bundled()


def files_of(content: bytes) -> list[str]:
    return [file.name for file in FileDescriptorSet.FromString(content).file]


def test_methods_with_a_binding_are_served():
    names = {method.full_name for method in served_methods(CONTRACTS)}
    assert "libral.users.v1.UserService.GetUser" in names
    assert "libral.users.v1.UserService.RecordTelegramUser" not in names
    assert all(method.bindings for method in served_methods(CONTRACTS))


def test_the_service_of_a_method():
    method = served_methods(CONTRACTS)[0]
    assert f"/{service_name(method)}/" in method.path


def test_each_file_follows_those_that_it_imports():
    content = make_descriptor_set(CONTRACTS)
    names = files_of(content)
    assert len(names) == len(set(names))
    pool, known = DescriptorPool(), set()
    for file in FileDescriptorSet.FromString(content).file:
        assert known.issuperset(file.dependency), file.name
        assert not file.HasField("source_code_info")
        pool.AddSerializedFile(file.SerializeToString())
        known.add(file.name)
    pool.FindMethodByName("libral.users.v1.UserService.GetUser")
    pool.FindMessageTypeByName("google.rpc.BadRequest")


def test_files_that_nothing_needs_are_left_out():
    only = tuple(m for m in CONTRACTS.methods if m.package == "libral.payments.v1")
    names = files_of(make_descriptor_set(replace(CONTRACTS, methods=only)))
    assert "libral/payments/v1/payments.proto" in names
    assert "google/rpc/error_details.proto" in names
    assert "libral/metrics/v1/metrics.proto" not in names
