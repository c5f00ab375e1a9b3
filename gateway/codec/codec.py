"""The codec: the interface of this package."""

from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gateway.codec.decoder import Decoder
from gateway.codec.encoder import Encoder
from gateway.codec.text import BODY, read_json
from gateway.http.errors import INTERNAL, Violation, failure, invalid, invalid_field


@dataclass(frozen=True)
class JsonOptions:
    """How a deployment writes JSON. `defaults`: fields without presence are always written."""

    proto_names: bool = False
    defaults: bool = True
    enum_numbers: bool = False


class Codec:
    """Reads and writes the messages of one descriptor pool."""

    def __init__(self, pool: DescriptorPool, options: JsonOptions | None = None) -> None:
        self.options = options = options or JsonOptions()
        self._enum_numbers = options.enum_numbers
        self._decoder = Decoder(pool)
        self._encoders = {
            numbers: Encoder(
                pool,
                proto_names=options.proto_names,
                defaults=options.defaults,
                enum_numbers=numbers,
            )
            for numbers in (False, True)
        }

    def decode(self, content: bytes, message: Message, field: FieldDescriptor | None) -> Any:
        """Decode JSON into a message, or into one field of it. Return the parsed JSON value.

        Raises:
            StatusError: 400 that lists the violations.
        """
        value = read_json(content)
        kind: Any = message.DESCRIPTOR
        try:
            if field is None:
                found = self._decoder.message_reader(kind)(message, value)
            else:
                found = self._decoder.field_reader(field)(message, value)
        except ValueError as error:
            raise invalid_field(BODY, f"{error}.") from None
        if found:
            raise invalid([Violation(each.field or BODY, each.description) for each in found])
        return value

    def encode(
        self, message: Message, field: FieldDescriptor | None, *, enum_numbers: bool = False
    ) -> bytes:
        """Encode a message, or one field of it.

        Raises:
            StatusError: 500, JSON cannot represent a value of it.
        """
        try:
            return orjson.dumps(self.to_value(message, field, enum_numbers=enum_numbers))
        except (ValueError, TypeError, RecursionError) as error:
            problem = f"The response cannot be written as JSON: {error}."
            raise failure(INTERNAL, "ANSWER_NOT_JSON", problem) from error

    def to_value(
        self, message: Message, field: FieldDescriptor | None, *, enum_numbers: bool = False
    ) -> Any:
        """Return a message, or one field of it, as dicts, lists and scalars."""
        encoder = self._encoders[enum_numbers or self._enum_numbers]
        kind: Any = message.DESCRIPTOR
        if field is None:
            return encoder.message_writer(kind)(message)
        if field.has_presence and not message.HasField(field.name):
            return None
        return encoder.field_writer(field)(getattr(message, field.name))
