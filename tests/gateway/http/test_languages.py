"""Language negotiation: RFC 4647, section 3.4, and AIP-193."""

import pytest
from google.rpc import error_details_pb2

from gateway.http.languages import choose_locale
from tests.gateway.conftest import detail, error_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHOICES = [
    ("ja", ["en", "ja"], "ja"),
    ("en, ja", ["ja", "en"], "en"),
    ("en;q=0.5, ja;q=0.8", ["en", "ja"], "ja"),
    ("ja;q=0.5, en", ["ja", "en"], "en"),
    ("JA", ["en", "ja"], "ja"),
    ("ja-JP-osaka", ["en", "ja"], "ja"),
    ("zh-Hant-CN-x-private1-private2", ["zh", "zh-Hant"], "zh-Hant"),
    ("zh-Hant-CN-x-private1", ["zh-Hant-CN", "zh-Hant"], "zh-Hant-CN"),
    ("en-US, ja", ["ja", "en"], "en"),
    ("ja", ["en-US", "ja-JP"], "ja-JP"),
    ("ja-JP", ["en", "ja_JP"], "ja_JP"),
    ("pt-BR", ["pt-PT", "en"], "pt-PT"),
    ("j", ["ja", "en"], None),
    ("fr, *", ["ja", "en"], "ja"),
    ("*;q=0.1, en", ["ja", "en"], "en"),
    ("fr", ["ja", "en"], None),
    ("ja;q=0, *", ["ja", "en"], "en"),
    ("ja;q=0", ["ja", "en"], None),
    ("en;q=0, en-GB", ["en-GB", "ja"], None),
    ("", ["ja", "en"], None),
    (";;,,q=", ["ja", "en"], None),
    ("ja;q=nonsense, en;q=0.1", ["ja", "en"], "en"),
]


@pytest.mark.parametrize(("accepted", "locales", "chosen"), CHOICES)
async def test_chooses_a_locale(accepted, locales, chosen):
    found = choose_locale(accepted, locales)
    assert (None if found is None else locales[found]) == chosen


LOCALES = {"en-US": "gone", "ja": "見つかりません", "fr": "disparu"}


@pytest.mark.parametrize(
    ("accepted", "left"),
    [("ja, en;q=0.9", ["ja"]), ("fr-CA", ["fr"]), ("de", [*LOCALES]), (None, [*LOCALES])],
)
async def test_an_error_is_in_the_language_of_the_client(http, echo, accepted, left):
    messages = [
        detail(error_details_pb2.LocalizedMessage(locale=locale, message=message))
        for locale, message in LOCALES.items()
    ]
    info = detail(error_details_pb2.ErrorInfo(reason="GONE"))
    torn = {"typeUrl": "type.googleapis.com/google.rpc.LocalizedMessage", "value": "/w=="}
    body = {"code": 5, "text": "gone", "details": [messages[0], info, *messages[1:], torn]}
    headers = {} if accepted is None else {"accept-language": accepted}
    details = error_of(await http.post("/v1/fail", json=body, headers=headers))["details"]
    assert [each["locale"] for each in details if "locale" in each] == left
    assert (details[-1]["value"], len(details)) == ("/w==", len(left) + 2)


async def test_a_single_language_is_sent_to_every_client(http, echo):
    for accepted in ("en", "ja", "*"):
        headers = {"accept-language": accepted}
        details = error_of(await http.get("/v1/admin", headers=headers))["details"]
        assert [each["locale"] for each in details if "locale" in each] == ["ja"]
