"""A side sheet that shows one item of a list while the list stays live."""

from collections.abc import Callable

from nicegui import ui

from dashboard import text
from dashboard.parts.widgets import box, heading


class Drawer:
    """A sheet, closed at first. `on_close` is called when the operator closes it."""

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close
        self._sheet = box("drawer", "aside")
        self._sheet.props(f'aria-label="{text.common.DETAIL}" tabindex=-1')
        self._sheet.on("keydown.escape", self.close)
        self._sheet.visible = False

    def show(self, title: str, draw: Callable[[], None]) -> None:
        """Open the drawer and replace its contents by what `draw` draws."""
        self._sheet.clear()
        with self._sheet:
            with box("head"):
                heading(title, 2)
                ui.button(text.common.CLOSE, on_click=self.close).props("flat dense no-caps")
            draw()
        self._sheet.visible = True

    def close(self) -> None:
        # The close button is in the sheet, so the handler runs before the sheet is cleared.
        self._on_close()
        self._sheet.visible = False
        self._sheet.clear()
