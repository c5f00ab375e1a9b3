import pytest
from libral.events.v1 import events_pb2
from nicegui import ui

from tests.fakes.gateway import Failure

DEAD_LETTERS = "/v1/deadLetters"


def dead_letter(position: int, **fields) -> events_pb2.DeadLetter:
    known = {"state": events_pb2.DeadLetter.PENDING, "error": "It failed.", "tries": 5}
    return events_pb2.DeadLetter(
        name=f"deadLetters/users-{position}", consumer="users", position=position, **known | fields
    )


@pytest.fixture(autouse=True)
def replies(gateway):
    kept = dead_letter(7, event={"id": "e", "type": "payment.completed", "position": 7})
    gone = dead_letter(8, state=events_pb2.DeadLetter.RETRYING)
    gateway.replies |= {
        DEAD_LETTERS: events_pb2.ListDeadLettersResponse(dead_letters=[kept, gone]),
        f"{DEAD_LETTERS}/users-7:retry": kept,
        f"{DEAD_LETTERS}/users-7:discard": Failure(409),
        "/v1/events": events_pb2.ListEventsResponse(),
    }


async def test_dead_letters_are_listed(browser):
    await browser.open("/events/unhandled?consumer=users")
    await browser.until(browser.rows)
    kept, gone = browser.rows()
    assert (kept["consumer"], kept["type"], kept["tries"]) == ("ユーザーサービス", "決済完了", "5")
    assert (kept["state"], kept["tone"]) == ("対応待ち", "bad")
    assert (gone["type"], gone["state"]) == ("未処理", "再試行中")
    assert browser.gateway.asked(DEAD_LETTERS) == [{"pageSize": "50", "consumer": "users"}]


async def test_a_dead_letter_opens_with_its_event_and_buttons(browser):
    await browser.open("/events/unhandled")
    await browser.until(browser.rows)
    browser.user.find(ui.table).trigger("rowClick", [{}, browser.rows()[1], 1])
    await browser.sees("このイベントは保持期間を過ぎたため")
    assert not any(one.enabled for one in browser.user.find("破棄").elements)
    browser.user.find(ui.table).trigger("rowClick", [{}, browser.rows()[0], 0])
    await browser.sees("It failed.")
    assert browser.fact("種類") == "決済完了"
    assert browser.fact("イベントID") == "e"


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("再試行", "1件の再試行を受け付けました。"),
        ("破棄", "破棄できませんでした。できません。"),
    ],
)
async def test_what_is_chosen_is_acted_on_after_a_question(browser, verb, words):
    await browser.open("/events/unhandled")
    await browser.until(browser.rows)
    assert not browser.button(verb).enabled
    (table,) = browser.elements(ui.table)
    table.selected = [table.rows[0]]
    browser.user.find(ui.table).trigger("selection", {"added": True, "rows": [], "keys": []})
    await browser.until(lambda: browser.button(verb).enabled)
    browser.press(verb)
    await browser.sees("1件のイベント")
    dialog = browser.elements(ui.dialog)[0]
    with browser.user.client:
        dialog.submit(verb)
    await browser.notified(words)


async def test_a_new_failure_loads_the_list_again(browser):
    await browser.open("/events/unhandled")
    await browser.until(browser.rows)
    event = events_pb2.Event(id="x", position=1, type="reaction.buried")
    await browser.gateway.push("/v1/events:stream", event)
    await browser.until(lambda: len(browser.gateway.asked(DEAD_LETTERS)) == 2)


async def test_viewers_get_no_buttons(browser):
    await browser.sign_in("VIEWER")
    await browser.open("/events/unhandled")
    await browser.until(browser.rows)
    assert browser.texts(ui.button) == ["サインアウト"]
    assert "閲覧のみの権限では操作できません。" in browser.texts()
