"""Which words an event is found by.

A word is a run of letters and digits, found whole and without regard to case.
Chinese characters, kana and hangul are written without spaces: there any part
of a run is found, which an index knows by its pairs of characters.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.events.domain.entries import Entry
from services.kernel.errors import FieldViolation

QUERY_LENGTH_MAX = 256
UNSPACED = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
RUN = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W_])+")
ASCII_RUN = re.compile("[a-z0-9]+")
# What holds no character that ends every run. Most of it is ASCII, and so a run already.
STRETCH = re.compile("[a-z0-9\\x80-\\U0010ffff]+")
LETTER = rf"(?![{UNSPACED}])[^\W_]"
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
STARTS_UNSPACED = re.compile(rf"[{UNSPACED}]")
USER_IN_DATA = re.compile(r'"user":"(users/[^"\\]+)"')


def normal(text: str) -> str:
    """Brings text to the form in which it is compared: one width, one case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def searched(entry: Entry) -> str:
    """The text of an event that is searched, in the form in which it is compared."""
    data = entry.data if "\\" not in entry.data else ESCAPE.sub(" ", entry.data)
    return normal(f"{entry.type} {entry.subject} {entry.actor} {data}")


def runs(text: str) -> list[str]:
    if text.isascii():
        return ASCII_RUN.findall(text)
    found: list[str] = []
    for stretch in STRETCH.findall(text):
        found += (stretch,) if stretch.isascii() else RUN.findall(stretch)
    return found


def is_spaced(run: str) -> bool:
    return run.isascii() or not STARTS_UNSPACED.match(run)


def indexed(run: str) -> Iterable[str]:
    """The words that an index knows a run by. One unspaced character alone is not known."""
    return (run,) if is_spaced(run) else (a + b for a, b in pairwise(run))


def facets(entry: Entry) -> list[str]:
    """The columns of an event as words that no text can hold."""
    found = [
        f"category={entry.category}",
        f"level={entry.level}",
        f"type={entry.type}",
        f"source={entry.source}",
        f"subject={entry.subject}",
        f"actor={entry.actor}",
    ]
    return found + [f"user={user}" for user in users_of(entry)]


def users_of(entry: Entry) -> set[str]:
    """The users that an event is about or by."""
    named = {entry.subject, entry.actor, *USER_IN_DATA.findall(entry.data)}
    return {name for name in named if name.startswith("users/")}


def words_of(entries: Iterable[Entry]) -> set[int]:
    """The numbers of all words and facets of some events, for an index."""
    words: set[str] = set()
    found: set[str] = set()
    for entry in entries:
        words.update(facets(entry))
        found.update(runs(searched(entry)))
    for run in found:
        words.update(indexed(run))
    return {number(word) for word in words}


def number(word: str) -> int:
    """A number for a word, of 32 bits with sign. Different words may share one."""
    return zlib.crc32(word.encode()) - (1 << 31)


@dataclass(frozen=True)
class Term:
    """A run of a query: a whole word, or a part of a run of unspaced characters."""

    text: str
    whole_word: bool

    @property
    def pattern(self) -> str:
        """A regular expression that finds the term in text that `normal` returned."""
        return f"(?<!{LETTER}){self.text}(?!{LETTER})" if self.whole_word else self.text


@dataclass(frozen=True)
class Query:
    """Terms that an event must all contain: `words` as whole words, `parts` anywhere."""

    words: Sequence[str] = ()
    parts: Sequence[str] = ()

    @classmethod
    def parse(cls, text: str) -> "Query":
        found = runs(normal(text))
        return cls(
            words=tuple(run for run in found if is_spaced(run)),
            parts=tuple(run for run in found if not is_spaced(run)),
        )

    @property
    def terms(self) -> list[Term]:
        words = [Term(word, whole_word=True) for word in self.words]
        return words + [Term(part, whole_word=False) for part in self.parts]

    def indexed(self) -> list[str]:
        """Return the index words that a block must hold to have an event with all terms."""
        return [word for run in (*self.words, *self.parts) for word in indexed(run)]

    def finds(self, entry: Entry) -> bool:
        text = searched(entry)
        if not all(part in text for part in self.parts):
            return False
        return not self.words or set(self.words) <= set(runs(text))


def query_violations(text: str) -> list[FieldViolation]:
    """Return what is wrong with a query. An empty one is right: it finds every event."""
    if not text:
        return []
    if len(text) > QUERY_LENGTH_MAX:
        return [FieldViolation("query", f"It is longer than {QUERY_LENGTH_MAX}.")]
    return [] if runs(normal(text)) else [FieldViolation("query", "It has no word.")]
