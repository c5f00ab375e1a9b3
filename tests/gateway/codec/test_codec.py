"""JSON cases of protobuf's conformance tests, where they apply.

They are the required and recommended cases for proto3 JSON: numbers at and over their bounds, the
forms
of each type, presence, names, and the well-known types. A row holds the input and the output (None:
the
input must be refused). `json_format` must agree, except for the rows of `STRICTER`, where it
deviates
from the specification.
"""

import json

import pytest
from google.protobuf import json_format, message_factory

from gateway.codec import Codec, JsonOptions
from gateway.http.errors import StatusError

KINDS = "test.kinds.v1.Kinds"
SAME = object()
NULLS = [
    *("aDouble", "anInt32", "anInt64", "aUint64", "aBool", "aString", "someBytes", "color"),
    *("child", "int32s", "children", "byString", "kindsByString", "time", "lag", "mask"),
    *("struct", "list", "any", "empty", "wrappedInt64", "wrappedString", "left", "middle"),
]
BIG = 2**53

ROWS = [
    # Names
    ('{"anInt32":1}', SAME),
    ('{"an_int32":1}', '{"anInt32":1}'),
    ('{"an_int32":1,"anInt32":1}', None),
    ('{"anInt32":1,"anInt32":2}', None),
    ('{"AnInt32":1}', None),
    ('{"nope":1}', None),
    ('{"active5mCount":"x"}', SAME),
    ('{"active_5m_count":"x"}', '{"active5mCount":"x"}'),
    ('{"other-name":"x"}', SAME),
    ('{"renamed":"x"}', '{"other-name":"x"}'),
    ('{"an\\u0049nt32":1}', '{"anInt32":1}'),
    # Whole numbers: bounds
    ('{"anInt32":2147483647}', SAME),
    ('{"anInt32":-2147483648}', SAME),
    ('{"anInt32":2147483648}', None),
    ('{"anInt32":-2147483649}', None),
    ('{"aUint32":4294967295}', SAME),
    ('{"aUint32":4294967296}', None),
    ('{"aUint32":-1}', None),
    ('{"anInt64":"9223372036854775807"}', SAME),
    ('{"anInt64":"-9223372036854775808"}', SAME),
    ('{"anInt64":"9223372036854775808"}', None),
    ('{"anInt64":"-9223372036854775809"}', None),
    ('{"aUint64":"18446744073709551615"}', SAME),
    ('{"aUint64":"18446744073709551616"}', None),
    ('{"aUint64":"-1"}', None),
    (f'{{"anInt64":{BIG}}}', f'{{"anInt64":"{BIG}"}}'),
    ('{"aSint32":-2147483648}', SAME),
    ('{"aSint64":"-9223372036854775808"}', SAME),
    ('{"aFixed32":4294967295}', SAME),
    ('{"aFixed64":"18446744073709551615"}', SAME),
    ('{"aSfixed32":-2147483648}', SAME),
    ('{"aSfixed64":"-9223372036854775808"}', SAME),
    # Whole numbers: forms
    ('{"anInt32":"12"}', '{"anInt32":12}'),
    ('{"anInt32":"-12"}', '{"anInt32":-12}'),
    ('{"anInt32":1e5}', '{"anInt32":100000}'),
    ('{"anInt32":1.0}', '{"anInt32":1}'),
    ('{"anInt32":"1.0"}', '{"anInt32":1}'),
    ('{"anInt32":"1e5"}', '{"anInt32":100000}'),
    ('{"anInt32":-0}', "{}"),
    ('{"anInt32":0.5}', None),
    ('{"anInt32":"0.5"}', None),
    ('{"anInt32":" 1"}', None),
    ('{"anInt32":"1 "}', None),
    ('{"anInt32":""}', None),
    ('{"anInt32":"a"}', None),
    ('{"anInt32":"0x10"}', None),
    ('{"anInt32":true}', None),
    ('{"anInt32":[]}', None),
    ('{"anInt32":{}}', None),
    ('{"anInt32":01}', None),
    ('{"anInt32":+1}', None),
    ('{"anInt32":1.}', None),
    ('{"anInt32":.5}', None),
    ('{"anInt32":1e}', None),
    ('{"aUint64":1e19}', '{"aUint64":"10000000000000000000"}'),
    # Numbers with a fraction
    ('{"aDouble":1.5}', SAME),
    ('{"aDouble":"1.5"}', '{"aDouble":1.5}'),
    ('{"aDouble":1}', '{"aDouble":1.0}'),
    ('{"aDouble":2.22507e-308}', SAME),
    ('{"aDouble":1.79769e+308}', SAME),
    ('{"aDouble":-1.79769e+308}', SAME),
    ('{"aDouble":1.89769e+308}', None),
    ('{"aDouble":-1.89769e+308}', None),
    ('{"aDouble":"NaN"}', SAME),
    ('{"aDouble":"Infinity"}', SAME),
    ('{"aDouble":"-Infinity"}', SAME),
    ('{"aDouble":NaN}', None),
    ('{"aDouble":Infinity}', None),
    ('{"aDouble":-Infinity}', None),
    ('{"aDouble":"nan"}', None),
    ('{"aDouble":"inf"}', None),
    ('{"aDouble":""}', None),
    ('{"aDouble":true}', None),
    ('{"aFloat":3.4028235e+38}', SAME),
    ('{"aFloat":-3.4028235e+38}', SAME),
    ('{"aFloat":1.17549e-38}', SAME),
    ('{"aFloat":3.502823e+38}', None),
    ('{"aFloat":-3.502823e+38}', None),
    ('{"aFloat":"NaN"}', SAME),
    ('{"aFloat":"-Infinity"}', SAME),
    ('{"aFloat":0.1}', SAME),
    # Bools
    ('{"aBool":true}', SAME),
    ('{"aBool":false}', "{}"),
    ('{"aBool":1}', None),
    ('{"aBool":"true"}', None),
    ('{"aBool":"TRUE"}', None),
    ('{"aBool":True}', None),
    # Text
    ('{"aString":"Hello world!"}', SAME),
    ('{"aString":"\\u8c37\\u6b4c"}', '{"aString":"谷歌"}'),
    ('{"aString":"谷歌"}', SAME),
    ('{"aString":"\\ud83d\\ude01"}', '{"aString":"😁"}'),
    ('{"aString":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', '{"aString":"\\"\\\\/\\b\\f\\n\\r\\t"}'),
    ('{"aString":"\\u0000"}', SAME),
    ('{"aString":"\\ud800"}', None),
    ('{"aString":"\\ud800x"}', None),
    ('{"aString":"\\ude01\\ud83d"}', None),
    ('{"aString":12}', None),
    ('{"aString":"\\x"}', None),
    ("{'aString':'x'}", None),
    # Bytes
    ('{"someBytes":"AQI="}', SAME),
    ('{"someBytes":"AQI"}', '{"someBytes":"AQI="}'),
    ('{"someBytes":"-_"}', '{"someBytes":"+w=="}'),
    ('{"someBytes":"+w=="}', SAME),
    ('{"someBytes":"!"}', None),
    ('{"someBytes":1}', None),
    # Enums
    ('{"color":"COLOR_RED"}', SAME),
    ('{"color":1}', '{"color":"COLOR_RED"}'),
    ('{"color":-2}', '{"color":"COLOR_BLUE"}'),
    ('{"color":123}', SAME),
    ('{"color":"COLOR_UNSPECIFIED"}', "{}"),
    ('{"color":"color_red"}', None),
    ('{"color":"COLOR_GREEN"}', None),
    ('{"color":1.5}', None),
    ('{"color":true}', None),
    # Messages, lists, maps
    ('{"child":{"anInt32":1}}', SAME),
    ('{"child":{}}', SAME),
    ('{"child":[]}', None),
    ('{"child":1}', None),
    ('{"int32s":[1,2,3]}', SAME),
    ('{"int32s":[]}', "{}"),
    ('{"int32s":[1,null]}', None),
    ('{"int32s":[1,[2]]}', None),
    ('{"int32s":[1,"a"]}', None),
    ('{"int32s":[1,2,]}', None),
    ('{"int32s":[,1]}', None),
    ('{"int32s":1}', None),
    ('{"strings":["a",1]}', None),
    ('{"children":[{"anInt32":1},{}]}', SAME),
    ('{"children":[{"anInt32":1},null]}', None),
    ('{"colors":["COLOR_RED",-2]}', '{"colors":["COLOR_RED","COLOR_BLUE"]}'),
    ('{"byString":{"a":"b"}}', SAME),
    ('{"byString":{"a":null}}', None),
    ('{"byString":[]}', None),
    ('{"byInt32":{"1":2.5}}', SAME),
    ('{"byInt32":{"x":2.5}}', None),
    ('{"byInt32":{"2147483648":2.5}}', None),
    ('{"byInt64":{"-9223372036854775808":"AA=="}}', SAME),
    ('{"byUint64":{"18446744073709551615":"COLOR_RED"}}', SAME),
    ('{"byBool":{"true":true,"false":false}}', SAME),
    ('{"byBool":{"1":true}}', None),
    ('{"kindsByString":{"a":{"anInt32":1}}}', SAME),
    # Presence and oneofs
    ('{"maybeInt32":0}', SAME),
    ('{"maybeString":""}', SAME),
    ('{"maybeBool":false}', SAME),
    ('{"maybeColor":"COLOR_UNSPECIFIED"}', SAME),
    ('{"maybeInt32":null}', "{}"),
    ('{"left":""}', SAME),
    ('{"right":"0"}', SAME),
    ('{"left":"a","right":"1"}', None),
    ('{"left":null,"right":"1"}', '{"right":"1"}'),
    ('{"left":"a","right":null}', '{"left":"a"}'),
    ('{"nowhere":null}', SAME),
    *((f'{{"{name}":null}}', "{}") for name in NULLS),
    # Wrappers
    ('{"wrappedInt32":0}', SAME),
    ('{"wrappedInt64":"0"}', SAME),
    ('{"wrappedUint64":"1"}', SAME),
    ('{"wrappedUint32":"1"}', '{"wrappedUint32":1}'),
    ('{"wrappedDouble":"NaN"}', SAME),
    ('{"wrappedFloat":0.5}', SAME),
    ('{"wrappedBool":false}', SAME),
    ('{"wrappedString":""}', SAME),
    ('{"wrappedBytes":"AA=="}', SAME),
    ('{"wrappedInt32":"x"}', None),
    ('{"wrappedInt32":{"value":1}}', None),
    ('{"wrappedStrings":["a","b"]}', SAME),
    # Timestamp
    ('{"time":"0001-01-01T00:00:00Z"}', SAME),
    ('{"time":"9999-12-31T23:59:59.999999999Z"}', SAME),
    ('{"time":"1970-01-01T00:00:00.010Z"}', SAME),
    ('{"time":"1970-01-01T00:00:00.010000Z"}', '{"time":"1970-01-01T00:00:00.010Z"}'),
    ('{"time":"1970-01-01T00:00:00.000010Z"}', SAME),
    ('{"time":"1970-01-01T00:00:00.000000010Z"}', SAME),
    ('{"time":"1970-01-01T08:00:01+08:00"}', '{"time":"1970-01-01T00:00:01Z"}'),
    ('{"time":"1969-12-31T16:00:01-08:00"}', '{"time":"1970-01-01T00:00:01Z"}'),
    ('{"time":"0000-01-01T00:00:00Z"}', None),
    ('{"time":"10000-01-01T00:00:00Z"}', None),
    ('{"time":"0001-01-01T00:00:00"}', None),
    ('{"time":"0001-01-01T00:00:00z"}', None),
    ('{"time":"0001-01-01t00:00:00Z"}', None),
    ('{"time":"0001-01-01 00:00:00Z"}', None),
    ('{"time":"1970-02-30T00:00:00Z"}', None),
    ('{"time":"1970-01-01T24:00:00Z"}', None),
    ('{"time":"1970-01-01T00:00:00.0000000001Z"}', None),
    ('{"time":0}', None),
    # Duration
    ('{"lag":"315576000000s"}', SAME),
    ('{"lag":"-315576000000s"}', SAME),
    ('{"lag":"315576000001s"}', None),
    ('{"lag":"-315576000001s"}', None),
    ('{"lag":"0s"}', SAME),
    ('{"lag":"1.5s"}', '{"lag":"1.500s"}'),
    ('{"lag":"1.000001s"}', SAME),
    ('{"lag":"-0.000000001s"}', SAME),
    ('{"lag":"1"}', None),
    ('{"lag":"s"}', None),
    ('{"lag":"1.s"}', None),
    ('{"lag":"1.5 s"}', None),
    ('{"lag":"1.0000000001s"}', None),
    ('{"lag":1}', None),
    # FieldMask
    ('{"mask":"foo,barBaz"}', SAME),
    ('{"mask":"foo.barBaz"}', SAME),
    ('{"mask":""}', SAME),
    ('{"mask":"foo_bar"}', None),
    ('{"mask":1}', None),
    # Struct, Value, ListValue
    ('{"struct":{"a":null,"b":1.5,"c":"x","d":true,"e":[1.0,"y"],"f":{"g":0.0}}}', SAME),
    ('{"struct":{}}', SAME),
    ('{"struct":[]}', None),
    ('{"list":[null,1.0,"x",[],{}]}', SAME),
    ('{"list":{}}', None),
    ('{"value":null}', SAME),
    ('{"value":1}', '{"value":1.0}'),
    ('{"value":"NaN"}', SAME),
    ('{"value":[null,[null]]}', SAME),
    ('{"value":{"a":null}}', SAME),
    ('{"values":[null,1.5]}', SAME),
    ('{"valuesByString":{"a":null}}', SAME),
    # Any
    ('{"any":{}}', SAME),
    ('{"any":{"@type":"type.googleapis.com/test.kinds.v1.Kinds","anInt32":1}}', SAME),
    ('{"any":{"anInt32":1,"@type":"type.googleapis.com/test.kinds.v1.Kinds"}}', SAME),
    (
        '{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}}',
        SAME,
    ),
    (
        '{"any":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"a":1.0}}}',
        SAME,
    ),
    (
        '{"any":{"@type":"type.googleapis.com/google.protobuf.Int32Value","value":1}}',
        SAME,
    ),
    (
        '{"any":{"@type":"a.b/google.protobuf.Any","value":{"@type":"a.b/test.kinds.v1.Kinds"}}}',
        SAME,
    ),
    ('{"any":{"@type":"type.googleapis.com/google.protobuf.Empty"}}', SAME),
    ('{"any":{"anInt32":1}}', None),
    ('{"any":{"@type":1}}', None),
    ('{"any":{"@type":""}}', None),
    ('{"any":{"@type":"type.googleapis.com/test.kinds.v1.Kinds","nope":1}}', None),
    ('{"empty":{}}', SAME),
    ('{"empty":{"a":1}}', None),
    # JSON itself
    ("{}", SAME),
    (" \t\r\n{ \t\r\n} \t\r\n", "{}"),
    ("", None),
    ("null", None),
    ("[]", None),
    ("1", None),
    ('"x"', None),
    ("{", None),
    ('{"anInt32":1', None),
    ('{"anInt32":1}}', None),
    ('{"anInt32":1,}', None),
    ('{"anInt32" 1}', None),
    ("{anInt32:1}", None),
    ('{"anInt32":1 "aBool":true}', None),
    ('{"anInt32":1}//', None),
    ("\ufeff{}", None),
    ('{"child":' * 120 + "{}" + "}" * 120, None),
]

