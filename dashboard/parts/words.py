"""Which words an event is found by: the rule of the events room, for what comes live.

A word is a run of letters and digits, found whole and without regard to case. Chinese
characters, kana and hangul are written without spaces: there any part of a run is found.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from dashboard.formats import plain
from dashboard.gateway import Json

UNSPACED = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
RUN = re.compile(rf"[{UNSPACED}]+|(?:(?![{UNSPACED}])[^\W_])+")
FIRST = re.compile(rf"[{UNSPACED}]")
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")


def normal(text: str) -> str:
    """Brings text to the form in which it is compared: one width, one case."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def data_text(event: Json) -> str:
    """Writes the data of an event as the log keeps it."""
    return orjson.dumps(plain(event.get("data", {}))).decode()


def searched(event: Json) -> str:
    """The text of an event that is searched, in the form in which it is compared."""
    data = ESCAPE.sub(" ", data_text(event))
    fields = (event.get("type", ""), event.get("subject", ""), event.get("actor", ""), data)
    return normal(" ".join(fields))


@dataclass(frozen=True)
class Words:
    """Words that must all be found in an event."""

    whole: Sequence[str] = ()
    parts: Sequence[str] = ()

    @classmethod
    def parse(cls, text: str) -> "Words":
        runs = RUN.findall(normal(text))
        return cls(
            whole=[run for run in runs if not FIRST.match(run)],
            parts=[run for run in runs if FIRST.match(run)],
        )

    def find(self, event: Json) -> bool:
        text = searched(event)
        if not all(run in text for run in (*self.whole, *self.parts)):
            return False
        return not self.whole or set(self.whole) <= set(RUN.findall(text))
