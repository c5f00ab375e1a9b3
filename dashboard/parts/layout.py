"""The frame of every page, and the panels on it."""

from collections.abc import Generator
from contextlib import contextmanager

from nicegui import ui

from dashboard import text
from dashboard.context import PageContext
from dashboard.parts import navigation
from dashboard.parts.widgets import box, heading


@contextmanager
def page_frame(page: PageContext, path: str) -> Generator[ui.label, None, None]:
    """Draw the frame around the contents of a page. Yield the label for load errors."""
    ui.page_title(f"{navigation.page_name(path)}｜{text.common.PRODUCT}")
    with box("shell"):
        counts = navigation.draw_side(page, path)
        with box("main", "main"):
            with box("top"):
                heading(navigation.page_name(navigation.section_of(path)))
                navigation.show_connection(page)
            counts += navigation.draw_tabs(path)
            problem = ui.label().classes("alert").props("role=alert")
            problem.visible = False
            navigation.count_dead_letters(page, counts)
            yield problem


@contextmanager
def panel(title: str, link: str = "", note: str = "") -> Generator[None, None, None]:
    """Draw a box with a title, a note beside it, and a link to a detailed page."""
    with box("panel", "section"):
        with box("head"):
            heading(title, 2)
            if note:
                ui.label(note).classes("muted")
            if link:
                ui.link(text.common.SHOW_ALL, link).classes("more")
        yield
