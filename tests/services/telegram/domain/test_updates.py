from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.errors import InvalidArgumentError, UnauthenticatedError
from services.telegram.domain import updates


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"no json", "body"),
        (b"[1]", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "update_id"),
        (b'{"update_id": "1"}', "update_id"),
        (b'{"update_id": true}', "update_id"),
        (b'{"update_id": -1}', "update_id"),
        (b'{"update_id": 99999999999999999999}', "update_id"),
        (b'{"update_id": 1, "message": {"text": "a\\u0000b"}}', "body"),
        (b'{"update_id": 1, "x": "' + b"a" * updates.UPDATE_BYTES_MAX + b'"}', "body"),
    ],
)
def test_a_malformed_update_is_refused(content, field):
    with pytest.raises(InvalidArgumentError) as error:
        updates.parse_update(content)
    assert error.value.violations[0].field == field


def test_an_update_has_a_kind_and_a_chat():
    update = updates.parse_update(b'{"update_id": 5, "message": {"chat": {"id": -7}}}')
    assert (update.id, update.kind, update.chat) == (5, "message", -7)
    query = updates.parse_update(b'{"pre_checkout_query": {"from": {"id": 8}}, "update_id": 6}')
    assert (query.kind, query.chat) == ("pre_checkout_query", 8)
    assert updates.parse_update(b'{"update_id": 7, "poll": {"id": "x"}}').chat == 0


@pytest.mark.parametrize("given", ["", "wrong", "sécret"])
def test_a_forged_secret(given):
    with pytest.raises(UnauthenticatedError):
        updates.check_secret(given, "right")


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "seconds", "urgent", "expired"),
    [
        ("pre_checkout_query", 10, True, False),
        ("pre_checkout_query", 10.1, True, True),
        ("message", 3600, False, False),
    ],
)
def test_only_pre_checkout_queries_expire(kind, seconds, urgent, expired):
    one = updates.LeasedUpdate(1, kind, 42, {}, NOW, 1)
    assert one.urgent == urgent
    assert one.expired(NOW + timedelta(seconds=seconds)) == expired


def test_retries_slow_down_to_a_limit():
    assert [updates.retry_seconds(tries) for tries in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert timedelta(seconds=updates.retry_seconds(100)) <= updates.DELAY_MAX
