"""Dead letters through a real gateway: listed page by page, retried, discarded."""

import io
import urllib.error

import pytest

from deploy.local import embedded, letters
from deploy.local.letters import Letters, LettersError, describe, told
from tests.deploy.local.conftest import PartialMesh

INSERT = """
INSERT INTO events.letters
SELECT 'payments', n, 'order.placed', 'no stock ' || repeat('x', 100), 5, 1, now(), now()
FROM generate_series(1001, 1003) AS n
"""


def query(mesh: PartialMesh, statement: str) -> str:
    password = mesh.home.secret("database_password")
    return embedded.query(embedded.postgres_url(mesh.plan.ports["postgres"], password), statement)


@pytest.fixture
def desk(mesh, monkeypatch) -> Letters:
    """Three dead letters of payments, which is not there to handle them."""
    for name, value in mesh.environment.items():
        monkeypatch.setenv(name, value)
    query(mesh, "DELETE FROM events.letters")
    query(mesh, INSERT)
    return Letters(mesh.home)


def test_letters_are_listed_page_by_page(desk, monkeypatch):
    monkeypatch.setattr(letters, "PAGE_SIZE", 2)
    found = list(desk.list())
    assert [one["name"] for one in found] == [
        f"deadLetters/payments-{n}" for n in (1003, 1002, 1001)
    ]
    assert {one["state"] for one in found} == {"PENDING"}


def test_without_letters_the_list_is_empty(desk, mesh):
    query(mesh, "DELETE FROM events.letters")
    assert list(desk.list()) == []


def test_letters_are_retried_and_discarded_by_either_name(desk):
    assert desk.ask("retry", "payments-1001")["state"] == "RETRYING"
    assert desk.ask("discard", "deadLetters/payments-1002")["state"] == "DISCARDING"
    states = [one["state"] for one in desk.list()]
    assert states == ["PENDING", "DISCARDING", "RETRYING"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("payments-1009", r"deadLetters/payments-1009"),
        ("nonsense", r"\S"),
        ("a/b?c", r"\S"),
    ],
)
def test_a_letter_that_is_not_there(desk, name, line):
    with pytest.raises(LettersError, match=line) as refused:
        desk.ask("retry", name)
    assert "\n" not in str(refused.value)


def test_a_wrong_password_is_refused(mesh, monkeypatch):
    for name, value in mesh.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LIBRAL_ADMIN_PASSWORD", "wrong")
    with pytest.raises(LettersError, match=r"\S"):
        Letters(mesh.home)


def test_a_gateway_that_is_away(mesh, monkeypatch):
    monkeypatch.setenv("LIBRAL_GATEWAY_PORT", "9")
    with pytest.raises(LettersError, match=r"^The gateway http://127\.0\.0\.1:9 does not answer: "):
        Letters(mesh.home)


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
    assert told(error) == message


def test_a_letter_is_described_in_a_line(desk):
    (line,) = {describe(one) for one in desk.list() if one["name"].endswith("-1001")}
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


def test_a_letter_whose_event_is_kept():
    letter = {
        "name": "deadLetters/users-42",
        "state": "RETRYING",
        "event": {"type": "order.placed"},
    }
    assert describe(letter).split() == ["users-42", "RETRYING", "order.placed", "0", "tries"]
