"""Tables, and the dialog with the details of a row. Cells are text, never markup."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nicegui import ui

from dashboard import text
from dashboard.parts.widgets import box, fact, heading

# On phones a row is drawn as a card, in which each cell has the label of its column.
LABEL = '<span class="cell-label">{{ props.col.label }}</span>'
CLASS = ":class=\"{ 'wide-only': props.col.wide }\""
CELL = f'<q-td :props="props" {CLASS}>{LABEL}<span>{{{{ props.value }}}}</span></q-td>'
BADGE = f"""
<q-td :props="props" {CLASS}>
{LABEL}<span class="badge" :class="props.row.tone">{{{{ props.value }}}}</span>
</q-td>
"""

TableRow = dict[str, Any]


class DataTable:
    """Rows of texts. `columns` maps fields to titles.

    A field of `badges` is drawn as a badge in the tone of the row's field `tone`. A field of `wide`
    is hidden on phones. With `on_select`, rows can be selected. The table shows a loading text
    until it is filled, and `empty` if it is filled with no rows.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        empty: str,
        *,
        badges: Sequence[str] = (),
        numbers: Sequence[str] = (),
        wide: Sequence[str] = (),
        on_row: Callable[[TableRow], None] | None = None,
        on_select: Callable[[], None] | None = None,
    ) -> None:
        described = [
            {
                "name": field,
                "label": title,
                "field": field,
                "align": "right" if field in numbers else "left",
                "wide": field in wide,
            }
            for field, title in columns.items()
        ]
        self._empty = empty
        self._table = ui.table(columns=described, rows=[], row_key="key", pagination=0)
        self._table.props(f'flat hide-pagination no-data-label="{text.common.LOADING}"')
        self._table.add_slot("body-cell", CELL)
        for field in badges:
            self._table.add_slot(f"body-cell-{field}", BADGE)
        if on_row is not None:
            self._table.on("rowClick", lambda event: on_row(event.args[1]), [[], ["key"], None])
        if on_select is not None:
            self._table.set_selection("multiple")
            self._table.on_select(lambda _: on_select())

    @property
    def selected(self) -> list[str]:
        """The keys of the selected rows."""
        return [row["key"] for row in self._table.selected]

    def fill(self, rows: Iterable[TableRow]) -> None:
        self._table.props(f'no-data-label="{self._empty}"')
        selected = set(self.selected)
        self._table.rows = list(rows)
        self._table.selected = [row for row in self._table.rows if row["key"] in selected]
        self._table.update()

    def show_no_data(self) -> None:
        """Show データなし in place of rows."""
        self._table.props(f'no-data-label="{text.common.NO_DATA}"')
        self._table.rows = []
        self._table.update()


def show_detail(title: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Open a dialog with the fields of a row as text."""
    with ui.dialog() as dialog, ui.card().classes("sheet"):
        heading(title, 2)
        with box("facts").style("width: 100%"):
            for name, value in pairs:
                fact(name, value)
        ui.button(text.common.CLOSE, on_click=dialog.close).props("flat no-caps").classes(
            "self-end"
        )
    dialog.on("hide", dialog.delete)
    dialog.open()
