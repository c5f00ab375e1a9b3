"""Tokenization of event text for search.

A word is a run of letters and digits. It matches as a whole, ignoring case. Chinese
characters, kana and hangul are written without spaces, so a query matches any part of such a
run. The index holds these runs as character bigrams.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.events.domain.entries import LogEntry
from services.kernel.errors import FieldViolation

QUERY_LENGTH_MAX = 256
UNSPACED = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
RUN = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W_])+")
ASCII_RUN = re.compile("[a-z0-9]+")
# Splitting on ASCII separators first is faster: most stretches are ASCII and thus a whole run.
STRETCH = re.compile("[a-z0-9\\x80-\\U0010ffff]+")
LETTER = rf"(?![{UNSPACED}])[^\W_]"
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
STARTS_UNSPACED = re.compile(rf"[{UNSPACED}]")
USER_IN_DATA = re.compile(r'"user":"(users/[^"\\]+)"')


def normalize_text(text: str) -> str:
    """Return text in Unicode NFKC with case folded."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def searchable_text(entry: LogEntry) -> str:
    """Return the normalized text of an event that queries are matched against."""
    data = entry.data if "\\" not in entry.data else ESCAPE.sub(" ", entry.data)
    return normalize_text(f"{entry.type} {entry.subject} {entry.actor} {data}")


def split_runs(text: str) -> list[str]:
    if text.isascii():
        return ASCII_RUN.findall(text)
    found: list[str] = []
    for stretch in STRETCH.findall(text):
        found += (stretch,) if stretch.isascii() else RUN.findall(stretch)
    return found


def is_spaced(run: str) -> bool:
    return run.isascii() or not STARTS_UNSPACED.match(run)


def index_words(run: str) -> Iterable[str]:
    """Return the index words of a run: the run itself, or the bigrams of an unspaced run.

    A single unspaced character has no index word.
    """
    return (run,) if is_spaced(run) else (a + b for a, b in pairwise(run))


def facet_words(entry: LogEntry) -> list[str]:
    """Return the columns of an event as `name=value` words, which never occur in text."""
    found = [
        f"category={entry.category}",
        f"level={entry.level}",
        f"type={entry.type}",
        f"source={entry.source}",
        f"subject={entry.subject}",
        f"actor={entry.actor}",
    ]
    return found + [f"user={user}" for user in users_of(entry)]


def users_of(entry: LogEntry) -> set[str]:
    """Return the users that an event names as subject, as actor or in its data."""
    named = {entry.subject, entry.actor, *USER_IN_DATA.findall(entry.data)}
    return {name for name in named if name.startswith("users/")}


def word_hashes(entries: Iterable[LogEntry]) -> set[int]:
    """Return the hashes of all index words of the events, facets included."""
    words: set[str] = set()
    found: set[str] = set()
    for entry in entries:
        words.update(facet_words(entry))
        found.update(split_runs(searchable_text(entry)))
    for run in found:
        words.update(index_words(run))
    return {hash_word(word) for word in words}


def hash_word(word: str) -> int:
    """Return a signed 32-bit hash of a word. Collisions are possible."""
    return zlib.crc32(word.encode()) - (1 << 31)


@dataclass(frozen=True)
class QueryTerm:
    """A run of a query: a whole word, or a part of a run of unspaced characters."""

    text: str
    whole_word: bool

    @property
    def pattern(self) -> str:
        """A regular expression that matches the term in normalized text."""
        return f"(?<!{LETTER}){self.text}(?!{LETTER})" if self.whole_word else self.text


@dataclass(frozen=True)
class EventQuery:
    """A search query. Events match that contain all `words` as whole words and all `parts`."""

    words: Sequence[str] = ()
    parts: Sequence[str] = ()

    @classmethod
    def parse(cls, text: str) -> "EventQuery":
        found = split_runs(normalize_text(text))
        return cls(
            words=tuple(run for run in found if is_spaced(run)),
            parts=tuple(run for run in found if not is_spaced(run)),
        )

    @property
    def terms(self) -> list[QueryTerm]:
        words = [QueryTerm(word, whole_word=True) for word in self.words]
        return words + [QueryTerm(part, whole_word=False) for part in self.parts]

    def index_words(self) -> list[str]:
        """Return the index words that a block must contain to hold a matching event."""
        return [word for run in (*self.words, *self.parts) for word in index_words(run)]

    def matches(self, entry: LogEntry) -> bool:
        text = searchable_text(entry)
        if not all(part in text for part in self.parts):
            return False
        return not self.words or set(self.words) <= set(split_runs(text))


def query_violations(text: str) -> list[FieldViolation]:
    """Return the field violations of a query. An empty query is valid and matches every event."""
    if not text:
        return []
    if len(text) > QUERY_LENGTH_MAX:
        return [FieldViolation("query", f"It is longer than {QUERY_LENGTH_MAX}.")]
    return (
        []
        if split_runs(normalize_text(text))
        else [FieldViolation("query", "It contains no word.")]
    )
