"""モジュール: the processes of the mesh, live, with buttons to start, stop and restart them."""

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.modules import Module
from dashboard.context import PageContext
from dashboard.page import page
from dashboard.parts.layout import page_frame
from dashboard.parts.modules import (
    VERBS,
    confirm_action,
    module_title,
    reason_words,
    state_tone,
    state_words,
)
from dashboard.parts.widgets import badge, box, fact


@page(paths.MODULES)
def modules(page: PageContext, module: str = "") -> None:
    with page_frame(page, paths.MODULES):
        summary = ui.label(text.common.NO_DATA).classes("muted")
        if not page.session.can_operate:
            ui.label(text.common.NO_CONTROL).classes("muted")
        cards: dict[str, Card] = {}
        grid = box("modules")

        def refresh() -> None:
            found = page.state.fresh_modules()
            if found is None:
                summary.text = text.common.NO_DATA
                for card in cards.values():
                    card.show(None)
                return
            healthy = sum(one.state == "HEALTHY" for one in found)
            summary.text = text.modules.SUMMARY.format(total=len(found), healthy=healthy)
            for one in found:
                if one.id not in cards:
                    with grid:
                        cards[one.id] = Card(page, one, here=one.id == module)
                cards[one.id].show(one)

        page.follow(refresh)


class Card:
    """A module with its state, figures and buttons."""

    FIELDS = (
        text.common.VERSION,
        text.modules.PID,
        text.common.UPTIME,
        text.modules.CPU,
        text.modules.MEMORY,
        text.common.LATENCY,
        text.common.LAST_CHECK,
    )

    def __init__(self, page: PageContext, module: Module, *, here: bool) -> None:
        self._buttons: dict[str, ui.button] = {}
        card = box("panel" + " here" * here, "section").props(f"data-module={module.id}")
        if here:
            card.run_method("scrollIntoView", {"block": "center"})
        with card:
            with box("head"):
                ui.label(module_title(module)).classes("grow")
                self._state = badge(text.common.UNKNOWN)
            self._reason = ui.label().classes("muted")
            with box("facts"):
                self._values = {name: fact(name, text.common.NO_DATA) for name in self.FIELDS}
            with box("buttons"):
                if page.session.can_operate:
                    for action, words in VERBS.items():
                        button = ui.button(words, on_click=confirm_action(page, module, action))
                        self._buttons[action] = button.props("outline dense no-caps")

    def show(self, module: Module | None) -> None:
        """Show the current state of a module, or unknown values for None."""
        self._state.text = state_words(module)
        self._state.classes(replace=f"badge {state_tone(module)}")
        self._reason.text = reason_words(module)
        self._reason.visible = bool(self._reason.text)
        for name, value in zip(self.FIELDS, module_figures(module), strict=True):
            self._values[name].text = value
        for action, button in self._buttons.items():
            button.set_enabled(module is not None and action in module.actions)


def module_figures(module: Module | None) -> tuple[str, ...]:
    """Format the figures of a module in the order of `Card.FIELDS`."""
    if module is None:
        module = Module.parse({})
    return (
        module.version or text.common.NO_DATA,
        str(module.pid or text.common.NONE),
        formats.duration(formats.seconds_since(module.start_time)),
        formats.percent(module.cpu_utilization),
        formats.data_size(module.memory_bytes),
        formats.milliseconds(module.check_latency),
        formats.age_of(module.check_time),
    )
