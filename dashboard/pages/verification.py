"""ログ検証: the hash chain, the last checkpoint, the consumers, and the outboxes of services."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from nicegui import ui

from dashboard import formats, paths, text
from dashboard.api.client import if_available
from dashboard.api.consumers import Consumer
from dashboard.api.metrics import STALE_SECONDS
from dashboard.api.verification import Checkpoint, Publication
from dashboard.context import PageContext
from dashboard.event_rows import service_words
from dashboard.page import page
from dashboard.parts.chain import ChainCheckPanel
from dashboard.parts.event_filters import rfc3339
from dashboard.parts.layout import page_frame, panel
from dashboard.parts.tables import DataTable, TableRow
from dashboard.parts.widgets import badge, box, copy_button, fact

RELOAD_SECONDS = 5.0
LAG_MAX = 1_000
HASH_LENGTH = 12
STEP = "5s"
PENDING, LAG = "outbox.pending", "outbox.lag"
SERVICES = frozenset({"users", "payments", "events", "metrics", "telegram"})
TONES = {"on": "good", "error": "bad"}
CONSUMER_COLUMNS = {
    "consumer": text.dead_letters.CONSUMER,
    "position": text.verification.CONSUMER_POSITION,
    "lag": text.common.LAG,
    "dead_letters": text.navigation.DEAD_LETTERS,
    "reported": text.verification.REPORTED,
}
OUTBOX_COLUMNS = {
    "service": text.verification.SERVICE,
    "pending": text.verification.PENDING,
    "lag": text.verification.OLDEST,
    "measured": text.verification.MEASURED,
}

LatestValues = Mapping[str, tuple[float, datetime]]
"""The latest value of each service and its time."""


@page(paths.VERIFICATION)
def verification(page: PageContext) -> None:
    with page_frame(page, paths.VERIFICATION) as problem:
        with box("panels"):
            with panel(text.verification.CHAIN):
                ChainCheckPanel(page)
            with panel(text.verification.CHECKPOINT):
                ui.label(text.verification.CHECKPOINT_LEAD).classes("muted")
                checkpoint = box("facts")
        with panel(text.verification.CONSUMERS):
            numbers = ["position", "lag", "dead_letters"]
            consumers = DataTable(CONSUMER_COLUMNS, text.verification.NO_CONSUMERS, numbers=numbers)
        with panel(text.verification.OUTBOX):
            ui.label(text.verification.OUTBOX_LEAD).classes("muted")
            numbers = ["pending", "lag"]
            outboxes = DataTable(OUTBOX_COLUMNS, text.verification.NO_SERVICES, numbers=numbers)

        async def load() -> None:
            latest = await if_available(page.api.get_latest_checkpoint())
            checkpoint.clear()
            with checkpoint:
                draw_checkpoint(page, latest)
            pending, lags = await latest_values(page, PENDING), await latest_values(page, LAG)
            known = sorted({*SERVICES, *pending, *lags})
            outboxes.fill(outbox_row(service, pending, lags) for service in known)
            found = await if_available(page.api.list_consumers())
            if found is None:
                consumers.show_no_data()
            else:
                consumers.fill(consumer_row(one) for one in found.items)

        page.load(load, problem)
        ui.timer(RELOAD_SECONDS, lambda: page.load(load, problem), immediate=False)


def draw_checkpoint(page: PageContext, latest: Checkpoint | None) -> None:
    """Show the last checkpoint and its publication on each channel."""
    if latest is None or latest.create_time is None:
        ui.label(text.common.NO_DATA).classes("muted")
        return
    fact(text.common.POSITION, formats.integer(latest.position))
    digest = latest.hash.hex()
    with box("fact"):
        ui.label(text.verification.HASH)
        with box("copied"):
            ui.label(f"{digest[:HASH_LENGTH]}…").classes("num")
            copy_button(digest)
    time = formats.date_time(latest.create_time, page.zone)
    fact(text.common.TIME, f"{time}（{formats.age_of(latest.create_time)}）")
    for publication in latest.publications:
        state = channel_state(publication)
        with box("fact"):
            ui.label(formats.enum(text.verification.CHANNELS, publication.channel))
            with box("copied"):
                ui.label(channel_words(publication))
                badge(text.verification.CHANNEL_STATES[state], TONES.get(state, ""))


def channel_state(publication: Publication) -> str:
    if not publication.enabled:
        return "off"
    return "error" if publication.error else "on"


def channel_words(publication: Publication) -> str:
    """Return the last error of a channel, or its last publication."""
    if publication.error:
        return publication.error
    if publication.publish_time is None:
        return text.verification.NOT_PUBLISHED if publication.enabled else ""
    position = formats.integer(publication.position)
    age = formats.age_of(publication.publish_time)
    return text.verification.PUBLISHED.format(position=position, age=age)


def consumer_row(consumer: Consumer) -> TableRow:
    """Return the row of a consumer. The lag of a stale report is データなし."""
    age = formats.seconds_since(consumer.report_time)
    lag = formats.count(consumer.lag_count)
    if consumer.lag_count is not None and consumer.lag_count >= LAG_MAX:
        lag = text.verification.LAG_BEYOND.format(count=formats.integer(consumer.lag_count))
    if age is None or age > STALE_SECONDS:
        lag = text.verification.NO_DATA_SINCE.format(age=formats.age(age))
    return {
        "key": consumer.id,
        "consumer": service_words(consumer.id),
        "position": formats.integer(consumer.position),
        "lag": lag,
        "dead_letters": formats.count(consumer.dead_letter_count),
        "reported": formats.age(age),
    }


async def latest_values(page: PageContext, metric: str) -> LatestValues:
    """Return the latest value of each service, without stale values."""
    start = datetime.now(UTC) - timedelta(seconds=STALE_SECONDS)
    call = page.api.query_metric(
        metric, merge=False, aggregation="LAST", step=STEP, startTime=rfc3339(start)
    )
    measured: dict[str, tuple[float, datetime]] = {}
    for series in await if_available(call) or ():
        for time, value in series.points[-1:]:
            measured[series.source] = (value, time)
    return measured


def outbox_row(service: str, pending: LatestValues, lags: LatestValues) -> TableRow:
    count, lag = pending.get(service), lags.get(service)
    known = count or lag
    return {
        "key": service,
        "service": service_words(service),
        "pending": formats.integer(int(count[0]) if count else None),
        "lag": lag_words(lag),
        "measured": formats.age_of(known[1] if known else None),
    }


def lag_words(lag: tuple[float, datetime] | None) -> str:
    if lag is None:
        return text.common.NO_DATA
    return formats.milliseconds(lag[0]) if lag[0] else text.common.NONE
