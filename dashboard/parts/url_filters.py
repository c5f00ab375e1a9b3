"""Filters and paging of a list, stored in the query parameters of its page."""

from collections.abc import Mapping

from nicegui import ui

from dashboard import text
from dashboard.parts.widgets import box
from dashboard.paths import address

PAGE_SIZE = 50


def list_query(
    query: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, str | int | list[str]]:
    """Return the request for a page of a list. `names` maps query parameters to its fields."""
    request: dict[str, str | int | list[str]] = {"pageSize": PAGE_SIZE}
    return request | {name: query[field] for field, name in names.items() if query[field]}


class Filters:
    """Inputs that navigate to the filtered page."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self._path = path
        self._query = query

    def choice(
        self, field: str, label: str, choices: Mapping[str, str], *, every: bool = True
    ) -> None:
        """Add a select input and, if `every` is true, the choice of all values."""
        options = {"": text.common.ALL, **choices} if every else dict(choices)
        value = self._query.get(field, "")
        ui.select(
            options,
            value=value if value in options else "",
            label=label,
            on_change=lambda event: self._go(field, event.value),
        ).props("outlined dense options-dense")

    def words(self, field: str, label: str) -> None:
        """Add a text input that applies on Enter."""
        field_input = ui.input(label, value=self._query.get(field, "")).props("outlined dense")
        field_input.on("keydown.enter", lambda: self._go(field, field_input.value or ""))

    def moment(self, field: str, label: str) -> None:
        """Add a local date and time input that applies when it loses focus."""
        before = self._query.get(field, "")
        field_input = ui.input(label, value=before)
        field_input.props("outlined dense stack-label type=datetime-local")

        def apply() -> None:
            if (field_input.value or "") != before:
                self._go(field, field_input.value or "")

        field_input.on("keydown.enter", apply).on("blur", apply)

    def _go(self, field: str, value: str) -> None:
        query = {**self._query, field: value.strip(), "page": ""}
        ui.navigate.to(address(self._path, query))


def pager(path: str, query: Mapping[str, str], next_page_token: str) -> None:
    """Draw links to the first page, unless it is shown, and to the next page if there is one."""
    with box("filters"):
        if query.get("page"):
            first = address(path, {**query, "page": ""})
            ui.link(text.common.FIRST, first).classes("more")
        if next_page_token:
            after = address(path, {**query, "page": next_page_token})
            ui.link(text.common.NEXT, after).classes("more")
