"""The values of the contracts' enums."""

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def names_of(enum: EnumTypeWrapper) -> set[str]:
    """Return the names of the values, without the unspecified one."""
    return {name for name, number in enum.items() if number}
