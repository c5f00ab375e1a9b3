import pytest
from libral.events.v1 import events_pb2
from nicegui import ui

from dashboard.api.verification import Verification
from dashboard.parts.chain import ChainCheckPanel, defect_words
from tests.fakes.gateway import Failure

VERIFY = "/v1/events:verify"


@pytest.mark.parametrize(
    ("defect", "problem"),
    [
        (
            {"code": "MISSING", "localizedMessage": {"message": "イベントがありません。"}},
            "イベントがありません。",
        ),
        ({"code": "MISSING"}, "MISSING"),
        ({}, "不明"),
    ],
)
def test_a_defect_is_the_message_of_the_gateway_or_else_its_code(defect, problem):
    found = Verification.parse({"firstBadPosition": "1234", "problem": "No.", "defect": defect})
    assert defect_words(found) == f"異常：番号1,234のイベントに問題があります。{problem}"


def valid(count: int, next_start: int = 0) -> events_pb2.VerifyEventsResponse:
    return events_pb2.VerifyEventsResponse(valid=True, checked_count=count, next_start=next_start)


@pytest.mark.parametrize(
    ("reply", "words", "tone"),
    [
        (valid(5), "正常：5件を検証しました。", "good"),
        (
            events_pb2.VerifyEventsResponse(first_bad_position=3, defect={"code": "ALTERED"}),
            "異常：番号3のイベントに問題があります。ALTERED",
            "bad",
        ),
        (Failure(500), "検証を続けられませんでした（0件までは正常です）。できません。", "warn"),
    ],
)
async def test_the_check_shows_its_result(browser, reply, words, tone):
    browser.gateway.replies |= {"/v1/events:stats": {"headPosition": "5"}, VERIFY: reply}
    await browser.draw(ChainCheckPanel)
    browser.press("検証")
    await browser.sees(words)
    assert browser.classes_of(words) == ["badge", tone]
    assert browser.gateway.asked(VERIFY) == [{"start": "0", "count": "10000"}]


async def test_the_check_goes_on_until_it_is_stopped(browser):
    browser.gateway.replies |= {"/v1/events:stats": {"headPosition": "90"}, VERIFY: valid(1, 10)}
    await browser.draw(ChainCheckPanel)
    browser.press("検証")
    await browser.sees("検証中…")
    browser.press("中止")
    await browser.sees("中止しました。")
    assert "検証" in browser.texts(ui.button)
    assert browser.gateway.asked(VERIFY)[1]["start"] == "10"


async def test_only_an_operator_may_check(browser):
    await browser.sign_in("VIEWER")
    await browser.draw(ChainCheckPanel)
    assert not browser.button("検証").enabled
    assert "閲覧のみの権限では操作できません。" in browser.texts()
