"""Dead letters through a real gateway: list by page, retry, discard."""

import io
import urllib.error

import pytest

from deploy.local import dead_letters as dead_letters_module
from deploy.local import embedded
from deploy.local.dead_letters import (
    DeadLetters,
    DeadLettersError,
    format_dead_letter,
    read_error_message,
)
from tests.deploy.local.conftest import PartialMesh

INSERT = """
INSERT INTO events.letters
SELECT 'payments', n, 'order.placed', 'no stock ' || repeat('x', 100), 5, 1, now(), now()
FROM generate_series(1001, 1003) AS n
"""


def query(mesh: PartialMesh, statement: str) -> str:
    password = mesh.home.secret("database_password")
    return embedded.run_statement(
        embedded.postgres_url(mesh.plan.ports["postgres"], password), statement
    )


@pytest.fixture
def dead_letters(mesh, monkeypatch) -> DeadLetters:
    """Three dead letters of payments, whose service does not run."""
    for name, value in mesh.environment.items():
        monkeypatch.setenv(name, value)
    query(mesh, "DELETE FROM events.letters")
    query(mesh, INSERT)
    return DeadLetters(mesh.home)


def test_dead_letters_are_listed_page_by_page(dead_letters, monkeypatch):
    monkeypatch.setattr(dead_letters_module, "PAGE_SIZE", 2)
    found = list(dead_letters.list_all())
    assert [one["name"] for one in found] == [
        f"deadLetters/payments-{n}" for n in (1003, 1002, 1001)
    ]
    assert {one["state"] for one in found} == {"PENDING"}


def test_without_dead_letters_the_list_is_empty(dead_letters, mesh):
    query(mesh, "DELETE FROM events.letters")
    assert list(dead_letters.list_all()) == []


def test_dead_letters_are_retried_and_discarded_by_either_name(dead_letters):
    assert dead_letters.request_action("retry", "payments-1001")["state"] == "RETRYING"
    assert (
        dead_letters.request_action("discard", "deadLetters/payments-1002")["state"] == "DISCARDING"
    )
    states = [one["state"] for one in dead_letters.list_all()]
    assert states == ["PENDING", "DISCARDING", "RETRYING"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("payments-1009", r"deadLetters/payments-1009"),
        ("nonsense", r"\S"),
        ("a/b?c", r"\S"),
    ],
)
def test_a_dead_letter_that_is_not_there(dead_letters, name, line):
    with pytest.raises(DeadLettersError, match=line) as refused:
        dead_letters.request_action("retry", name)
    assert "\n" not in str(refused.value)


def test_a_wrong_password_is_refused(mesh, monkeypatch):
    for name, value in mesh.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIBRAL_ADMIN_PASSWORD", "wrong")
    with pytest.raises(DeadLettersError, match=r"\S"):
        DeadLetters(mesh.home)


def test_a_gateway_that_is_away(mesh, monkeypatch):
    monkeypatch.setenv("LIBRAL_GATEWAY_PORT", "9")
    with pytest.raises(
        DeadLettersError, match=r"^The gateway http://127\.0\.0\.1:9 does not respond: "
    ):
        DeadLetters(mesh.home)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "No."}}', "No."),
        (b"<html>", "HTTP 502"),
        (b'{"error": "No."}', "HTTP 502"),
        (b"[]", "HTTP 502"),
        (b"{}", "HTTP 502"),
    ],
)
def test_the_message_of_an_error(body, message):
    error = urllib.error.HTTPError("http://x", 502, "Bad Gateway", None, io.BytesIO(body))
    assert read_error_message(error) == message


def test_a_dead_letter_is_described_in_a_line(dead_letters):
    (line,) = {
        format_dead_letter(one) for one in dead_letters.list_all() if one["name"].endswith("-1001")
    }
    error = ("no stock " + "x" * 100)[:60]
    assert line.split() == [
        "payments-1001",
        "PENDING",
        "(no",
        "longer",
        "kept)",
        "5",
        "tries",
        *error.split(),
    ]


def test_a_dead_letter_whose_event_is_kept():
    dead_letter = {
        "name": "deadLetters/users-42",
        "state": "RETRYING",
        "event": {"type": "order.placed"},
    }
    assert format_dead_letter(dead_letter).split() == [
        "users-42",
        "RETRYING",
        "order.placed",
        "0",
        "tries",
    ]
