"""Header blocks (RFC 7541): encoded without a dynamic table, decoded through a cache."""

from functools import lru_cache
from typing import Any

import hpack
from hpack.exceptions import HPACKError

from gateway.http2.frames import ErrorCode, ProtocolError

Field = tuple[bytes, bytes]
Fields = tuple[Field, ...]

HEADER_BYTES_MAX = 64 * 1024
PREFIX_MAX = 127
WITHOUT_INDEXING, NEVER_INDEXED = b"\x00", b"\x10"
SECRET = frozenset({b"authorization", b"cookie"})
SIZE_UPDATE = range(0x20, 0x40)
CACHE_MAX = 256
CACHED_BYTES_MAX = 128


def encode_length(size: int) -> bytes:
    """Encode an integer with a 7-bit prefix (section 5.1), as before a string."""
    if size < PREFIX_MAX:
        return bytes((size,))
    size -= PREFIX_MAX
    written = bytearray((PREFIX_MAX,))
    while size > PREFIX_MAX:
        written.append(size & PREFIX_MAX | 0x80)
        size >>= 7
    written.append(size)
    return bytes(written)


@lru_cache(maxsize=4096)
def cached_field(name: bytes, value: bytes) -> bytes:
    """Encode a field that repeats across requests."""
    return literal_field(name, value)


def literal_field(name: bytes, value: bytes) -> bytes:
    """Encode a field without indexing (section 6.2.2), or as never indexed if it is secret."""
    first = NEVER_INDEXED if name in SECRET else WITHOUT_INDEXING
    return b"".join((first, encode_length(len(name)), name, encode_length(len(value)), value))


class BlockReader:
    """Decodes the header blocks of one connection.

    A block that does not change the dynamic table always decodes to the same fields while the table
    is
    unchanged, so its result is cached. Most servers encode nearly all blocks that way.
    """

    def __init__(self) -> None:
        self._decoder: Any = hpack.Decoder(max_header_list_size=HEADER_BYTES_MAX)
        self._known: dict[bytes, Fields] = {}

    def read(self, block: bytes) -> Fields:
        """Decode a block.

        Raises:
            ProtocolError: It is invalid, or its fields are longer than 64 KiB.
        """
        known = self._known.get(block)
        if known is not None:
            return known
        before = self._table()
        try:
            decoded = self._decoder.decode(block, raw=True)
        except HPACKError as error:
            raise ProtocolError(ErrorCode.COMPRESSION_ERROR, str(error)) from None
        fields = tuple((bytes(name), bytes(value)) for name, value in decoded)
        if not is_same_table(self._table(), before):
            self._known.clear()
        elif len(self._known) < CACHE_MAX and is_short(block):
            self._known[block] = fields
        return fields

    def _table(self) -> tuple[int, Any]:
        """Return what changes with every insertion: the table's length and its newest entry."""
        entries = self._decoder.header_table.dynamic_entries
        return len(entries), entries[0] if entries else None


def is_short(block: bytes) -> bool:
    """True if a block is worth caching and holds no table size update (section 6.3)."""
    return 0 < len(block) <= CACHED_BYTES_MAX and block[0] not in SIZE_UPDATE


def is_same_table(table: tuple[int, Any], other: tuple[int, Any]) -> bool:
    """True if nothing was inserted in between. Each entry is a distinct object."""
    return table[0] == other[0] and table[1] is other[1]
