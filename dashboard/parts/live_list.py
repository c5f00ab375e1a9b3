"""A browser element with a list of events that grows at its top."""

from collections.abc import Callable, Mapping, Sequence

from nicegui.element import Element

from dashboard import text
from dashboard.event_rows import EventRow


class LiveList(Element, component="live_list.js"):
    """Shows at most `bound` rows of text. Only new rows are sent to the browser."""

    def __init__(
        self,
        columns: Mapping[str, str],
        bound: int,
        *,
        badge: str = "",
        on_open: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._props["columns"] = [
            {"name": name, "label": label, "badge": name == badge}
            for name, label in columns.items()
        ]
        self._props["bound"] = bound
        self._props["loading"] = text.common.LOADING
        self._props["empty"] = text.events.NO_EVENTS
        self._props["opens"] = on_open is not None
        if on_open is not None:
            self.on("open", lambda event: on_open(str(event.args)))

    def fill(self, rows: Sequence[EventRow]) -> None:
        """Replace all rows by these, newest first."""
        self.run_method("fill", rows)

    def push(self, rows: Sequence[EventRow]) -> None:
        """Add rows at the top, newest first."""
        self.run_method("push", rows)

    def highlight(self, key: str) -> None:
        """Mark the row that is open."""
        self.run_method("highlight", key)
