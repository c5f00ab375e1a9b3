"""Field masks of Update methods (AIP-134, AIP-161)."""

from collections.abc import Collection

from google.protobuf import message
from google.protobuf.field_mask_pb2 import FieldMask

from services.kernel.errors import FieldViolation, InvalidArgumentError


def masked_fields(
    mask: FieldMask, resource: message.Message, allowed: Collection[str]
) -> frozenset[str]:
    """Return the names of the fields to update.

    An empty mask means the populated fields of `resource` that are in `allowed`, and `*` means all
    of `allowed`.

    Raises:
        InvalidArgumentError: A path is unknown or may not be updated.
    """
    paths = frozenset(mask.paths)
    if not paths:
        return frozenset(field.name for field, _ in resource.ListFields()) & frozenset(allowed)
    if paths == frozenset({"*"}):
        return frozenset(allowed)
    wrong = sorted(paths - frozenset(allowed))
    if wrong:
        known = resource.DESCRIPTOR.fields_by_name
        raise InvalidArgumentError(
            [
                FieldViolation(
                    "update_mask",
                    f"{path} cannot be updated." if path in known else f"{path} is no field.",
                )
                for path in wrong
            ]
        )
    return paths
