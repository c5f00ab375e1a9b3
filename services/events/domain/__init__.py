"""The rules of the log: what an event must be, how the chain is hashed, which words find it."""

from services.events.domain.checkpoints import Checkpoint, Mark
from services.events.domain.entries import (
    BATCH_MAX,
    GENESIS,
    Defect,
    Entry,
    Head,
    chain,
    find_defect,
    violations,
)
from services.events.domain.reactions import (
    Consumer,
    Letter,
    LetterState,
    letter_name,
    parse_letter_name,
)
from services.events.domain.words import (
    Query,
    is_spaced,
    number,
    pattern,
    query_violations,
    words_of,
)

__all__ = [
    "BATCH_MAX",
    "GENESIS",
    "Checkpoint",
    "Consumer",
    "Defect",
    "Entry",
    "Head",
    "Letter",
    "LetterState",
    "Mark",
    "Query",
    "chain",
    "find_defect",
    "is_spaced",
    "letter_name",
    "number",
    "parse_letter_name",
    "pattern",
    "query_violations",
    "violations",
    "words_of",
]