# Where json_format deviates from the specification: it accepts what must be refused, or refuses
# the usual form of the greatest float.
STRICTER = {
    *('{"an_int32":1,"anInt32":1}', '{"aDouble":"inf"}', '{"aDouble":true}', '{"someBytes":"!"}'),
    *('{"aFloat":3.4028235e+38}', '{"aFloat":-3.4028235e+38}', '{"color":1.5}', '{"color":true}'),
    *('{"child":[]}', '{"lag":"1.s"}', '{"lag":"1.5 s"}', '{"lag":"1.0000000001s"}', "[]"),
}


def read_ours(kinds, text):
    message = message_factory.GetMessageClass(kinds.pool.FindMessageTypeByName(KINDS))()
    codec = Codec(kinds.pool, JsonOptions(defaults=False))
    try:
        codec.decode(text.encode(), message, None)
    except StatusError:
        return None
    return codec.encode(message, None).decode()


def read_theirs(kinds, text):
    message = message_factory.GetMessageClass(kinds.pool.FindMessageTypeByName(KINDS))()
    try:
        json_format.Parse(text, message, descriptor_pool=kinds.pool)
    except json_format.ParseError:
        return None
    return json_format.MessageToJson(message, indent=None, descriptor_pool=kinds.pool)


def same(text, other):
    return (text is None) == (other is None) and (text is None or loads(text) == loads(other))


def loads(text):
    return json.dumps(json.loads(text, parse_constant=str), sort_keys=True)


@pytest.mark.parametrize(("text", "expected"), ROWS, ids=[text[:60] for text, _ in ROWS])
def test_reads_and_writes(kinds, text, expected):
    expected = text if expected is SAME else expected
    assert same(read_ours(kinds, text), expected)
    assert same(read_theirs(kinds, text), expected) == (text not in STRICTER)
