"""Names say one thing each: classes, modules, functions and identifiers (docs/glossary.md)."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tidy.prose import list_files
from tests.tidy.sources import PACKAGES, ROOT, SourceFile

# Names that a service and the dashboard both give to what one contract message describes.
MIRRORS = ("dashboard/api/",)
# A name of two classes, and why it has one meaning.
SHARED = {
    "Settings": "the settings of a program, one class for each",
}
# Verbs that need an object in a module-level function: `find_route`, not `find`.
BARE_VERBS = {
    *("add", "answer", "append", "apply", "ask", "call", "change", "check", "choose", "close"),
    *("collect", "convert", "copy", "create", "delete", "do", "end", "find", "get", "handle"),
    *("headers", "insert", "join", "list", "load", "make", "open", "parse", "process", "publish"),
    *("put", "query", "read", "record", "remove", "run", "save", "search", "send", "set", "show"),
    *("split", "start", "stop", "take", "update", "write", "say", "tell", "told", "hear"),
}
# Bare verbs that are the interface of a kind of module: the module's name is their object.
ENTRY_POINTS = {
    "run": ("services/kernel/server.py",),
}
# Words of the private dialect in names, and the word of the field.
RETIRED_WORDS = {
    "room": "service",
    "rooms": "services",
    "buried": "dead_lettered",
    "bury": "dead_letter",
    "tells": "returns, reports",
    "told": "reported, notified",
    "tell": "report, notify",
    "who": "caller, operator",
    "whoever": "caller, client",
    "nobody": "no client, no caller",
    "somebody": "a client, a caller",
    "hears": "receives",
    "heard": "received",
}
RETIRED_CLASSES = {
    *("Answers", "Bookkeeper", "Broadcast", "Core", "Dialog", "Feed", "Flights", "House", "Hub"),
    *("Letters", "Place", "Registrar", "Room", "RunningRoom", "Served", "Visit"),
    *("Watcher", "Wire"),
}
RETIRED_MODULES = {
    *("answers", "broadcast", "core", "dialog", "ending", "feed", "flights", "gather"),
    *("generations", "hub", "journal", "letters", "room", "rooms", "sets", "standalone"),
    *("view", "wire", "wires"),
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

MODULES = tuple(SourceFile(path) for path in list_files() if path.suffix == ".py")
CODE = tuple(module for module in MODULES if module.path.parts[0] in PACKAGES)


def classes(module: SourceFile) -> list[str]:
    return [node.name for node in module.tree.body if isinstance(node, ast.ClassDef)]


def functions(module: SourceFile) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in module.tree.body if isinstance(node, kinds)]


@cache
def names(module: SourceFile) -> tuple[tuple[int, str], ...]:
    return tuple(find_names(module))


def find_names(module: SourceFile) -> Iterator[tuple[int, str]]:
    """Yield the line and name of what a module defines: functions, classes, arguments, values."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


@cache
def split_words(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def duplicates(modules: tuple[SourceFile, ...]) -> dict[str, list[str]]:
    """Return the class names that several modules define, with these modules.

    A class of `dashboard/api` may have the name of the class of a service that it mirrors.
    """
    places = defaultdict[str, list[str]](list)
    for module in modules:
        for name in classes(module):
            places[name].append(str(module.path))
    return {name: found for name, found in places.items() if is_ambiguous(name, found)}


def is_ambiguous(name: str, places: list[str]) -> bool:
    own = [place for place in places if not place.startswith(MIRRORS)]
    mirrored = len(own) == 1 and re.match(r"services/(?!kernel|common)", own[0])
    return len(places) > 1 and name not in SHARED and not mirrored


def is_helper(path: Path) -> bool:
    """True for a test module that others import: its classes are not private to one test."""
    return path.parts[0] == "tests" and not path.name.startswith("test_")


def test_a_class_name_has_one_meaning():
    assert not duplicates(CODE)


def test_a_test_helper_has_no_name_of_another_class():
    helpers = tuple(module for module in MODULES if is_helper(module.path))
    known = {name for module in CODE for name in classes(module)}
    found = duplicates(helpers) | {
        name: [str(module.path)]
        for module in helpers
        for name in classes(module)
        if name in known and name not in SHARED
    }
    assert not found


def test_module_level_functions_are_no_bare_verbs():
    found = [
        f"{module.path}: {name}"
        for module in CODE
        for name in functions(module)
        if name in BARE_VERBS
        and not any(module.path.match(pattern) for pattern in ENTRY_POINTS.get(name, ()))
    ]
    assert not found


def test_entry_points_exist():
    """An exemption that matches no function is removed."""
    found = {
        pattern
        for name, patterns in ENTRY_POINTS.items()
        for pattern in patterns
        for module in CODE
        if module.path.match(pattern) and name in functions(module)
    }
    assert found == {pattern for patterns in ENTRY_POINTS.values() for pattern in patterns}


@pytest.mark.parametrize("word", RETIRED_WORDS)
def test_a_word_of_the_private_dialect_is_in_no_name(word):
    found = [
        f"{module.path}:{line}: {name}"
        for module in MODULES
        for line, name in names(module)
        if word in split_words(name)
    ]
    found += [str(module.path) for module in MODULES if word in split_words(module.path.stem)]
    assert not found, f"Use: {RETIRED_WORDS[word]}.\n" + "\n".join(found)


def test_retired_class_names_are_gone():
    found = [
        f"{module.path}: {name}"
        for module in MODULES
        for name in classes(module)
        if name in RETIRED_CLASSES
    ]
    assert not found


def test_retired_module_names_are_gone():
    assert not [str(module.path) for module in MODULES if module.path.stem in RETIRED_MODULES]


def test_names_are_split_into_words():
    assert split_words("RunningRoom") == ["running", "room"]
    assert split_words("test_a_room_is_HTTPServer") == ["test", "a", "room", "is", "http", "server"]
    assert split_words("ROOMS") == ["rooms"]


def test_the_glossary_names_what_exists():
    """Every path in the last column of a table of the glossary is a file or folder."""
    rows = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    cells = [row.strip("| ").split("|")[-1] for row in rows if row.startswith("|")]
    paths = [path for cell in cells for path in re.findall(r"`([a-z_]+/[\w./-]*)`", cell)]
    assert len(paths) > len(rows) / 2
    assert not [path for path in paths if not (ROOT / path).exists()]
