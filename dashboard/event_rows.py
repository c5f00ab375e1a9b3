"""Japanese titles, notes and enum values of events, and the rows of event lists.

A row contains known fields only. Text from customers or producers is always rendered as text.
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import orjson

from dashboard import formats, text
from dashboard.api.events import Event
from dashboard.api.fields import Json
from dashboard.api.modules import COLLECTION as MODULES
from dashboard.api.payments import Money

REACTION = "reaction."
NOTE_LENGTH_MAX = 200
KNOWN_MAX = 1000
TONES = {"WARNING": "warn", "ERROR": "bad"}
WHOLE_CURRENCIES = frozenset({formats.STARS, formats.YEN})
COLUMNS: Mapping[str, str] = {
    "key": text.common.POSITION,
    "time": text.common.TIME,
    "level": text.events.LEVEL,
    "category": text.events.CATEGORY,
    "title": text.events.TYPE,
    "note": text.common.DETAIL,
    "source": text.events.SOURCE,
}

EventRow = Sequence[str]
"""The key, the tone of the badge, and the text of each column."""


def is_reaction(event: Event) -> bool:
    """True if an event reports on the handling of another event by a consumer."""
    return event.type.startswith(REACTION)


def type_words(event_type: str) -> str:
    return text.events.TYPES.get(event_type, event_type)


def event_title(event: Event) -> str:
    return type_words(event.type)


def event_note(event: Event) -> str:
    """Return a short description of an event."""
    data = event.data
    if "currency" in data and "amount" in data:
        amount = str(data["amount"])
        if data["currency"] in WHOLE_CURRENCIES and amount.lstrip("-").isdigit():
            return formats.money(Money(data["currency"], int(amount)))
    if event.type == "module.state_changed":
        return f"{subject_words(event)}：{formats.enum(text.modules.STATES, str(data.get('to')))}"
    if is_reaction(event):
        consumer = service_words(str(data.get("consumer", "")))
        return f"{consumer}：{type_words(str(data.get('type', '')))}"
    if data.get("method"):
        return method_words(event, data)
    return str(data.get("displayName", "")) or subject_words(event)


def service_words(service: str) -> str:
    return text.common.MODULE_NAMES.get(service, service)


def method_words(event: Event, data: Json) -> str:
    """Return the called method, its module if any, and whether the call failed."""
    name = str(data["method"]).rpartition("/")[2]
    words = text.events.METHODS.get(name, name)
    if event.subject.startswith(MODULES):
        words = f"{words}：{subject_words(event)}"
    return text.events.METHOD_FAILED.format(method=words) if data.get("code") else words


def subject_words(event: Event) -> str:
    module = event.subject.removeprefix(MODULES)
    if module == event.subject:
        return event.subject
    return text.common.MODULE_NAMES.get(module, event.subject)


def level_words(event: Event) -> str:
    return formats.enum(text.events.LEVELS, event.level) if event.level else ""


def category_words(event: Event) -> str:
    if not event.category:
        return text.common.NONE
    return formats.enum(text.events.CATEGORIES, event.category)


def data_text(event: Event) -> str:
    """Return the data of an event as JSON, formatted as the log stores it."""
    return orjson.dumps(formats.plain_numbers(event.data)).decode()


def event_row(event: Event, zone: ZoneInfo) -> EventRow:
    """Return the row of an event with the fields of COLUMNS."""
    return (
        event.id,
        TONES.get(event.level, ""),
        str(event.position),
        formats.date_time(event.time, zone),
        level_words(event),
        category_words(event),
        event_title(event),
        event_note(event)[:NOTE_LENGTH_MAX],
        service_words(event.source),
    )


class EventRowCache:
    """Caches the rows of recent events for all pages."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[str, EventRow] = {}

    def row_of(self, event: Event) -> EventRow:
        row = self._known.get(event.id)
        if row is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            row = self._known[event.id] = event_row(event, self._zone)
        return row
