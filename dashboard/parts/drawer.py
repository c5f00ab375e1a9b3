"""The sheet at the side that tells all of one thing, while the list beside it goes on."""

import json
from collections.abc import Callable, Sequence

from nicegui import ui

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.events import (
    category_words,
    event_title,
    level_words,
    source_words,
)
from dashboard.parts.figures import facts
from dashboard.parts.links import links_of
from dashboard.parts.outline import outline, whole
from dashboard.parts.shell import Visit, box, heading

COPY = "return navigator.clipboard?.writeText({value}).then(() => true, () => false) ?? false"
COPY_SECONDS = 5.0


class Drawer:
    """Closed at first. `on_close` is called when the operator closes it."""

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close
        self._sheet = box("drawer", "aside").props(f'aria-label="{text.DETAIL}" tabindex=-1')
        self._sheet.on("keydown.escape", self.close)
        self._sheet.visible = False

    def show(self, title: str, draw: Callable[[], None]) -> None:
        """Opens it, or shows something else in it."""
        self._sheet.clear()
        with self._sheet:
            with box("head"):
                heading(title, 2)
                ui.button(text.CLOSE, on_click=self.close).props("flat dense no-caps")
            draw()
        self._sheet.visible = True

    def close(self) -> None:
        # The button that closes it is in it.
        self._on_close()
        self._sheet.visible = False
        self._sheet.clear()


def draw_event(visit: Visit, event: Json) -> None:
    """Tells all of an event: its fields, what it names, and its data."""
    facts(event_facts(visit, event))
    links = links_of(event)
    if links:
        with box("links"):
            for words, target in links:
                ui.link(words, target).classes("more")
    if event.get("data"):
        draw_data(event["data"])


def event_facts(visit: Visit, event: Json) -> Sequence[tuple[str, str]]:
    data = event.get("data", {})
    known = [
        (text.POSITION, str(event.get("position", ""))),
        (text.TIME, formats.date_time(formats.parse_time(event.get("time")), visit.zone)),
        (
            text.APPEND_TIME,
            formats.date_time(formats.parse_time(event.get("appendTime")), visit.zone),
        ),
        (text.TYPE, f"{event_title(event)}（{event.get('type', '')}）"),
        (text.LEVEL, level_words(event)),
        (text.CATEGORY, category_words(event)),
        (text.SOURCE, source_words(event)),
        (text.SUBJECT, event.get("subject") or text.NONE),
        (text.ACTOR, event.get("actor") or text.NONE),
        (text.REQUEST_ID, event.get("requestId") or text.NONE),
        (text.EVENT_ID, str(event.get("id", ""))),
    ]
    if event.get("category") == "AUDIT":
        told = {name: formats.plain(value) for name, value in data.items() if value}
        known += [(words, str(told[name])) for name, words in text.AUDIT.items() if name in told]
    return known


def draw_data(data: Json) -> None:
    """Shows data as JSON, cut where it is long, with a way to all of it."""
    short, full = outline(data), whole(data)
    with box("head"):
        heading(text.DATA, 3)
        show_all = ui.button(text.SHOW_WHOLE).props("flat dense no-caps")
        copy_button(full)
    shown = text_block(short)
    show_all.visible = short != full

    def reveal() -> None:
        shown.text = full
        show_all.visible = False

    show_all.on_click(reveal)


def text_block(words: str) -> ui.label:
    return ui.label(words).classes("json")


def copy_button(value: str) -> None:
    """Puts a text on the clipboard, and says whether the browser did so."""

    async def copy() -> None:
        code = COPY.format(value=json.dumps(value))
        try:
            done = await ui.run_javascript(code, timeout=COPY_SECONDS)
        except TimeoutError:
            done = False
        if done:
            ui.notify(text.COPIED, type="positive")
        else:
            ui.notify(text.COPY_FAILED, type="negative")

    ui.button(text.COPY, on_click=copy).props("flat dense no-caps")
