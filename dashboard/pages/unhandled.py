"""未処理: the events that a room could not handle, and what is to become of them."""

from collections.abc import Callable, Sequence
from functools import partial

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import CALL_SECONDS, GatewayError, Json
from dashboard.parts.confirm import confirm
from dashboard.parts.drawer import Drawer, draw_event
from dashboard.parts.events import consumer_words, event_title
from dashboard.parts.figures import facts
from dashboard.parts.shell import (
    SIGN_IN,
    UNHANDLED,
    House,
    Visit,
    admit,
    box,
    frame,
    heading,
    is_reaction,
)
from dashboard.parts.tables import Filters, Row, Table, ask, pager
from dashboard.sessions import SignedOutError

NAMES = {"consumer": "consumer", "page": "pageToken"}
TONES = {"PENDING": "bad", "RETRYING": "warn", "DISCARDING": "warn"}
COLUMNS = {
    "consumer": text.CONSUMER,
    "type": text.TYPE,
    "error": text.ERROR,
    "tries": text.TRIES,
    "since": text.SINCE,
    "state": text.STATE,
}
ERROR_LENGTH_MAX = 160
VERBS = {"retry": text.RETRY, "discard": text.DISCARD}
QUESTIONS = {"retry": text.CONFIRM_RETRY, "discard": text.CONFIRM_DISCARD}


def add(house: House) -> None:
    @ui.page(UNHANDLED)
    def page(consumer: str = "", page: str = "") -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        Unhandled(visit, {"consumer": consumer, "page": page})
        return None


class Unhandled:
    """The page of one visit."""

    def __init__(self, visit: Visit, query: dict[str, str]) -> None:
        self._visit = visit
        self._query = query
        self._letters: dict[str, Json] = {}
        self._open = ""
        with frame(visit, UNHANDLED) as self._problem:
            with box("filters"):
                Filters(UNHANDLED, query).choice("consumer", text.CONSUMER, text.MODULE_NAMES)
            self._draw_toolbar()
            self._table = Table(
                COLUMNS,
                text.NO_UNHANDLED,
                badges=["state"],
                numbers=["tries"],
                on_row=lambda row: self._show(row["key"]),
                on_select=self._count if visit.session.can_operate else None,
            )
            self._footer = box("footer")
        if visit.session.can_operate:
            self._count()
        self._drawer = Drawer(self._close)
        visit.load(self._load, self._problem)
        visit.follow_news(is_reaction, lambda: visit.load(self._load, self._problem))

    def _draw_toolbar(self) -> None:
        with box("toolbar"):
            if not self._visit.session.can_operate:
                ui.label(text.NO_CONTROL).classes("muted")
                return
            self._buttons = self._draw_buttons(lambda: self._table.selected)
            self._chosen = ui.label().classes("muted num")

    def _draw_buttons(self, names: Callable[[], Sequence[str]]) -> list[ui.button]:
        """Draws what can be done with some letters."""
        buttons: list[ui.button] = []
        with box("buttons"):
            for action, words in VERBS.items():
                button = ui.button(words, on_click=partial(self._ask, action, names))
                colour = "negative" if action == "discard" else "primary"
                buttons.append(button.props(f"outline dense no-caps color={colour}"))
        return buttons

    def _count(self) -> None:
        count = len(self._table.selected)
        self._chosen.text = text.SELECTED.format(count=count)
        for button in self._buttons:
            button.set_enabled(count > 0)

    async def _load(self) -> None:
        found = await self._visit.get("/v1/deadLetters", ask(self._query, NAMES))
        self._letters = {one["name"]: one for one in found.get("deadLetters", [])}
        self._table.fill(letter_row(self._visit, one) for one in self._letters.values())
        if self._visit.session.can_operate:
            self._count()
        self._footer.clear()
        with self._footer:
            pager(UNHANDLED, self._query, found.get("nextPageToken", ""))
        if self._open:
            self._show(self._open)

    def _show(self, name: str) -> None:
        letter = self._letters.get(name)
        if letter is None:
            self._drawer.close()
            return
        self._open = name
        self._drawer.show(letter_title(letter), lambda: self._draw(letter))

    def _close(self) -> None:
        self._open = ""

    def _draw(self, letter: Json) -> None:
        row = letter_row(self._visit, letter)
        updated = formats.parse_time(letter.get("updateTime"))
        pairs = [(title, row[field]) for field, title in COLUMNS.items() if field != "error"]
        facts([*pairs, (text.UPDATED, formats.date_time(updated, self._visit.zone))])
        ui.label(str(letter.get("error", ""))).classes("json")
        if self._visit.session.can_operate:
            for button in self._draw_buttons(lambda: [letter["name"]]):
                button.set_enabled(letter.get("state") == "PENDING")
        heading(text.EVENTS, 3)
        if letter.get("event"):
            draw_event(self._visit, letter["event"])
        else:
            ui.label(text.EVENT_GONE).classes("muted")

    async def _ask(self, action: str, chosen: Callable[[], Sequence[str]]) -> None:
        names = chosen()
        note = text.CONFIRM_DISCARD_NOTE if action == "discard" else ""
        question = QUESTIONS[action].format(count=len(names))
        if await confirm(question, VERBS[action], note=note, dangerous=action == "discard"):
            await self._act(action, names)
            self._visit.load(self._load, self._problem)

    async def _act(self, action: str, names: Sequence[str]) -> None:
        """Asks for each, and stops where one is refused."""
        done = 0
        try:
            for name in names:
                await self._visit.post(f"/v1/{name}:{action}", {}, CALL_SECONDS)
                done += 1
        except SignedOutError:
            ui.navigate.to(f"{SIGN_IN}?error=ended")
        except GatewayError as error:
            words = {"action": VERBS[action], "reason": error.message}
            ui.notify(text.LETTER_FAILED.format(**words), type="negative")
        if done:
            words = {"action": VERBS[action], "count": str(done)}
            ui.notify(text.LETTERS_ASKED.format(**words), type="positive")


def letter_title(letter: Json) -> str:
    return event_title(letter["event"]) if letter.get("event") else text.UNHANDLED


def letter_row(visit: Visit, letter: Json) -> Row:
    state = letter.get("state", "")
    since = formats.parse_time(letter.get("createTime"))
    return {
        "key": letter["name"],
        "consumer": consumer_words(letter),
        "type": letter_title(letter),
        "error": str(letter.get("error", ""))[:ERROR_LENGTH_MAX],
        "tries": formats.integer(letter.get("tries", 0)),
        "since": formats.date_time(since, visit.zone),
        "state": text.LETTER_STATES.get(state, text.STATE_UNKNOWN),
        "tone": TONES.get(state, ""),
    }
