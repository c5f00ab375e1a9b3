"""The prose of the project: docstrings, comments and documents, piece by piece."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.tidy.sources import PACKAGES, ROOT

SOURCES = (*PACKAGES, "tests", "protos/generate.py", "protos/libral", "docs", ":(glob)**/*.md")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
# Directives are no prose, but the reason behind a directive is.
DIRECTIVE = re.compile(r"^(noqa|type: ignore|pyright: ignore)\S*( [A-Z]+\d+,?)*( - |$)|^(!|fmt:)")
DOCUMENTED = {
    ast.Module: "module",
    ast.ClassDef: "class",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
}


@dataclass(frozen=True)
class Passage:
    """A docstring, a comment or a paragraph of a document.

    `kind` is "module", "class" or "function" for a docstring, "comment" or "document". `name` is
    the name of what a docstring documents.
    """

    kind: str
    path: Path
    line: int
    text: str
    name: str = ""

    @property
    def is_docstring(self) -> bool:
        return self.kind in DOCUMENTED.values()

    @property
    def words(self) -> str:
        """The text on one line, without code."""
        return " ".join(CODE.sub("`…`", self.text).split())

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


@cache
def passages() -> tuple[Passage, ...]:
    """Return all prose that git knows, except generated code and migrations."""
    return tuple(passage for path in list_files() for passage in read_passages(path))


def list_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SOURCES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (Path(line) for line in sorted(set(listed.stdout.splitlines())))
    return [path for path in paths if "migrations" not in path.parts and (ROOT / path).is_file()]


def read_passages(path: Path) -> Iterator[Passage]:
    read = READERS.get(path.suffix)
    if read:
        yield from read(path, (ROOT / path).read_text())


def read_python(path: Path, text: str) -> Iterator[Passage]:
    for node in ast.walk(ast.parse(text)):
        kind = DOCUMENTED.get(type(node))
        if kind and (docstring := ast.get_docstring(node)):
            yield Passage(
                kind, path, node.body[0].lineno, docstring, getattr(node, "name", path.stem)
            )
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [
        (token.start[0], token.start[1], DIRECTIVE.sub("", token.string.lstrip("# ")))
        for token in tokens
        if token.type == tokenize.COMMENT
    ]
    yield from join_comments(path, comments)


def read_proto(path: Path, text: str) -> Iterator[Passage]:
    comments = [
        (number, line.index("//"), line.partition("//")[2])
        for number, line in enumerate(text.splitlines(), 1)
        if line.lstrip().startswith("//")
    ]
    yield from join_comments(path, comments)


def join_comments(path: Path, comments: list[tuple[int, int, str]]) -> Iterator[Passage]:
    """Yield comments, those on consecutive lines at the same column as one.

    A comment is its line, its column and its text.
    """
    group: list[tuple[int, int, str]] = []
    for comment in [*comments, (-1, -1, "")]:
        if group and comment[:2] != (group[-1][0] + 1, group[-1][1]):
            joined = "\n".join(text for _, _, text in group).strip()
            if joined:
                yield Passage("comment", path, group[0][0], joined)
            group = []
        group.append(comment)


def read_document(path: Path, text: str) -> Iterator[Passage]:
    """Yield the paragraphs, list items and table rows of a Markdown file, without code blocks."""
    prose = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    start, lines = 0, list[str]()
    for number, line in enumerate([*prose.splitlines(), ""], 1):
        begins = not line.strip() or line.lstrip().startswith(("- ", "|", "#"))
        if begins and lines:
            yield Passage("document", path, start, "\n".join(lines))
            lines = []
        if line.strip():
            start = start if lines else number
            lines.append(line)


READERS = {".py": read_python, ".proto": read_proto, ".md": read_document}
