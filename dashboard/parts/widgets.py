"""Basic elements of pages: boxes, headings, badges, facts, tiles, copy buttons."""

import json
from collections.abc import Sequence

from nicegui import ui

from dashboard import text

COPY = "return navigator.clipboard?.writeText({value}).then(() => true, () => false) ?? false"
COPY_SECONDS = 5.0


def box(classes: str, tag: str = "div") -> ui.element:
    return ui.element(tag).classes(classes)


def heading(words: str, level: int = 1) -> None:
    with ui.element(f"h{level}"):
        ui.label(words)


def badge(words: str, tone: str = "") -> ui.label:
    """Draw a short state. Tones: good, warn, bad or none."""
    return ui.label(words).classes(f"badge {tone}")


def fact(name: str, value: str) -> ui.label:
    """Draw a name and a value. Return the label of the value."""
    with box("fact"):
        ui.label(name)
        return ui.label(value)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Draw a list of names and values."""
    with box("facts"):
        for name, value in pairs:
            fact(name, value)


def plain_tile(name: str, value: str, note: str = "") -> None:
    """Draw a tile with a value that does not update."""
    with box("tile", "section"):
        ui.label(name).classes("name")
        ui.label(value).classes("value none" if value == text.common.NO_DATA else "value")
        ui.label(note).classes("note")


def copy_button(value: str) -> None:
    """Draw a button that copies a text and shows whether that succeeded."""

    async def copy() -> None:
        code = COPY.format(value=json.dumps(value))
        try:
            done = await ui.run_javascript(code, timeout=COPY_SECONDS)
        except TimeoutError:
            done = False
        if done:
            ui.notify(text.common.COPIED, type="positive")
        else:
            ui.notify(text.common.COPY_FAILED, type="negative")

    ui.button(text.common.COPY, on_click=copy).props("flat dense no-caps")
