"""Docstrings, comments and documents are plain engineering English (CONTRIBUTING.md, Writing)."""

import re
from pathlib import Path

import pytest

from tests.tidy.prose import Passage, passages, read_document, read_python

# A phrase that is not used: what to write in its place.
PHRASES = {
    r"\btells?\b|\btelling\b|\btold\b": "return, report, show, log",
    r"^says?\b": "return, report",
    r"\bwhoever\b|\bnobody\b|\bsomebody\b|\beverybody\b": "name the client, caller or process",
    r"\bhears?\b|\bheard\b": "receive, is notified",
    r"\bmeanwhile\b": "while …",
    r"\b(?:on|in) (?:its|their) way\b": "in flight, pending",
    r"\bof (?:its|their) own\b": "a separate …, its own …",
    r"\bof its own accord\b|\bcomes? again\b": "retry, reconnect",
    r"\bwithout a word\b": "silently, without a log line",
    r"\bset back since\b": "name the time that moved",
    r"\bso that\b[^.]*, which\b": "two sentences",
    r"\bin vain\b": "the timeout that expired",
    r"\bone's turn\b|\btakes? turns\b": "in order, by round robin",
    r"\b(?:is|are|was|were|be|been) let go\b|\bgoes? by the board\b": "released, dropped",
    r"\bfor ever\b": "without a limit",
    r"\bthrown away\b|\bforgotten about\b": "discarded, dropped",
    r"\bburied\b|\bbury\b": "dead-lettered",
    r"(?<!dead[ -])(?<!case )(?<!ASCII )\bletters?\b(?! and digits)": "dead letters",
    r"\brooms?\b": "service",
    r"\bwires?\b(?! format| type)": "message codec, gRPC framing, connection",
    r"\bflights\b": "coalesced requests",
    r"\b(?:an|the|its|their|each|every|one|same|first|no|any|whole|late) answers?\b": "response",
    r"\bquestions?\b": "request, query",
}
# The pronoun of a person.
PRONOUN = re.compile(r"(\w*)\W*\b(who|whom)\b", re.IGNORECASE)
PEOPLE = {
    *("admin", "author", "customer", "developer", "engineer", "operator", "person", "reader"),
    *("reviewer", "sender", "somebody", "user", "people", "those", "human", "one"),
}

BEFORE = (
    "Who opens a stream is told soon that there is nobody, and comes again by itself.",
    "Writes an event of its own, unless the call's change has one. Waits so long.",
    "Tells the seconds from start to ready.",
    "Whoever waits hears of it.",
    "The room answers so that the gateway sees the change, which is then sent on.",
    "It gives the whole answer to the question.",
    "A clock that has been set back since.",
)
AFTER = (
    "Fail new streams quickly when no backend is connected; clients reconnect on their own.",
    "Write a separate audit event unless the call's transaction already wrote one.",
    "Routes without a verb constraint are matched last.",
    "An update whose worker is cut off is retried when its lease expires.",
    "Return the dead letters of a consumer, in upper-case letters.",
    "An operator who signs in gets a session.",
)


def names_a_program(text: str) -> bool:
    """True if the text has a `who` that does not follow a word for people."""
    return any(
        before.lower().removesuffix("s") not in PEOPLE and before.lower() not in PEOPLE
        for before, _ in PRONOUN.findall(text)
    )


def phrases_in(text: str) -> list[str]:
    found = [phrase for phrase in PHRASES if re.search(phrase, text, re.IGNORECASE)]
    return found + (["who"] if names_a_program(text) else [])


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_banned_phrase_is_not_used(phrase):
    pattern = re.compile(phrase, re.IGNORECASE)
    found = [str(passage) for passage in passages() if pattern.search(passage.words)]
    assert not found, f"Write: {PHRASES[phrase]}.\n" + "\n".join(found)


def test_personal_pronouns_are_for_people():
    found = [str(passage) for passage in passages() if names_a_program(passage.words)]
    assert not found, "\n".join(found)


def test_docstrings_of_functions_begin_with_an_imperative():
    """Return, raise, yield: not "Returns"; "True if", not "Whether"."""
    others = re.compile(r"(?:Returns|Raises|Yields|Gives|Says|Knows|Whether|Who|Why)\b")
    found = [
        str(passage)
        for passage in passages()
        if passage.kind == "function" and others.match(passage.text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", BEFORE)
def test_the_phrases_find_private_dialect(text):
    assert phrases_in(text)


@pytest.mark.parametrize("text", AFTER)
def test_the_phrases_leave_plain_english(text):
    assert not phrases_in(text)


def test_prose_is_found_in_code():
    code = '"""A module."""\n\n# One\n# comment.\nX = 1  # noqa: S105 - made up\n# noqa: E501\n'
    code += 'def name():\n    """Return it."""\n'
    assert list(read_python(Path("x.py"), code)) == [
        Passage("module", Path("x.py"), 1, "A module.", "x"),
        Passage("function", Path("x.py"), 8, "Return it.", "name"),
        Passage("comment", Path("x.py"), 3, "One\ncomment."),
        Passage("comment", Path("x.py"), 5, "made up"),
    ]


def test_prose_is_found_in_documents():
    text = "# Title\nA line\nand `code`.\n\n```sh\nno prose\n```\n- an item\n| a | row |\n"
    found = [(one.line, one.words) for one in read_document(Path("x.md"), text)]
    assert found == [(1, "# Title A line and `…`."), (8, "- an item"), (9, "| a | row |")]
