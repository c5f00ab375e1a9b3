from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError
from services.users.domain.api_keys import check_api_key

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SCOPES = ["payments.read"]


@pytest.mark.parametrize(
    ("display_name", "scopes", "expires", "fields"),
    [
        ("会計", SCOPES, None, []),
        ("x" * 100, ["users.write"] * 20, LATER, []),
        ("", SCOPES, None, ["display_name"]),
        ("x" * 101, SCOPES, None, ["display_name"]),
        ("a\0b", SCOPES, None, ["display_name"]),
        ("会計", [], None, ["scopes"]),
        ("会計", SCOPES * 21, None, ["scopes"]),
        ("会計", ["payments.delete"], None, ["scopes"]),
        ("会計", ["payments.read "], None, ["scopes"]),
        ("会計", SCOPES, NOW, ["expire_time"]),
        ("", [], NOW, ["display_name", "scopes", "expire_time"]),
    ],
)
def test_each_bad_field_is_named(display_name, scopes, expires, fields):
    found = []
    try:
        check_api_key(display_name, scopes, expires, NOW)
    except InvalidArgumentError as error:
        found = [violation.field for violation in error.violations]
    assert found == [f"api_key.{field}" for field in fields]
