"""Descriptor sets of several sources, merged."""

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contracts.descriptor_sets import join_sets
from gateway.contracts.descriptors import DescriptorError
from tests.gateway.backends import rpc, write_set
from tests.gateway.program import run

pytestmark = pytest.mark.asyncio(loop_scope="session")


GET = rpc("Get", 'get: "/v1/things/{name}"')


WATCH = rpc("Watch", reply="stream Reply")


async def test_sets_that_differ_are_named(tmp_path):
    first, second = write_set(tmp_path, GET), write_set(tmp_path, WATCH)
    status, _, error = await run(
        *("--descriptor-set", str(first), "--descriptor-set", str(second)), "--check"
    )
    assert status == 1
    assert error == f"gateway: {first} and {second} differ in shop.proto.\n"


async def test_a_file_may_come_twice_with_and_without_comments(tmp_path):
    commented = FileDescriptorSet.FromString(write_set(tmp_path, GET).read_bytes())
    bare = FileDescriptorSet.FromString(commented.SerializeToString())
    for file in bare.file:
        file.ClearField("source_code_info")
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
    joined = join_sets([("bare", bare.file), ("commented", commented.file)])
    found = {file.name: file for file in joined.file}
    assert len(found) == len(commented.file)
    assert found["shop.proto"].HasField("source_code_info")
    bare.file[-1].message_type[0].field[0].json_name = "other"
    with pytest.raises(DescriptorError, match=r"^bare and commented differ in shop\.proto\.$"):
        join_sets([("bare", bare.file), ("commented", commented.file)])
