"""Random requests for a random contract, limited to what HTTP can represent."""

from collections.abc import Callable
from random import Random
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor

from gateway.contracts.descriptors import Binding, Method
from tests.gateway.spec.random_contract import COLORS, SUB
from tests.gateway.spec.words import ANY, word, words

# Types that only a body can represent.
RICH = frozenset({"subs", "pairs"})
FLOATS = [0.0, -0.0, 0.1, 1e22, 5e-7, -1.5, float("inf"), float("-inf"), float("nan")]
UNKNOWN_COLOR = 77
INT32, INT64 = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)
UINT32, UINT64 = (0, 2**32 - 1), (0, 2**64 - 1)
LIMITS = {
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_SINT32: INT32,
    FieldDescriptor.TYPE_SFIXED32: INT32,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_FIXED32: UINT32,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_SINT64: INT64,
    FieldDescriptor.TYPE_SFIXED64: INT64,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_FIXED64: UINT64,
}


class RandomRequests:
    """Makes requests."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def make(self, method: Method) -> Any:
        """Return a request that one of the method's bindings can represent."""
        binding = self._random.choice(method.bindings)
        message: Any = message_factory.GetMessageClass(method.input)()
        self._fill(message, rich=binding.body == "*")
        if binding.body == SUB:
            message.sub.SetInParent()
            self._fill(message.sub, rich=True)
        if len(method.bindings) > 1:
            # The client takes the first binding whose strings are not empty. Its numbers, which
            # always count as given, must not make an absent message present.
            for other in method.bindings:
                self._set(message, other, lambda _: "")
            message.sub.sub.label = word(self._random, ANY)
        self._set(message, binding, self._segments)
        return message

    def _set(self, message: Any, binding: Binding, make: Callable[[str], str]) -> None:
        """Set the variables to values that match their segments."""
        for variable in binding.template.split("{")[1:]:
            path, _, inner = variable.partition("}")[0].partition("=")
            *parents, last = path.split(".")
            owner = message
            for name in parents:
                owner = getattr(owner, name)
            field = owner.DESCRIPTOR.fields_by_name[last]
            if field.type == FieldDescriptor.TYPE_STRING:
                setattr(owner, last, make(inner or "*"))
            else:
                setattr(owner, last, self._scalar(field))

    def _segments(self, template: str) -> str:
        return "/".join(map(self._segment, template.split("/")))

    def _segment(self, part: str) -> str:
        if part == "**":
            return words(self._random)
        return word(self._random, ANY) if part == "*" else part

    def _fill(self, message: Any, *, rich: bool) -> None:
        """Fill a message, either as a query can or as a body can."""
        fields = [field for field in message.DESCRIPTOR.fields if rich or field.name not in RICH]
        for field in self._random.sample(fields, self._random.choice((0, 1, 4, 8))):
            value = getattr(message, field.name)
            if field.name == "pairs":
                self._fill(value[word(self._random, ANY)], rich=rich)
            elif field.name == "subs":
                self._fill(value.add(), rich=rich)
            elif field.name == SUB:
                value.SetInParent()
                self._fill(value, rich=rich)
                if not rich and not value.ByteSize():
                    message.ClearField(SUB)
            elif field.message_type is not None:
                value.SetInParent()
                self._fill_known(value)
            elif field.is_repeated:
                value.extend([self._scalar(field) for _ in range(self._random.randrange(4))])
            else:
                setattr(message, field.name, self._scalar(field))

    def _fill_known(self, message: Any) -> None:
        kind = message.DESCRIPTOR.name
        if kind == "FieldMask":
            paths = ["a", "display_name", "sub.x_y"]
            message.paths.extend(self._random.sample(paths, self._random.randrange(4)))
        elif kind in {"Timestamp", "Duration"}:
            message.seconds = self._random.randrange(-(10**9), 10**11)
            sign = -1 if kind == "Duration" and message.seconds < 0 else 1
            message.nanos = sign * self._random.choice([0, 1, 500_000_000, 999_999_999])
        else:
            message.value = self._scalar(message.DESCRIPTOR.fields_by_name["value"])

    def _scalar(self, field: FieldDescriptor) -> Any:
        choose = self._random.choice
        if field.type in LIMITS:
            low, high = LIMITS[field.type]
            return choose([low, high, 0, 1, self._random.randint(low, high)])
        if field.type == FieldDescriptor.TYPE_STRING:
            return choose(["", "/", words(self._random)])
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._random.randbytes(self._random.randrange(5))
        if field.type == FieldDescriptor.TYPE_BOOL:
            return choose([False, True])
        if field.type == FieldDescriptor.TYPE_ENUM:
            return choose([*COLORS, UNKNOWN_COLOR])
        return choose(FLOATS)
