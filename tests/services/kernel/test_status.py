"""Descriptions of errors are bounded and hold no NUL characters and no parameters."""

from sqlalchemy.exc import DataError

from services.kernel.status import ERROR_LENGTH_MAX, describe_error


def test_a_description_of_an_error_is_bounded():
    assert len(describe_error(ValueError("x" * 10_000))) == ERROR_LENGTH_MAX
    assert describe_error(ValueError("a\0b")) == "ValueError: ab"


def test_the_parameters_of_a_statement_are_left_out():
    error = DataError("SELECT :a", {"a": "secret"}, ValueError("invalid input"))
    assert describe_error(error) == "DataError: invalid input"
