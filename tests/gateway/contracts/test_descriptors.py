"""Descriptor sets that cannot be loaded."""

import pytest
from google.protobuf import descriptor_pb2

from gateway.contracts.descriptors import DescriptorError, load_file, load_set


@pytest.mark.parametrize("content", [b"\xff\xff", b"nonsense"])
def test_refuses_what_is_no_descriptor_set(content):
    with pytest.raises(DescriptorError, match="is not a FileDescriptorSet"):
        load_set(content, "x")


def test_refuses_a_set_without_imports(tmp_path, descriptor_set):
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes())
    del files.file[:-1]
    with pytest.raises(DescriptorError, match=r"^x cannot be loaded: .*$"):
        load_set(files.SerializeToString(), "x")


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(DescriptorError, match=r"No such file or directory\.$"):
        load_file(tmp_path / "none")
