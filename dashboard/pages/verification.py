"""ログ検証: whether the log is as it was written, and whether it gets where it should."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.chain import ChainCheck
from dashboard.parts.drawer import copy_button
from dashboard.parts.events import consumer_words
from dashboard.parts.figures import badge
from dashboard.parts.search import rfc3339
from dashboard.parts.shell import VERIFICATION, House, Visit, admit, box, frame, panel
from dashboard.parts.tables import Row, Table
from dashboard.view import STALE_SECONDS

RELOAD_SECONDS = 5.0
LAG_MAX = 1_000
HASH_LENGTH = 12
STEP = "5s"
PENDING, LAG = "outbox.pending", "outbox.lag"
ROOMS = frozenset({"users", "payments", "events", "metrics", "telegram"})
CONSUMER_COLUMNS = {
    "consumer": text.CONSUMER,
    "position": text.CONSUMER_POSITION,
    "lag": text.LAG,
    "letters": text.UNHANDLED,
    "reported": text.REPORTED,
}
ROOM_COLUMNS = {
    "room": text.ROOM,
    "pending": text.PENDING,
    "lag": text.OLDEST,
    "measured": text.MEASURED,
}


def add(house: House) -> None:
    @ui.page(VERIFICATION)
    def page() -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        with frame(visit, VERIFICATION) as problem:
            with box("panels"):
                with panel(text.CHAIN):
                    ChainCheck(visit)
                with panel(text.CHECKPOINT):
                    ui.label(text.CHECKPOINT_LEAD).classes("muted")
                    checkpoint = box("facts")
            with panel(text.CONSUMERS):
                numbers = ["position", "lag", "letters"]
                consumers = Table(CONSUMER_COLUMNS, text.NO_CONSUMERS, numbers=numbers)
            with panel(text.OUTBOX):
                ui.label(text.OUTBOX_LEAD).classes("muted")
                rooms = Table(ROOM_COLUMNS, text.NO_ROOMS, numbers=["pending", "lag"])

            async def load() -> None:
                latest = await visit.find("/v1/checkpoints:latest") or {}
                checkpoint.clear()
                with checkpoint:
                    draw_checkpoint(visit, latest)
                pending, lags = await newest(visit, PENDING), await newest(visit, LAG)
                known = sorted({*ROOMS, *pending, *lags})
                rooms.fill(room_row(room, pending, lags) for room in known)
                found = await visit.find("/v1/consumers", {"pageSize": 1000})
                if found is None:
                    consumers.lose()
                else:
                    consumers.fill(consumer_row(one) for one in found.get("consumers", []))

            visit.load(load, problem)
            ui.timer(RELOAD_SECONDS, lambda: visit.load(load, problem), immediate=False)
        return None


def draw_checkpoint(visit: Visit, told: Json) -> None:
    """Shows what was told last, and of each channel when it was told what."""
    time = formats.parse_time(told.get("createTime"))
    if time is None:
        ui.label(text.NO_DATA).classes("muted")
        return
    fact(text.POSITION, formats.integer(told.get("position")))
    digest = hexadecimal(told.get("hash", ""))
    with box("fact"):
        ui.label(text.HASH)
        with box("copied"):
            ui.label(f"{digest[:HASH_LENGTH]}…").classes("num")
            copy_button(digest)
    fact(text.TIME, f"{formats.date_time(time, visit.zone)}（{formats.age(seconds_since(time))}）")
    for channel in told.get("publications", []):
        state = channel_state(channel)
        with box("fact"):
            name = str(channel.get("channel", ""))
            ui.label(text.CHANNELS_TOLD.get(name, name))
            with box("copied"):
                ui.label(channel_words(channel))
                tone = {"on": "good", "error": "bad"}.get(state, "")
                badge(text.CHANNEL_STATES[state], tone)


def fact(name: str, value: str) -> None:
    with box("fact"):
        ui.label(name)
        ui.label(value)


def channel_state(channel: Json) -> str:
    if not channel.get("enabled"):
        return "off"
    return "error" if channel.get("error") else "on"


def channel_words(channel: Json) -> str:
    """Says why the last try failed, or what was told when."""
    if channel.get("error"):
        return str(channel["error"])
    time = formats.parse_time(channel.get("publishTime"))
    if time is None:
        return text.NOT_TOLD if channel.get("enabled") else ""
    position, age = formats.integer(channel.get("position")), formats.age(seconds_since(time))
    return text.CHANNEL_TOLD.format(position=position, age=age)


def hexadecimal(value: str) -> str:
    """Writes the bytes of proto3 JSON as people compare hashes."""
    return base64.b64decode(value).hex()


def consumer_row(consumer: Json) -> Row:
    """Tells how far a consumer is. What it said long ago is no longer known."""
    name = str(consumer.get("name", "")).partition("/")[2]
    time = formats.parse_time(consumer.get("reportTime"))
    age = None if time is None else seconds_since(time)
    lag = int(consumer.get("lagCount", 0))
    words = text.LAG_BEYOND if lag >= LAG_MAX else text.COUNT
    shown = words.format(count=formats.integer(lag))
    if age is None or age > STALE_SECONDS:
        shown = text.NO_DATA_SINCE.format(age=formats.age(age))
    return {
        "key": name,
        "consumer": consumer_words({"consumer": name}),
        "position": formats.integer(consumer.get("position", 0)),
        "lag": shown,
        "letters": text.COUNT.format(count=formats.integer(consumer.get("deadLetterCount", 0))),
        "reported": formats.age(age),
    }


Measured = Mapping[str, tuple[float, datetime]]


async def newest(visit: Visit, metric: str) -> Measured:
    """Reads the newest value of each room, if it was measured lately."""
    start = datetime.now(UTC) - timedelta(seconds=STALE_SECONDS)
    query = {"metric": metric, "aggregation": "LAST", "step": STEP, "startTime": rfc3339(start)}
    found = await visit.find("/v1/metrics:query", query) or {}
    measured: dict[str, tuple[float, datetime]] = {}
    for series in found.get("series", []):
        for point in series.get("points", [])[-1:]:
            time = formats.parse_time(point.get("time"))
            if time is not None:
                measured[str(series.get("source", ""))] = (float(point.get("value", 0)), time)
    return measured


def room_row(room: str, pending: Measured, lags: Measured) -> Row:
    count, lag = pending.get(room), lags.get(room)
    told = count or lag
    age = None if told is None else seconds_since(told[1])
    return {
        "key": room,
        "room": text.MODULE_NAMES.get(room, room),
        "pending": text.NO_DATA if count is None else formats.integer(int(count[0])),
        "lag": lag_words(lag),
        "measured": formats.age(age),
    }


def lag_words(lag: tuple[float, datetime] | None) -> str:
    if lag is None:
        return text.NO_DATA
    return formats.milliseconds(lag[0]) if lag[0] else text.NONE


def seconds_since(time: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - time).total_seconds())
