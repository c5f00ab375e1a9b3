"""Random messages of any kind, from their descriptors."""

import random
import string
import struct
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.codec import is_map

DEPTH_MAX = 3
WORDS = ["", "a", "user name", "日本語", "\u0000", "\u2028", '"\\/', "😀", "null", "1e5", "ｱ"]
PATHS = ["a", "display_name", "item.display_name", "x1.y2", "roles"]

INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}


class Messages:
    """Makes messages from a seed."""

    def __init__(self, seed: int, *, any_kinds: tuple[Descriptor, ...] = ()) -> None:
        self.random = random.Random(seed)
        self._any_kinds = any_kinds

    def make(self, kind: Descriptor, depth: int = 0) -> Any:
        message: Any = message_factory.GetMessageClass(kind)()
        self.fill(message, depth)
        return message

    def fill(self, message: Any, depth: int) -> None:
        kind = message.DESCRIPTOR
        special = getattr(self, f"_{kind.name.lower()}", None)
        if kind.full_name.startswith("google.protobuf.") and special is not None:
            special(message, depth)
            return
        fields = list(kind.fields)
        for field in self.random.sample(fields, min(len(fields), self.random.choice((1, 3, 8)))):
            if field.message_type is None or depth < DEPTH_MAX:
                self._set(message, field, depth)

    def _set(self, message: Any, field: FieldDescriptor, depth: int) -> None:
        count = self.random.randrange(4)
        target = getattr(message, field.name)
        if is_map(field):
            entry = field.message_type.fields_by_name
            for _ in range(count):
                key = self.scalar(entry["key"])
                if entry["value"].message_type is None:
                    target[key] = self.scalar(entry["value"])
                else:
                    self.fill(target[key], depth + 1)
        elif field.message_type is not None:
            for item in [target.add() for _ in range(count)] if field.is_repeated else [target]:
                if not field.is_repeated:
                    item.SetInParent()
                self.fill(item, depth + 1)
        elif field.is_repeated:
            target.extend([self.scalar(field) for _ in range(count)])
        else:
            setattr(message, field.name, self.scalar(field))

    def scalar(self, field: FieldDescriptor) -> Any:
        choose = self.random.choice
        if field.enum_type is not None:
            known = [value.number for value in field.enum_type.values]
            null = field.enum_type.name == "NullValue"
            return choose(known if null else [*known, 7, -(2**31)])
        if field.type in INTEGERS:
            low, high = INTEGERS[field.type]
            return choose([low, high, 0 if low else 1, 1, self.random.randint(low, high)])
        if field.type == FieldDescriptor.TYPE_BOOL:
            return choose([True, False])
        if field.type == FieldDescriptor.TYPE_STRING:
            return choose(WORDS) + choose(string.printable)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self.random.randbytes(self.random.randrange(5))
        return self._number(single=field.type == FieldDescriptor.TYPE_FLOAT)

    def _number(self, *, single: bool) -> float:
        bits = self.random.randbytes(4 if single else 8)
        wild = struct.unpack("<f" if single else "<d", bits)[0]
        plain = self.random.uniform(-1e6, 1e6)
        limits = [float("inf"), float("-inf"), float("nan"), 0.0, -0.0, 1.0, 0.1, 16777216.0]
        return self.random.choice([wild, plain, self.random.choice(limits)])

    def _timestamp(self, message: Any, _: int) -> None:
        limits = [-62135596800, 253402300799, 0, self.random.randint(-(10**10), 10**11)]
        message.seconds, message.nanos = self.random.choice(limits), self._nanos()

    def _duration(self, message: Any, _: int) -> None:
        sign = self.random.choice([-1, 1])
        limits = [315576000000, 0, 1, self.random.randrange(10**6)]
        message.seconds = sign * self.random.choice(limits)
        message.nanos = sign * self._nanos() if abs(message.seconds) < limits[0] else 0

    def _nanos(self) -> int:
        return self.random.choice([0, 1, 999999999, 500000000, 1000, self.random.randrange(10**9)])

    def _fieldmask(self, message: Any, _: int) -> None:
        message.paths.extend(self.random.sample(PATHS, self.random.randrange(4)))

    def _struct(self, message: Any, depth: int) -> None:
        for word in self.random.sample(WORDS, self.random.randrange(3)):
            self._value(message.fields[word], depth + 1)

    def _listvalue(self, message: Any, depth: int) -> None:
        for _ in range(self.random.randrange(3)):
            self._value(message.values.add(), depth + 1)

    def _value(self, message: Any, depth: int) -> None:
        kind = self.random.randrange(6 if depth < DEPTH_MAX else 4)
        if kind == 0:
            message.null_value = 0
        elif kind == 1:
            message.bool_value = self.random.choice([True, False])
        elif kind == 2:
            message.string_value = self.random.choice(WORDS)
        elif kind == 3:
            message.number_value = self.random.choice([0.0, -1.5, 1e300, 42.0])
        elif kind == 4:
            message.struct_value.SetInParent()
            self._struct(message.struct_value, depth + 1)
        else:
            message.list_value.SetInParent()
            self._listvalue(message.list_value, depth + 1)

    def _any(self, message: Any, depth: int) -> None:
        if self._any_kinds and depth < DEPTH_MAX:
            message.Pack(self.make(self.random.choice(self._any_kinds), depth + 1))
