"""Tables, their filters and pages. Cells are text, never markup."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nicegui import ui

from dashboard import text
from dashboard.gateway import Json
from dashboard.parts.shell import address, box

# On a phone a row is a card, and each cell names its column.
LABEL = '<span class="cell-label">{{ props.col.label }}</span>'
CLASS = ":class=\"{ 'wide-only': props.col.wide }\""
CELL = f'<q-td :props="props" {CLASS}>{LABEL}<span>{{{{ props.value }}}}</span></q-td>'
BADGE = f"""
<q-td :props="props" {CLASS}>
{LABEL}<span class="badge" :class="props.row.tone">{{{{ props.value }}}}</span>
</q-td>
"""

PAGE_SIZE = 50
Row = dict[str, Any]


class Table:
    """Rows of texts. `columns` maps fields to titles; a `badges` field shows in `tone`.

    A `wide` field shows where there is room for a table, and not on a phone.
    With `on_select` rows can be chosen.
    Until it is filled it says that it loads; filled with nothing it says `empty`.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        empty: str,
        *,
        badges: Sequence[str] = (),
        numbers: Sequence[str] = (),
        wide: Sequence[str] = (),
        on_row: Callable[[Row], None] | None = None,
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
        self._table.props(f'flat hide-pagination no-data-label="{text.LOADING}"')
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
        """The keys of the rows that are chosen."""
        return [row["key"] for row in self._table.selected]

    def fill(self, rows: Iterable[Row]) -> None:
        self._table.props(f'no-data-label="{self._empty}"')
        chosen = set(self.selected)
        self._table.rows = list(rows)
        self._table.selected = [row for row in self._table.rows if row["key"] in chosen]
        self._table.update()

    def lose(self) -> None:
        """Says that nothing is known."""
        self._table.props(f'no-data-label="{text.NO_DATA}"')
        self._table.rows = []
        self._table.update()


def ask(query: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str | int | list[str]]:
    """Turns what the address of the page asks for into the request for a page of a list."""
    asked: dict[str, str | int | list[str]] = {"pageSize": PAGE_SIZE}
    return asked | {name: query[field] for field, name in names.items() if query[field]}


class Filters:
    """The filters of a list, which live in the address of the page."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self._path = path
        self._query = query

    def choice(
        self, field: str, label: str, choices: Mapping[str, str], *, every: bool = True
    ) -> None:
        """Offers choices and, where `every` is true, all of them together."""
        options = {"": text.ALL, **choices} if every else dict(choices)
        value = self._query.get(field, "")
        ui.select(
            options,
            value=value if value in options else "",
            label=label,
            on_change=lambda event: self._go(field, event.value),
        ).props("outlined dense options-dense")

    def words(self, field: str, label: str) -> None:
        """Takes words, which count once Enter is pressed."""
        field_input = ui.input(label, value=self._query.get(field, "")).props("outlined dense")
        field_input.on("keydown.enter", lambda: self._go(field, field_input.value or ""))

    def moment(self, field: str, label: str) -> None:
        """Takes a time on the wall clock, which counts once the field is left."""
        before = self._query.get(field, "")
        field_input = ui.input(label, value=before)
        field_input.props("outlined dense stack-label type=datetime-local")

        def leave() -> None:
            if (field_input.value or "") != before:
                self._go(field, field_input.value or "")

        field_input.on("keydown.enter", leave).on("blur", leave)

    def _go(self, field: str, value: str) -> None:
        query = {**self._query, field: value.strip(), "page": ""}
        ui.navigate.to(address(self._path, query))


def pager(path: str, query: dict[str, str], next_token: str) -> None:
    """Links to the first and to the next page, where there is one."""
    with box("filters"):
        if query.get("page"):
            ui.link(text.FIRST, address(path, {**query, "page": ""})).classes("more")
        if next_token:
            ui.link(text.NEXT, address(path, {**query, "page": next_token})).classes("more")


def show_detail(title: str, pairs: Sequence[tuple[str, str]], data: Json | None) -> None:
    """Opens a sheet with all that is known. What customers wrote stays text."""
    with ui.dialog() as dialog, ui.card().classes("sheet"):
        with ui.element("h2"):
            ui.label(title)
        with box("facts").style("width: 100%"):
            for name, value in pairs:
                with box("fact"):
                    ui.label(name)
                    ui.label(value)
        if data:
            ui.label(json.dumps(data, ensure_ascii=False, indent=2)).classes("json").style(
                "width: 100%"
            )
        ui.button(text.CLOSE, on_click=dialog.close).props("flat no-caps").classes("self-end")
    dialog.on("hide", dialog.delete)
    dialog.open()
