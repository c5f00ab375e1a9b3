import pytest

from dashboard.api.http import GatewayError
from dashboard.routes import problem_of, safe_target


@pytest.mark.parametrize(
    ("to", "target"),
    [
        ("/events?level=ERROR", "/events?level=ERROR"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_the_sign_in_one_stays_here(to, target):
    assert safe_target(to) == target


def test_a_sign_in_that_failed_has_its_own_text():
    assert problem_of(GatewayError(401, "", "")) == "credentials"
    assert problem_of(GatewayError(429, "", "")) == "limit"
    assert problem_of(GatewayError(503, "", "")) == "away"
