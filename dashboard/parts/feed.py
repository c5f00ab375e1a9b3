"""A list that grows at its top while one looks at it."""

from collections.abc import Callable, Mapping, Sequence

from nicegui.element import Element

from dashboard import text

FeedRow = Sequence[str]
"""The key, the tone of the badge, and a text for each column."""


class Feed(Element, component="feed.js"):
    """At most `bound` rows of texts. The browser is sent the rows that are new, and no other."""

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
        self._props["loading"] = text.LOADING
        self._props["empty"] = text.NO_EVENTS
        self._props["opens"] = on_open is not None
        if on_open is not None:
            self.on("open", lambda event: on_open(str(event.args)))

    def fill(self, rows: Sequence[FeedRow]) -> None:
        """Shows these rows, the newest first, in place of all others."""
        self.run_method("fill", rows)

    def push(self, rows: Sequence[FeedRow]) -> None:
        """Puts rows on top, the newest first."""
        self.run_method("push", rows)

    def highlight(self, key: str) -> None:
        """Marks the row that is open."""
        self.run_method("highlight", key)
