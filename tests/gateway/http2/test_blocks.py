"""Header blocks, read through a cache."""

import hpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http2.blocks import HEADER_BYTES_MAX, BlockReader, literal_field
from gateway.http2.frames import ErrorCode, ProtocolError


@settings(max_examples=100, deadline=None)
@given(
    blocks=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([b"grpc-status", b"x-a", b"content-type"]),
                st.sampled_from([b"0", b"1", b"application/grpc", b"y" * 300]),
            ),
            max_size=4,
        ),
        max_size=60,
    ),
    size=st.sampled_from([0, 60, 4096]),
)
def test_cached_blocks_decode_correctly(blocks, size):
    """The cache is never stale, even when table entries are evicted."""
    encoder, reader = hpack.Encoder(), BlockReader()
    encoder.header_table_size = size
    for fields in blocks:
        assert list(reader.read(encoder.encode(fields))) == fields


@pytest.mark.parametrize("size", [0, 1, 126, 127, 128, 254, 255, 16_384, 60_000])
def test_fields_of_every_length_are_read_back(size):
    field = (b"x-name", b"v" * size)
    assert BlockReader().read(literal_field(*field)) == (field,)
    assert hpack.Decoder(2**20).decode(literal_field(*field), raw=True) == [field]


def test_secrets_are_never_indexed():
    assert literal_field(b"authorization", b"s")[:1] == b"\x10"
    assert literal_field(b"x-text", b"s")[:1] == b"\x00"


def test_a_block_that_is_none_and_one_that_is_too_long():
    with pytest.raises(ProtocolError) as caught:
        BlockReader().read(b"\xff\xff\xff\xff\xff\xff\xff")
    assert caught.value.code == ErrorCode.COMPRESSION_ERROR
    with pytest.raises(ProtocolError):
        BlockReader().read(literal_field(b"x", b"y" * HEADER_BYTES_MAX))
