"""Filters of events as conditions of SQL."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Integer, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY

from services.events.domain.filters import EventFilter
from services.events.domain.words import number
from services.events.storage.tables import BLOCKS, LOG


def event_conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return what an event must fulfil. The query is left out: `Query.finds` checks it."""
    found: list[ColumnElement[bool]] = []
    for values, column in ((wanted.categories, LOG.c.category), (wanted.types, LOG.c.type)):
        if values:
            found.append(column.in_(values))
    if wanted.min_level:
        found.append(LOG.c.level >= wanted.min_level)
    texts = ((name, getattr(wanted, name)) for name in ("source", "subject", "actor"))
    found.extend(LOG.c[name] == value for name, value in texts if value)
    if wanted.user:
        in_data = LOG.c.data.contains(f'"user":"{wanted.user}"', autoescape=True)
        found.append(or_(LOG.c.subject == wanted.user, LOG.c.actor == wanted.user, in_data))
    if wanted.start_time:
        found.append(LOG.c.time >= wanted.start_time)
    if wanted.end_time:
        found.append(LOG.c.time < wanted.end_time)
    return found


def block_conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return what a block must fulfil to hold such an event."""
    found: list[ColumnElement[bool]] = []
    if words := wanted.index_words():
        found.append(BLOCKS.c.words.contains(numbers(words)))
    found.extend(BLOCKS.c.words.overlap(numbers(group)) for group in wanted.index_choices())
    if wanted.start_time:
        found.append(BLOCKS.c.last_time >= wanted.start_time)
    if wanted.end_time:
        found.append(BLOCKS.c.first_time < wanted.end_time)
    return found


def numbers(words: Sequence[str]) -> ColumnElement[Sequence[int]]:
    return literal([number(word) for word in words], ARRAY(Integer))
