"""Events as an operator reads them."""

from zoneinfo import ZoneInfo

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.feed import FeedRow

MODULES = "modules/"
REACTION = "reaction."
NOTE_LENGTH_MAX = 200
KNOWN_MAX = 1000
TONES = {"WARNING": "warn", "ERROR": "bad"}


def event_title(event: Json) -> str:
    kind = str(event.get("type", ""))
    return text.EVENT_TYPES.get(kind, kind)


def event_note(event: Json) -> str:
    """Says in a few words what an event is about."""
    data = event.get("data", {})
    if "currency" in data and "amount" in data:
        amount = str(data["amount"])
        if data["currency"] in {"XTR", "JPY"} and amount.lstrip("-").isdigit():
            return formats.money({"currencyCode": data["currency"], "units": amount})
    if event.get("type") == "module.state_changed":
        state = text.MODULE_STATES.get(str(data.get("to", "")), text.STATE_UNKNOWN)
        return f"{subject_words(event)}：{state}"
    if str(event.get("type", "")).startswith(REACTION):
        kind = str(data.get("type", ""))
        return f"{consumer_words(data)}：{text.EVENT_TYPES.get(kind, kind)}"
    if data.get("method"):
        return method_words(event, data)
    return str(data.get("displayName", "")) or subject_words(event)


def consumer_words(told: Json) -> str:
    """Names who reacts to events."""
    consumer = str(told.get("consumer", ""))
    return text.MODULE_NAMES.get(consumer, consumer)


def method_words(event: Json, data: Json) -> str:
    """Says what was called, on which module, and whether it failed."""
    name = str(data["method"]).rpartition("/")[2]
    words = text.METHODS.get(name, name)
    if str(event.get("subject", "")).startswith(MODULES):
        words = f"{words}：{subject_words(event)}"
    return text.METHOD_FAILED.format(method=words) if data.get("code") else words


def subject_words(event: Json) -> str:
    subject = str(event.get("subject", ""))
    module = subject.removeprefix(MODULES)
    return text.MODULE_NAMES.get(module, subject) if module != subject else subject


COLUMNS = {
    "key": text.POSITION,
    "time": text.TIME,
    "level": text.LEVEL,
    "category": text.CATEGORY,
    "title": text.TYPE,
    "note": text.DETAIL,
    "source": text.SOURCE,
}


def event_row(event: Json, zone: ZoneInfo) -> FeedRow:
    """Chooses what a list shows of an event, by COLUMNS: texts of known fields, nothing else."""
    level = str(event.get("level", ""))
    return (
        str(event.get("id", "")),
        TONES.get(level, ""),
        str(event.get("position", "")),
        formats.date_time(formats.parse_time(event.get("time")), zone),
        level_words(event),
        category_words(event),
        event_title(event),
        event_note(event)[:NOTE_LENGTH_MAX],
        source_words(event),
    )


class Rows:
    """The rows of the newest events, drawn once for all pages that show them."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._known: dict[str, FeedRow] = {}

    def of(self, event: Json) -> FeedRow:
        row = self._known.get(event["id"])
        if row is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            row = self._known[event["id"]] = event_row(event, self._zone)
        return row


def level_words(event: Json) -> str:
    level = str(event.get("level", ""))
    return text.LEVELS.get(level, level)


def category_words(event: Json) -> str:
    return text.CATEGORIES.get(str(event.get("category", "")), text.NONE)


def source_words(event: Json) -> str:
    source = str(event.get("source", ""))
    return text.MODULE_NAMES.get(source, source)
