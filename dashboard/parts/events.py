"""Events as an operator reads them."""

from zoneinfo import ZoneInfo

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.tables import Row, show_detail

MODULES = "modules/"
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
    if data.get("method"):
        return method_words(event, data)
    return str(data.get("displayName", "")) or subject_words(event)


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


def event_row(event: Json, zone: ZoneInfo) -> Row:
    """Chooses what a table shows of an event: texts of known fields, nothing else."""
    level = str(event.get("level", ""))
    return {
        "key": str(event.get("position", "")),
        "time": formats.date_time(formats.parse_time(event.get("time")), zone),
        "level": text.LEVELS.get(level, level),
        "tone": TONES.get(level, ""),
        "category": text.CATEGORIES.get(str(event.get("category", "")), text.NONE),
        "title": event_title(event),
        "note": event_note(event),
        "source": text.MODULE_NAMES.get(str(event.get("source", "")), str(event.get("source", ""))),
    }


def show_event(event: Json, zone: ZoneInfo) -> None:
    """Opens the detail of an event."""
    row = event_row(event, zone)
    pairs = [
        (text.POSITION, row["key"]),
        (text.TIME, row["time"]),
        (text.TYPE, str(event.get("type", ""))),
        (text.LEVEL, row["level"]),
        (text.CATEGORY, row["category"]),
        (text.SOURCE, row["source"]),
        (text.SUBJECT, str(event.get("subject", "")) or text.NONE),
        (text.ACTOR, str(event.get("actor", "")) or text.NONE),
    ]
    show_detail(row["title"], pairs, event.get("data"))
