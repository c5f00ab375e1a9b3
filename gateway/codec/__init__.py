"""Protobuf ↔ JSON, by functions compiled once per message from its descriptor.

The forms are those of proto3 JSON (https://protobuf.dev/programming-guides/json/). Input that
`google.protobuf.json_format` accepts and drops is refused here: duplicate members, unknown members,
invalid characters in base64.

`codec` is the interface; `encoder` and `decoder` make the functions; `scalars`, `well_known` and
`dynamic` read and write values; `exclusion` finds members that exclude each other; `fields` and
`text`
are shared helpers.
"""

from gateway.codec.codec import Codec, JsonOptions
from gateway.codec.fields import is_map

__all__ = ["Codec", "JsonOptions", "is_map"]
