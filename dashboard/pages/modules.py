"""モジュール: what runs, and start, stop, restart."""

from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.figures import badge
from dashboard.parts.modules import (
    VERBS,
    confirm_action,
    module_id,
    module_title,
    reason_words,
    state_tone,
    state_words,
)
from dashboard.parts.shell import House, Visit, admit, box, frame


def add(house: House) -> None:
    @ui.page("/modules")
    def page(module: str = "") -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        with frame(visit, "/modules"):
            summary = ui.label(text.NO_DATA).classes("muted")
            if not visit.session.can_operate:
                ui.label(text.NO_CONTROL).classes("muted")
            cards: dict[str, Card] = {}
            grid = box("modules")

            def refresh() -> None:
                modules = visit.hub.view.fresh_modules()
                if modules is None:
                    summary.text = text.NO_DATA
                    for card in cards.values():
                        card.show(None)
                    return
                healthy = sum(one.get("state") == "HEALTHY" for one in modules)
                summary.text = text.MODULES_SUMMARY.format(total=len(modules), healthy=healthy)
                for one in modules:
                    if one["name"] not in cards:
                        with grid:
                            cards[one["name"]] = Card(visit, one, here=module_id(one) == module)
                    cards[one["name"]].show(one)

            visit.follow(refresh)
        return None


class Card:
    """A module: its state, figures and buttons."""

    FIELDS = (
        text.VERSION,
        text.PID,
        text.UPTIME,
        text.CPU_SHORT,
        text.MEMORY_SHORT,
        text.LATENCY,
        text.LAST_CHECK,
    )

    def __init__(self, visit: Visit, module: Json, *, here: bool) -> None:
        self._buttons: dict[str, ui.button] = {}
        self._values: dict[str, ui.label] = {}
        card = box("panel" + " here" * here, "section").props(f"data-module={module_id(module)}")
        if here:
            card.run_method("scrollIntoView", {"block": "center"})
        with card:
            with box("head"):
                ui.label(module_title(module)).classes("grow")
                self._state = badge(text.STATE_UNKNOWN)
            self._reason = ui.label().classes("muted")
            with box("facts"):
                for field in self.FIELDS:
                    with box("fact"):
                        ui.label(field)
                        self._values[field] = ui.label(text.NO_DATA)
            with box("buttons"):
                if visit.session.can_operate:
                    for action, words in VERBS.items():
                        button = ui.button(words, on_click=confirm_action(visit, module, action))
                        self._buttons[action] = button.props("outline dense no-caps")

    def show(self, module: Json | None) -> None:
        """Shows a module as it is now. None: nobody knows."""
        known: dict[str, Any] = module or {}
        self._state.text = state_words(known)
        self._state.classes(replace=f"badge {state_tone(known)}")
        self._reason.text = reason_words(known)
        self._reason.visible = bool(self._reason.text)
        for field, value in describe(known).items():
            self._values[field].text = value
        actions = known.get("actions", [])
        for action, button in self._buttons.items():
            button.set_enabled(action in actions)


def describe(module: Json) -> dict[str, str]:
    """Writes the figures of a module."""
    cpu = module.get("cpuUtilization")
    return {
        text.VERSION: module.get("version") or text.NO_DATA,
        text.PID: str(module.get("pid") or text.NONE),
        text.UPTIME: formats.duration(seconds_since(module.get("startTime"))),
        text.CPU_SHORT: formats.percent(None if cpu is None else float(cpu)),
        text.MEMORY_SHORT: formats.data_size(module.get("memoryBytes")),
        text.LATENCY: formats.milliseconds(formats.parse_seconds(module.get("checkLatency"))),
        text.LAST_CHECK: formats.age(seconds_since(module.get("checkTime"))),
    }


def seconds_since(value: object) -> float | None:
    time = formats.parse_time(value)
    return None if time is None else max(0.0, (datetime.now(UTC) - time).total_seconds())
