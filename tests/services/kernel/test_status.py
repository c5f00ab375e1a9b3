"""What is kept of an error is bounded, and nothing that PostgreSQL cannot hold."""

from sqlalchemy.exc import DataError

from services.kernel.status import ERROR_LENGTH_MAX, describe_error


def test_a_description_of_an_error_is_bounded():
    assert len(describe_error(ValueError("x" * 10_000))) == ERROR_LENGTH_MAX
    assert describe_error(ValueError("a\0b")) == "ValueError: ab"


def test_what_a_statement_was_given_is_not_told():
    error = DataError("SELECT :a", {"a": "secret"}, ValueError("invalid input"))
    assert describe_error(error) == "DataError: invalid input"
