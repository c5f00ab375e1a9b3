"""Errors have a canonical code and a machine-readable reason."""

import grpc
import pytest

from services.kernel import errors
from services.kernel.errors import FieldViolation, InvalidArgumentError, LibralError, NotFoundError

CODES = {code.name: code.value[0] for code in grpc.StatusCode}
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, LibralError) and kind is not LibralError
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_has_the_code_of_its_name(kind):
    name = kind.__name__.removesuffix("Error")
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    assert kind.code == CODES[words.upper().lstrip("_")]


def test_a_reason_comes_with_its_values():
    error = LibralError("OUT_OF_STOCK", "None left.", localized="在庫なし", metadata={"item": "a"})
    assert (str(error), error.reason, error.localized) == ("None left.", "OUT_OF_STOCK", "在庫なし")
    assert error.metadata == {"item": "a"}


def test_violations_name_their_fields():
    violations = [FieldViolation("a", "It is long."), FieldViolation("b", "It is short.")]
    error = InvalidArgumentError(violations)
    assert error.violations == tuple(violations)
    assert str(error) == "a: It is long.; b: It is short."
    assert errors.invalid("a", "No.").violations == (FieldViolation("a", "No."),)


def test_a_missing_resource_has_a_reason_of_its_kind():
    error = NotFoundError("api key", "apiKeys/1")
    assert (error.reason, error.metadata) == ("API_KEY_NOT_FOUND", {"name": "apiKeys/1"})
