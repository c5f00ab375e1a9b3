"""Event filters as SQL conditions."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Integer, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY

from services.events.domain.filters import EventFilter
from services.events.domain.words import hash_word
from services.events.storage.tables import BLOCKS, LOG


def event_conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return the conditions on an event, except the text query, which the domain evaluates."""
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
    """Return the conditions on a block that can contain a matching event."""
    found: list[ColumnElement[bool]] = []
    if words := wanted.index_words():
        found.append(BLOCKS.c.words.contains(hash_words(words)))
    found.extend(BLOCKS.c.words.overlap(hash_words(group)) for group in wanted.index_choices())
    if wanted.start_time:
        found.append(BLOCKS.c.last_time >= wanted.start_time)
    if wanted.end_time:
        found.append(BLOCKS.c.first_time < wanted.end_time)
    return found


def hash_words(words: Sequence[str]) -> ColumnElement[Sequence[int]]:
    return literal([hash_word(word) for word in words], ARRAY(Integer))
