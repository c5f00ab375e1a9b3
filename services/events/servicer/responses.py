"""Responses: domain → contract."""

from collections.abc import Set as AbstractSet

from google.rpc import error_details_pb2
from libral.events.v1 import events_pb2

from services.events.domain.blocks import LogStats
from services.events.domain.checkpoints import Publication, PublishedHead
from services.events.domain.consumers import ConsumerStatus
from services.events.domain.dead_letters import DeadLetter
from services.events.domain.entries import LogEntry
from services.events.domain.verification import Defect, DefectCode, RangeVerdict
from services.events.domain.words import EventQuery
from services.events.servicer.event_messages import category_of, event_message
from services.events.text import DEFECTS
from services.kernel.messages import timestamp
from services.kernel.status import LOCALE

Verification = events_pb2.VerifyEventsResponse

CHANNELS = {
    "FILE": events_pb2.Checkpoint.FILE,
    "LOG": events_pb2.Checkpoint.LOG,
    "TELEGRAM": events_pb2.Checkpoint.TELEGRAM,
}
CODES = {
    DefectCode.MISSING: Verification.Defect.MISSING,
    DefectCode.ADDED: Verification.Defect.ADDED,
    DefectCode.ALTERED: Verification.Defect.ALTERED,
    DefectCode.HEAD_MISMATCH: Verification.Defect.HEAD_MISMATCH,
    DefectCode.CHECKPOINT_MISMATCH: Verification.Defect.CHECKPOINT_MISMATCH,
    DefectCode.MISSING_SINCE_CHECKPOINT: Verification.Defect.MISSING_SINCE_CHECKPOINT,
    # Only the command line finds it, because it compares with checkpoints.
    DefectCode.RESTORED: Verification.Defect.ADDED,
}


def stats_message(stats: LogStats) -> events_pb2.EventStats:
    message = events_pb2.EventStats(
        head_position=stats.head_position,
        last_hour_count=stats.hour.total,
        last_day_count=stats.day.total,
        error_day_count=stats.day.errors,
        measure_time=timestamp(stats.time),
    )
    for category, number in sorted(stats.day.categories.items()):
        message.categories.add(category=category_of(category), count=number)
    return message


def verification_message(verdict: RangeVerdict) -> events_pb2.VerifyEventsResponse:
    defect = verdict.defect
    return Verification(
        valid=defect is None,
        checked_count=verdict.checked,
        first_bad_position=defect.position if defect else 0,
        problem=defect.problem if defect else "",
        next_start=verdict.next_start or 0,
        defect=defect_message(defect) if defect else None,
    )


def defect_message(defect: Defect) -> events_pb2.VerifyEventsResponse.Defect:
    return Verification.Defect(
        code=CODES[defect.code],
        metadata={"position": str(defect.position)},
        localized_message=error_details_pb2.LocalizedMessage(
            locale=LOCALE, message=DEFECTS[defect.code.name]
        ),
    )


def query_message(query: EventQuery) -> events_pb2.ParseEventQueryResponse:
    response = events_pb2.ParseEventQueryResponse()
    for term in query.terms:
        response.terms.add(text=term.text, whole_word=term.whole_word, pattern=term.pattern)
    return response


def checkpoint_message(
    published: PublishedHead, enabled: AbstractSet[str]
) -> events_pb2.Checkpoint:
    """Return the newest checkpoint. `enabled` holds the names of the configured channels."""
    message = events_pb2.Checkpoint(
        position=published.head.position,
        hash=published.head.hash,
        create_time=timestamp(published.time),
    )
    for name, channel in CHANNELS.items():
        publication = published.publications.get(name, Publication())
        message.publications.add(
            channel=channel,
            enabled=name in enabled,
            position=publication.position,
            publish_time=timestamp(publication.time),
            error=publication.error,
        )
    return message


def consumer_message(status: ConsumerStatus) -> events_pb2.Consumer:
    consumer = status.consumer
    return events_pb2.Consumer(
        name=f"consumers/{consumer.name}",
        position=consumer.position,
        lag_count=status.lag,
        dead_letter_count=status.dead_letter_count,
        types=consumer.types,
        report_time=timestamp(consumer.report_time),
    )


def dead_letter_message(dead_letter: DeadLetter, entry: LogEntry | None) -> events_pb2.DeadLetter:
    return events_pb2.DeadLetter(
        name=dead_letter.name,
        consumer=dead_letter.consumer,
        position=dead_letter.position,
        event=event_message(entry) if entry else None,
        error=dead_letter.error,
        tries=dead_letter.tries,
        state=events_pb2.DeadLetter.State.ValueType(dead_letter.state),
        create_time=timestamp(dead_letter.create_time),
        update_time=timestamp(dead_letter.update_time),
    )
