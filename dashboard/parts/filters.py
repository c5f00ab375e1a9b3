"""The filters and the pages of a list, which are query parameters of the address of its page."""

from collections.abc import Mapping

from nicegui import ui

from dashboard import text
from dashboard.parts.widgets import box
from dashboard.paths import address

PAGE_SIZE = 50


def list_query(
    query: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, str | int | list[str]]:
    """Return the request for a page of a list. `names` are its fields by query parameter."""
    asked: dict[str, str | int | list[str]] = {"pageSize": PAGE_SIZE}
    return asked | {name: query[field] for field, name in names.items() if query[field]}


class Filters:
    """Inputs that write the address of the page."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self._path = path
        self._query = query

    def choice(
        self, field: str, label: str, choices: Mapping[str, str], *, every: bool = True
    ) -> None:
        """Offer choices and, if `every` is true, all of them together."""
        options = {"": text.common.ALL, **choices} if every else dict(choices)
        value = self._query.get(field, "")
        ui.select(
            options,
            value=value if value in options else "",
            label=label,
            on_change=lambda event: self._go(field, event.value),
        ).props("outlined dense options-dense")

    def words(self, field: str, label: str) -> None:
        """Take words, which apply when Enter is pressed."""
        field_input = ui.input(label, value=self._query.get(field, "")).props("outlined dense")
        field_input.on("keydown.enter", lambda: self._go(field, field_input.value or ""))

    def moment(self, field: str, label: str) -> None:
        """Take a time on the wall clock, which applies when the input loses focus."""
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


def pager(path: str, query: Mapping[str, str], next_page_token: str) -> None:
    """Link to the first page from another one, and to the next page if there is one."""
    with box("filters"):
        if query.get("page"):
            first = address(path, {**query, "page": ""})
            ui.link(text.common.FIRST, first).classes("more")
        if next_page_token:
            after = address(path, {**query, "page": next_page_token})
            ui.link(text.common.NEXT, after).classes("more")
