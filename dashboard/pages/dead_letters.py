"""未処理: the dead letters of all consumers, with actions to retry or discard them."""

from collections.abc import Callable, Sequence
from functools import partial

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.consumers import DeadLetter
from dashboard.api.http import GatewayError
from dashboard.context import PageContext, go_to_sign_in
from dashboard.event_rows import event_title, is_reaction, service_words
from dashboard.page import page
from dashboard.parts.confirm import confirm
from dashboard.parts.drawer import Drawer
from dashboard.parts.event_detail import draw_event
from dashboard.parts.layout import page_frame
from dashboard.parts.tables import DataTable, TableRow
from dashboard.parts.url_filters import Filters, list_query, pager
from dashboard.parts.widgets import box, facts, heading
from dashboard.sessions import SignedOutError

NAMES = {"consumer": "consumer", "page": "pageToken"}
TONES = {"PENDING": "bad", "RETRYING": "warn", "DISCARDING": "warn"}
COLUMNS = {
    "consumer": text.dead_letters.CONSUMER,
    "type": text.events.TYPE,
    "error": text.common.ERROR,
    "tries": text.dead_letters.TRIES,
    "since": text.dead_letters.SINCE,
    "state": text.common.STATE,
}
ERROR_LENGTH_MAX = 160
VERBS = {"retry": text.dead_letters.RETRY, "discard": text.dead_letters.DISCARD}
QUESTIONS = {"retry": text.dead_letters.CONFIRM_RETRY, "discard": text.dead_letters.CONFIRM_DISCARD}


@page(paths.DEAD_LETTERS)
def dead_letters(context: PageContext, consumer: str = "", page: str = "") -> None:
    DeadLettersPage(context, {"consumer": consumer, "page": page})


class DeadLettersPage:
    """The page of one operator."""

    def __init__(self, page: PageContext, query: dict[str, str]) -> None:
        self._page = page
        self._query = query
        self._dead_letters: dict[str, DeadLetter] = {}
        self._open = ""
        with page_frame(page, paths.DEAD_LETTERS) as self._problem:
            with box("filters"):
                filters = Filters(paths.DEAD_LETTERS, query)
                filters.choice("consumer", text.dead_letters.CONSUMER, text.common.MODULE_NAMES)
            self._draw_toolbar()
            self._table = DataTable(
                COLUMNS,
                text.dead_letters.NO_DEAD_LETTERS,
                badges=["state"],
                numbers=["tries"],
                on_row=lambda row: self._show(row["key"]),
                on_select=self._count if page.session.can_operate else None,
            )
            self._footer = box("footer")
        if page.session.can_operate:
            self._count()
        self._drawer = Drawer(self._close)
        page.load(self._load, self._problem)
        page.on_events(is_reaction, lambda: page.load(self._load, self._problem))

    def _draw_toolbar(self) -> None:
        with box("toolbar"):
            if not self._page.session.can_operate:
                ui.label(text.common.NO_CONTROL).classes("muted")
                return
            self._buttons = self._draw_buttons(lambda: self._table.selected)
            self._selected = ui.label().classes("muted num")

    def _draw_buttons(self, names: Callable[[], Sequence[str]]) -> list[ui.button]:
        """Draw the buttons of the actions on the dead letters that `names` returns."""
        buttons: list[ui.button] = []
        with box("buttons"):
            for action, words in VERBS.items():
                button = ui.button(words, on_click=partial(self._ask, action, names))
                colour = "negative" if action == "discard" else "primary"
                buttons.append(button.props(f"outline dense no-caps color={colour}"))
        return buttons

    def _count(self) -> None:
        count = len(self._table.selected)
        self._selected.text = text.dead_letters.SELECTED.format(count=count)
        for button in self._buttons:
            button.set_enabled(count > 0)

    async def _load(self) -> None:
        found = await self._page.api.list_dead_letters(list_query(self._query, NAMES))
        self._dead_letters = {dead_letter.name: dead_letter for dead_letter in found.items}
        self._table.fill(dead_letter_row(self._page, dead_letter) for dead_letter in found.items)
        if self._page.session.can_operate:
            self._count()
        self._footer.clear()
        with self._footer:
            pager(paths.DEAD_LETTERS, self._query, found.next_page_token)
        if self._open:
            self._show(self._open)

    def _show(self, name: str) -> None:
        dead_letter = self._dead_letters.get(name)
        if dead_letter is None:
            self._drawer.close()
            return
        self._open = name
        self._drawer.show(dead_letter_title(dead_letter), lambda: self._draw(dead_letter))

    def _close(self) -> None:
        self._open = ""

    def _draw(self, dead_letter: DeadLetter) -> None:
        row = dead_letter_row(self._page, dead_letter)
        pairs = [(title, row[field]) for field, title in COLUMNS.items() if field != "error"]
        updated = formats.date_time(dead_letter.update_time, self._page.zone)
        facts([*pairs, (text.dead_letters.UPDATED, updated)])
        ui.label(dead_letter.error).classes("json")
        if self._page.session.can_operate:
            for button in self._draw_buttons(lambda: [dead_letter.name]):
                button.set_enabled(dead_letter.state == "PENDING")
        heading(text.common.EVENT, 3)
        if dead_letter.event is not None:
            draw_event(self._page, dead_letter.event)
        else:
            ui.label(text.dead_letters.EVENT_GONE).classes("muted")

    async def _ask(self, action: str, selected: Callable[[], Sequence[str]]) -> None:
        names = selected()
        note = text.dead_letters.CONFIRM_DISCARD_NOTE if action == "discard" else ""
        question = QUESTIONS[action].format(count=len(names))
        if await confirm(question, VERBS[action], note=note, dangerous=action == "discard"):
            await self._act(action, names)
            self._page.load(self._load, self._problem)

    async def _act(self, action: str, names: Sequence[str]) -> None:
        """Request the action for each dead letter. Stop at the first error."""
        done = 0
        try:
            for name in names:
                await self._page.api.change_dead_letter(name, action)
                done += 1
        except SignedOutError:
            go_to_sign_in()
        except GatewayError as error:
            words = {"action": VERBS[action], "reason": error.message}
            ui.notify(text.dead_letters.ACTION_FAILED.format(**words), type="negative")
        if done:
            words = {"action": VERBS[action], "count": str(done)}
            ui.notify(text.dead_letters.ACTION_DONE.format(**words), type="positive")


def dead_letter_title(dead_letter: DeadLetter) -> str:
    return event_title(dead_letter.event) if dead_letter.event else text.navigation.DEAD_LETTERS


def dead_letter_row(page: PageContext, dead_letter: DeadLetter) -> TableRow:
    return {
        "key": dead_letter.name,
        "consumer": service_words(dead_letter.consumer),
        "type": dead_letter_title(dead_letter),
        "error": dead_letter.error[:ERROR_LENGTH_MAX],
        "tries": formats.integer(dead_letter.tries),
        "since": formats.date_time(dead_letter.create_time, page.zone),
        "state": formats.enum(text.dead_letters.STATES, dead_letter.state),
        "tone": TONES.get(dead_letter.state, ""),
    }
