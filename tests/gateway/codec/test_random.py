"""The codec compared with `json_format`, on random messages of every type."""

import itertools
import json
import os

import orjson
import pytest
from google.protobuf import json_format, message_factory

from gateway.codec import Codec, JsonOptions
from tests.gateway.codec.messages import Messages

N = int(os.environ.get("CODEC_N", "10000"))
KINDS = "test.kinds.v1.Kinds"
IN_ANY = (KINDS, "google.protobuf.Timestamp", "google.protobuf.Struct", "google.protobuf.Empty")
OPTIONS = [JsonOptions(*chosen) for chosen in itertools.product((False, True), repeat=3)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equal_to_json_format_both_ways(kinds, options):
    pool = kinds.pool
    kind = pool.FindMessageTypeByName(KINDS)
    messages = Messages(1, any_kinds=tuple(map(pool.FindMessageTypeByName, IN_ANY)))
    codec = Codec(pool, options)
    for _ in range(N // len(OPTIONS)):
        message = messages.make(kind)
        expected = json_format.MessageToDict(
            message,
            always_print_fields_with_no_presence=options.defaults,
            preserving_proto_field_name=options.proto_names,
            use_integers_for_enums=options.enum_numbers,
            descriptor_pool=pool,
        )
        content = codec.encode(message, None)
        assert orjson.loads(content) == orjson.loads(orjson.dumps(expected))
        ours = message_factory.GetMessageClass(kind)()
        theirs = message_factory.GetMessageClass(kind)()
        codec.decode(json.dumps(expected).encode(), ours, None)
        json_format.ParseDict(expected, theirs, descriptor_pool=pool)
        assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(
            deterministic=True
        )
