"""A random contract: messages of random fields, methods of random templates."""

import random

from google.api import annotations_pb2
from google.protobuf import (
    descriptor_pb2,
    duration_pb2,
    field_mask_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

from gateway.contracts.descriptors import Contracts, load_set
from tests.gateway.spec.descriptor_sets import with_imports
from tests.gateway.spec.words import LITERAL, PLAIN, word

PACKAGE = "random.v1"
REQUEST = f".{PACKAGE}.Request"
SUB = "sub"
LABEL = "label"
ANCHOR = f"{SUB}.{SUB}.{LABEL}"
BINDINGS_MAX = 3
COLORS = [0, 1, 2, -1]
IMPORTS = (annotations_pb2, duration_pb2, field_mask_pb2, timestamp_pb2, wrappers_pb2)
WELL_KNOWN = ["Timestamp", "Duration", "FieldMask", "Int64Value", "BoolValue", "StringValue"]

Field = descriptor_pb2.FieldDescriptorProto
Message = descriptor_pb2.DescriptorProto
STRING = Field.TYPE_STRING
INTEGERS = [
    Field.TYPE_INT32,
    Field.TYPE_SINT32,
    Field.TYPE_SFIXED32,
    Field.TYPE_UINT32,
    Field.TYPE_FIXED32,
    Field.TYPE_INT64,
    Field.TYPE_SINT64,
    Field.TYPE_SFIXED64,
    Field.TYPE_UINT64,
    Field.TYPE_FIXED64,
]
IN_PATH = [*INTEGERS, Field.TYPE_BOOL, Field.TYPE_ENUM]
KINDS = [*IN_PATH, *[STRING] * 5, Field.TYPE_BYTES, Field.TYPE_DOUBLE, Field.TYPE_FLOAT]
# The verbs of a method by its body: none, all, or one field.
VERBS = {
    "": ["get", "delete", "post", "report"],
    "*": ["post", "put", "patch", "propfind"],
    SUB: ["post", "put", "patch"],
}
CUSTOM = frozenset({"report", "propfind"})


class RandomContract:
    """Makes the contract of a seed."""

    def __init__(self, seed: int, methods: int) -> None:
        self.random = random.Random(seed)
        file = descriptor_pb2.FileDescriptorProto(
            name="random.proto",
            package=PACKAGE,
            syntax="proto3",
            dependency=[module.DESCRIPTOR.name for module in IMPORTS],
        )
        color = file.enum_type.add(name="Color")
        for position, number in enumerate(COLORS):
            color.value.add(name=f"COLOR_{position}", number=number)
        messages = {name: file.message_type.add(name=name) for name in ("Leaf", "Sub", "Request")}
        self._add_fields(messages["Leaf"], "")
        self._add_fields(messages["Sub"], "Leaf")
        self._add_fields(messages["Request"], "Sub")
        paths = leaf_paths(messages, "Request")
        paths.pop(ANCHOR)
        self._strings = sorted(path for path, kind in paths.items() if kind == STRING)
        self._others = sorted(path for path, kind in paths.items() if kind != STRING)
        service = file.service.add(name="RandomService")
        for number in range(methods):
            method = service.method.add(name=f"M{number}", input_type=REQUEST, output_type=REQUEST)
            self._add_bindings(method, number)
        files = [*with_imports(module.DESCRIPTOR for module in IMPORTS), file]
        content = descriptor_pb2.FileDescriptorSet(file=files).SerializeToString()
        self.contracts: Contracts = load_set(content, file.name)

    def _add_fields(self, message: Message, child: str) -> None:
        add_field(message, LABEL, STRING)
        for kind in self.random.sample(KINDS, 16):
            field = add_field(message, self._name(message), kind)
            style = self.random.randrange(6)
            if style == 0:
                field.label = Field.LABEL_REPEATED
            elif style == 1:
                field.proto3_optional, field.oneof_index = True, len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")
        for name in WELL_KNOWN:
            add_field(message, self._name(message), 0, f".google.protobuf.{name}")
        if child:
            kind = f".{PACKAGE}.{child}"
            add_field(message, SUB, 0, kind)
            add_field(message, "subs", 0, kind).label = Field.LABEL_REPEATED
            entry = message.nested_type.add(name="PairsEntry")
            entry.options.map_entry = True
            add_field(entry, "key", STRING)
            add_field(entry, "value", 0, kind)
            pairs = add_field(message, "pairs", 0, f".{PACKAGE}.{message.name}.PairsEntry")
            pairs.label = Field.LABEL_REPEATED

    def _name(self, message: Message) -> str:
        words = self.random.choices(["user", "state", "x", "page2", "size_of"], k=2)
        return "_".join([*words, str(len(message.field))])

    def _add_bindings(self, method: descriptor_pb2.MethodDescriptorProto, number: int) -> None:
        body = self.random.choice(list(VERBS))
        http = method.options.Extensions[annotations_pb2.http]
        count = self.random.choice((1, 1, 2, BINDINGS_MAX))
        for binding in range(count):
            rule = http.additional_bindings.add() if binding else http
            verb = self.random.choice(VERBS[body])
            template = self._template(number, binding, strings_min=int(count > 1))
            if verb in CUSTOM:
                rule.custom.kind, rule.custom.path = verb, template
            else:
                setattr(rule, verb, template)
            rule.body = body

    def _template(self, method: int, binding: int, strings_min: int) -> str:
        """Return a template with a unique first segment: no other template matches its paths.

        Its literals are unique among those of the method, because a client takes another binding if
        a variable is empty.
        """
        own = self._strings[binding::BINDINGS_MAX]
        strings = self.random.sample(own, self.random.randint(strings_min, 3))
        others = self.random.sample(self._others, self.random.choice((0, 0, 1, 2)))
        segments = [f"m{method}b{binding}"]
        for path in self.random.sample([*strings, *others], len(strings) + len(others)):
            if self.random.random() < 0.4:
                segments.append(word(self.random, LITERAL))
            wild = not any("**" in segment for segment in segments)
            inner = self._inner(wild=wild) if path in strings else ""
            segments.append("{" + path + inner + "}")
        verb = ":" + word(self.random, PLAIN) if self.random.random() < 0.3 else ""
        return "/" + "/".join(segments) + verb

    def _inner(self, *, wild: bool) -> str:
        parts: list[str] = []
        for _ in range(self.random.choice((0, 0, 1, 2, 3))):
            part = self.random.choice(["*", "**", word(self.random, PLAIN)])
            parts.append("*" if part == "**" and ("**" in parts or not wild) else part)
        return "=" + "/".join(parts) if parts else ""


def add_field(message: Message, name: str, kind: int, type_name: str = "") -> Field:
    field = message.field.add(name=name, number=len(message.field) + 1, label=Field.LABEL_OPTIONAL)
    field.type = kind or Field.TYPE_MESSAGE
    if kind == Field.TYPE_ENUM:
        field.type_name = f".{PACKAGE}.Color"
    elif type_name:
        field.type_name = type_name
    return field


def leaf_paths(messages: dict[str, Message], name: str, prefix: str = "") -> dict[str, int]:
    """Return the types of the fields that a path can give, by their dotted paths."""
    paths: dict[str, int] = {}
    for field in messages[name].field:
        if field.name == SUB:
            child = field.type_name.rpartition(".")[2]
            paths |= leaf_paths(messages, child, f"{prefix}{SUB}.")
        elif field.label != Field.LABEL_REPEATED and (
            # The client sends an absent number as 0.
            field.type == STRING or (field.type in IN_PATH and not field.proto3_optional)
        ):
            paths[prefix + field.name] = field.type
    return paths
