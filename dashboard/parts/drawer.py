"""The sheet at the side of a list, which shows one item while the list stays live."""

from collections.abc import Callable

from nicegui import ui

from dashboard import text
from dashboard.parts.widgets import box, heading


class Drawer:
    """Closed at first. `on_close` is called when the operator closes it."""

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close = on_close
        self._sheet = box("drawer", "aside")
        self._sheet.props(f'aria-label="{text.common.DETAIL}" tabindex=-1')
        self._sheet.on("keydown.escape", self.close)
        self._sheet.visible = False

    def show(self, title: str, draw: Callable[[], None]) -> None:
        """Open the drawer with what `draw` draws, in place of what it showed before."""
        self._sheet.clear()
        with self._sheet:
            with box("head"):
                heading(title, 2)
                ui.button(text.common.CLOSE, on_click=self.close).props("flat dense no-caps")
            draw()
        self._sheet.visible = True

    def close(self) -> None:
        # Before the sheet is cleared: the button that closes it is inside.
        self._on_close()
        self._sheet.visible = False
        self._sheet.clear()
