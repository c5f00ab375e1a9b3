r"""Path templates, with the grammar of `google/api/http.proto`.

    Template  = "/" Segments [ Verb ] ;
    Segments  = Segment { "/" Segment } ;
    Segment   = "*" | "**" | LITERAL | Variable ;
    Variable  = "{" FieldPath [ "=" Segments ] "}" ;
    FieldPath = IDENT { "." IDENT } ;
    Verb      = ":" LITERAL ;

    LITERAL   = one or more of the characters of a path segment in RFC 3986, except ":"
    IDENT     = [A-Za-z_][A-Za-z0-9_]*

`*` matches one segment, `**` zero or more. `**` may occur once, at any position; the segments after
it
are of fixed length. Variables do not nest.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

STAR = "*"
DOUBLE_STAR = "**"

LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,;@]|%[0-9A-Fa-f]{2})+")
IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
KEPT_ESCAPE = re.compile(r"(%2[Ff])")


class TemplateError(ValueError):
    """A template that violates the grammar. The message names template, column and problem."""

    def __init__(self, template: str, position: int, problem: str) -> None:
        super().__init__(f"{template!r}, column {position + 1}: {problem}")


@dataclass(frozen=True)
class Variable:
    """A variable that takes the segments from `start` to before `end` of the template."""

    field: str
    start: int
    end: int


@dataclass(frozen=True)
class Template:
    """A parsed template: variables are flattened into the segments that they take."""

    text: str
    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str

    @property
    def shape(self) -> tuple[tuple[str, ...], str]:
        """Equal for two templates that match the same paths."""
        return self.segments, self.verb

    def bind(self, path: list[str]) -> dict[str, str]:
        """Return the values of the variables in a path that matches.

        Raises:
            ValueError: A segment has a malformed escape or is not UTF-8.
        """
        stretch = len(path) - len(self.segments)
        return {variable.field: self._value(variable, path, stretch) for variable in self.variables}

    def _value(self, variable: Variable, path: list[str], stretch: int) -> str:
        start, end = variable.start, variable.end
        if DOUBLE_STAR in self.segments:
            wild = self.segments.index(DOUBLE_STAR)
            start += stretch if start > wild else 0
            end += stretch if end > wild else 0
        text = "/".join(path[start:end])
        taken = self.segments[variable.start : variable.end]
        single = len(taken) == 1 and taken[0] != DOUBLE_STAR
        return decode_escapes(text) if single else decode_segments(text)


def decode_escapes(text: str) -> str:
    """Decode percent escapes, once."""
    if "%" not in text:
        return text
    if BAD_ESCAPE.search(text):
        raise ValueError("a % is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def decode_segments(text: str) -> str:
    """Decode all escapes except that of the slash, which would change the segments."""
    if "%" not in text:
        return text
    parts = KEPT_ESCAPE.split(text)
    return "".join(
        part if number % 2 else decode_escapes(part) for number, part in enumerate(parts)
    )


def parse_template(text: str) -> Template:
    """Parse a template.

    Raises:
        TemplateError: It violates the grammar.
    """
    return Parser(text).parse()


class Parser:
    """Parses one template from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._segments: list[str] = []
        self._variables: list[Variable] = []

    def parse(self) -> Template:
        self._expect("/", "a template starts with '/'")
        self._read_segments(inside=False)
        verb = self._read_verb()
        if self._position < len(self._text):
            raise self._error(self._surplus())
        return Template(self._text, tuple(self._segments), tuple(self._variables), verb)

    def _read_segments(self, *, inside: bool) -> None:
        self._read_segment(inside=inside)
        while self._peek() == "/":
            self._position += 1
            self._read_segment(inside=inside)

    def _read_segment(self, *, inside: bool) -> None:
        if self._text.startswith(DOUBLE_STAR, self._position):
            if DOUBLE_STAR in self._segments:
                raise self._error("'**' may occur only once in a template")
            self._take(DOUBLE_STAR)
        elif self._peek() == STAR:
            self._take(STAR)
        elif self._peek() == "{":
            if inside:
                raise self._error("a variable inside a variable")
            self._read_variable()
        else:
            self._segments.append(self._match(LITERAL, "a segment"))

    def _take(self, wildcard: str) -> None:
        self._segments.append(wildcard)
        self._position += len(wildcard)

    def _read_variable(self) -> None:
        opened = self._position
        self._position += 1
        field = self._read_field_path()
        if any(variable.field == field for variable in self._variables):
            self._position = opened
            raise self._error(f"the variable {field!r} occurs twice")
        start = len(self._segments)
        if self._peek() == "=":
            self._position += 1
            self._read_segments(inside=True)
        else:
            self._segments.append(STAR)
        self._expect("}", f"'}}' to close the variable {field!r} is missing")
        self._variables.append(Variable(field, start, len(self._segments)))

    def _read_field_path(self) -> str:
        names = [self._match(IDENT, "a field name")]
        while self._peek() == ".":
            self._position += 1
            names.append(self._match(IDENT, "a field name"))
        return ".".join(names)

    def _read_verb(self) -> str:
        if self._peek() != ":":
            return ""
        self._position += 1
        return self._match(LITERAL, "a verb")

    def _match(self, pattern: re.Pattern[str], wanted: str) -> str:
        found = pattern.match(self._text, self._position)
        if found is None:
            raise self._error(f"{wanted} is missing")
        self._position = found.end()
        return found[0]

    def _expect(self, character: str, problem: str) -> None:
        if self._peek() != character:
            raise self._error(problem)
        self._position += 1

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _surplus(self) -> str:
        if self._peek() == "/" and ":" in self._text[: self._position]:
            return "a verb ends the template"
        return f"{self._peek()!r} is not allowed here"

    def _error(self, problem: str) -> TemplateError:
        return TemplateError(self._text, self._position, problem)
