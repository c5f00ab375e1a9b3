"""Path templates as google/api/http.proto specifies them: grammar, matching, precedence."""

import pytest

from gateway.http.errors import StatusError
from gateway.routing.routes import Route
from gateway.routing.table import RouteTable
from gateway.routing.template import TemplateError, parse_template

# Template = "/" Segments [ Verb ] ; with segments, variables and verb.
GRAMMAR = [
    # Segments = Segment { "/" Segment } ;
    ("/a", ("a",), {}, ""),
    ("/a/b/c/d/e/f/g/h", tuple("abcdefgh"), {}, ""),
    ("/*", ("*",), {}, ""),
    ("/*/*", ("*", "*"), {}, ""),
    ("/a/*/b", ("a", "*", "b"), {}, ""),
    ("/*/**", ("*", "**"), {}, ""),
    ("/**/*", ("**", "*"), {}, ""),
    ("/a/**/b", ("a", "**", "b"), {}, ""),
    ("/**/b/c", ("**", "b", "c"), {}, ""),
    # Segment = LITERAL, of the characters of RFC 3986
    ("/0", ("0",), {}, ""),
    ("/-", ("-",), {}, ""),
    ("/.", (".",), {}, ""),
    ("/..", ("..",), {}, ""),
    ("/~", ("~",), {}, ""),
    ("/_", ("_",), {}, ""),
    ("/@", ("@",), {}, ""),
    ("/$discovery/rest", ("$discovery", "rest"), {}, ""),
    ("/a;b,c", ("a;b,c",), {}, ""),
    ("/%2F", ("%2F",), {}, ""),
    ("/%e6%97%a5", ("%e6%97%a5",), {}, ""),
    ("/a%3Ab", ("a%3Ab",), {}, ""),
    ("/V1/Users", ("V1", "Users"), {}, ""),
    # Variable = "{" FieldPath [ "=" Segments ] "}" ;
    ("/{a}", ("*",), {"a": (0, 1)}, ""),
    ("/{a=*}", ("*",), {"a": (0, 1)}, ""),
    ("/{a=**}", ("**",), {"a": (0, 1)}, ""),
    ("/{a=b}", ("b",), {"a": (0, 1)}, ""),
    ("/{a=b/c}", ("b", "c"), {"a": (0, 2)}, ""),
    ("/{a=b/*}", ("b", "*"), {"a": (0, 2)}, ""),
    ("/{a=*/b}", ("*", "b"), {"a": (0, 2)}, ""),
    ("/{a=*/*}", ("*", "*"), {"a": (0, 2)}, ""),
    ("/{a=b/**}", ("b", "**"), {"a": (0, 2)}, ""),
    ("/{a=**/b}", ("**", "b"), {"a": (0, 2)}, ""),
    ("/{a=b/*/c/*}", ("b", "*", "c", "*"), {"a": (0, 4)}, ""),
    ("/{a=b/*/c/**}", ("b", "*", "c", "**"), {"a": (0, 4)}, ""),
    ("/v1/{a=b/*}/c", ("v1", "b", "*", "c"), {"a": (1, 3)}, ""),
    ("/{a}/{b}/{c}", ("*", "*", "*"), {"a": (0, 1), "b": (1, 2), "c": (2, 3)}, ""),
    ("/{a=b/*}/{c=d/*}", ("b", "*", "d", "*"), {"a": (0, 2), "c": (2, 4)}, ""),
    ("/{a=b/*}/{c=**}", ("b", "*", "**"), {"a": (0, 2), "c": (2, 3)}, ""),
    ("/{a=**}/{c}", ("**", "*"), {"a": (0, 1), "c": (1, 2)}, ""),
    ("/*/{a}/*", ("*", "*", "*"), {"a": (1, 2)}, ""),
    # FieldPath = IDENT { "." IDENT } ;
    ("/{a.b}", ("*",), {"a.b": (0, 1)}, ""),
    ("/{a.b.c.d.e}", ("*",), {"a.b.c.d.e": (0, 1)}, ""),
    ("/{a.b=c/*}", ("c", "*"), {"a.b": (0, 2)}, ""),
    ("/{a}/{a.b}", ("*", "*"), {"a": (0, 1), "a.b": (1, 2)}, ""),
    ("/{_}", ("*",), {"_": (0, 1)}, ""),
    ("/{A_1}", ("*",), {"A_1": (0, 1)}, ""),
    ("/{displayName}", ("*",), {"displayName": (0, 1)}, ""),
    # Verb = ":" LITERAL ;
    ("/a:b", ("a",), {}, "b"),
    ("/*:b", ("*",), {}, "b"),
    ("/**:b", ("**",), {}, "b"),
    ("/{a}:b", ("*",), {"a": (0, 1)}, "b"),
    ("/{a=**}:b", ("**",), {"a": (0, 1)}, "b"),
    ("/a/{b=c/*}/d:e", ("a", "c", "*", "d"), {"b": (1, 3)}, "e"),
    ("/a:batchGet", ("a",), {}, "batchGet"),
    ("/a:b-c.d_e~f", ("a",), {}, "b-c.d_e~f"),
    ("/a:1", ("a",), {}, "1"),
    ("/a:%20", ("a",), {}, "%20"),
]


@pytest.mark.parametrize(("text", "segments", "variables", "verb"), GRAMMAR)
def test_reads(text, segments, variables, verb):
    template = parse_template(text)
    assert template.segments == segments
    assert {v.field: (v.start, v.end) for v in template.variables} == variables
    assert template.verb == verb


NO_SEGMENT = "a segment is missing"
NO_FIELD = "a field name is missing"
NO_VERB = "a verb is missing"
ONCE = "'**' may occur only once in a template"
BROKEN = [
    # "/" Segments
    ("a/b", 1, "a template starts with '/'"),
    (" /a", 1, "a template starts with '/'"),
    ("*", 1, "a template starts with '/'"),
    ("{a}", 1, "a template starts with '/'"),
    (":a", 1, "a template starts with '/'"),
    ("http://host/a", 1, "a template starts with '/'"),
    ("/:a", 2, NO_SEGMENT),
    ("/a//", 4, NO_SEGMENT),
    ("/*/", 4, NO_SEGMENT),
    ("/{a}/", 6, NO_SEGMENT),
    ("/**/", 5, NO_SEGMENT),
    # LITERAL
    ("/ ", 2, NO_SEGMENT),
    ("/日", 2, NO_SEGMENT),
    ('/"a"', 2, NO_SEGMENT),
    ("/a\\b", 3, "'\\\\' is not allowed here"),
    ("/a=b", 3, "'=' is not allowed here"),
    ("/a[0]", 3, "'[' is not allowed here"),
    ("/a|b", 3, "'|' is not allowed here"),
    ("/a^", 3, "'^' is not allowed here"),
    ("/a?b=c", 3, "'?' is not allowed here"),
    ("/a%", 3, "'%' is not allowed here"),
    ("/%2", 2, NO_SEGMENT),
    ("/%g0", 2, NO_SEGMENT),
    ("/a\n", 3, "'\\n' is not allowed here"),
    # "*" and "**"
    ("/a**", 3, "'*' is not allowed here"),
    ("/**a", 4, "'a' is not allowed here"),
    ("/*{a}", 3, "'{' is not allowed here"),
    ("/****", 4, "'*' is not allowed here"),
    ("/**/**", 5, ONCE),
    ("/{a=**/**}", 8, ONCE),
    ("/{a=b/**}/**", 11, ONCE),
    ("/**/{a=b/**}", 10, ONCE),
    # Variable
    ("/{", 3, NO_FIELD),
    ("/{ a}", 3, NO_FIELD),
    ("/{*}", 3, NO_FIELD),
    ("/{=a}", 3, NO_FIELD),
    ("/{日}", 3, NO_FIELD),
    ("/{a..b}", 5, NO_FIELD),
    ("/{a.1}", 5, NO_FIELD),
    ("/{a }", 4, "'}' to close the variable 'a' is missing"),
    ("/{a:b}", 4, "'}' to close the variable 'a' is missing"),
    ("/{a/b}", 4, "'}' to close the variable 'a' is missing"),
    ("/{a[0]}", 4, "'}' to close the variable 'a' is missing"),
    ("/{a=b:c}", 6, "'}' to close the variable 'a' is missing"),
    ("/{a=b=c}", 6, "'}' to close the variable 'a' is missing"),
    ("/{a=*", 6, "'}' to close the variable 'a' is missing"),
    ("/{a=[^/]+}", 5, NO_SEGMENT),
    ("/{a=b//c}", 7, NO_SEGMENT),
    ("/{{a}}", 3, NO_FIELD),
    ("/{a={b=*}}", 5, "a variable inside a variable"),
    ("/{a=b/{c}/d}", 7, "a variable inside a variable"),
    ("/{a.b}/{a.b}", 8, "the variable 'a.b' occurs twice"),
    ("/{a=x/*}/{a=y/*}", 10, "the variable 'a' occurs twice"),
    ("/{a}{b}", 5, "'{' is not allowed here"),
    ("/{a}-{b}", 5, "'-' is not allowed here"),
    # Verb
    ("/a/:b", 4, NO_SEGMENT),
    ("/*:", 4, NO_VERB),
    ("/**:", 5, NO_VERB),
    ("/{a=**}:", 9, NO_VERB),
    ("/a::b", 4, NO_VERB),
    ("/a:*", 4, NO_VERB),
    ("/a:/b", 4, NO_VERB),
    ("/{a}:b/c", 7, "a verb ends the template"),
    ("/{a}:b/{c}", 7, "a verb ends the template"),
    ("/{a}:b:c", 7, "':' is not allowed here"),
    ("/a:b{c}", 5, "'{' is not allowed here"),
]


@pytest.mark.parametrize(("text", "column", "problem"), BROKEN)
def test_refuses(text, column, problem):
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert str(caught.value) == f"{text!r}, column {column}: {problem}"


def table(*forms: str) -> RouteTable:
    """Return a table of routes, each written as a verb and a template."""
    pairs = [form.split(" ", 1) for form in forms]
    rest = dict.fromkeys(("method", "whole_body", "body", "response_body"))
    return RouteTable(Route(verb, parse_template(text), **rest) for verb, text in pairs)


MATCHED = [
    # A literal matches itself, as written.
    ("/a/b", "/a/b", {}),
    ("/a%20b", "/a%20b", {}),
    ("/a+b", "/a+b", {}),
    ("/$a/@b", "/$a/@b", {}),
    ("/..", "/..", {}),
    # `*` takes one segment.
    ("/a/*", "/a/b", {}),
    ("/*/b", "/a/b", {}),
    ("/a/*/c", "/a/%20/c", {}),
    ("/a/*", "/a/*", {}),
    ("/a/*", "/a/.", {}),
    ("/a/{x}", "/a/b", {"x": "b"}),
    ("/a/{x=*}", "/a/b", {"x": "b"}),
    ("/a/{x}", "/a/{x}", {"x": "{x}"}),
    ("/{x}/{y}", "/a/b", {"x": "a", "y": "b"}),
    ("/{x.y.z}", "/a", {"x.y.z": "a"}),
    ("/{x}/b/{y}", "/b/b/b", {"x": "b", "y": "b"}),
    # `{var=segments}` takes what its segments match.
    ("/{x=a}", "/a", {"x": "a"}),
    ("/{x=a/b}/c", "/a/b/c", {"x": "a/b"}),
    ("/v1/{x=a/*}", "/v1/a/1", {"x": "a/1"}),
    ("/v1/{x=*/a}", "/v1/1/a", {"x": "1/a"}),
    ("/v1/{x=*/*}", "/v1/1/2", {"x": "1/2"}),
    ("/v1/{x=a/*/b/*}", "/v1/a/1/b/2", {"x": "a/1/b/2"}),
    ("/v1/{x=a/*}/{y=b/*}", "/v1/a/1/b/2", {"x": "a/1", "y": "b/2"}),
    ("/v1/{x=a/*}/b/{y}", "/v1/a/1/b/2", {"x": "a/1", "y": "2"}),
    ("/v1/{x.y=a/*}/b", "/v1/a/1/b", {"x.y": "a/1"}),
    # `**` takes no segment, ...
    ("/a/**", "/a", {}),
    ("/**", "/", {}),
    ("/a/{x=**}", "/a", {"x": ""}),
    ("/{x=a/**}", "/a", {"x": "a"}),
    ("/{x=a/*/**}", "/a/b", {"x": "a/b"}),
    ("/a/{x=**}/b", "/a/b", {"x": ""}),
    ("/{x=a/**}/b", "/a/b", {"x": "a"}),
    ("/{x=a/**/b}", "/a/b", {"x": "a/b"}),
    ("/{x=**}/{y}", "/a", {"x": "", "y": "a"}),
    # ... one, ...
    ("/a/**", "/a/b", {}),
    ("/**", "/a", {}),
    ("/{x=**}", "/a", {"x": "a"}),
    ("/{x=a/**}", "/a/b", {"x": "a/b"}),
    ("/a/{x=**}/b", "/a/1/b", {"x": "1"}),
    ("/{x=a/**/b}", "/a/1/b", {"x": "a/1/b"}),
    ("/a/**/c/d", "/a/b/c/d", {}),
    # ... or many, ...
    ("/a/**", "/a/b/c/d", {}),
    ("/{x=**}", "/a/b/c", {"x": "a/b/c"}),
    ("/{x=a/**}", "/a/b/c/d", {"x": "a/b/c/d"}),
    ("/{x=a/*/b/**}", "/a/1/b/2/3", {"x": "a/1/b/2/3"}),
    ("/a/{x=**}/b", "/a/1/2/3/b", {"x": "1/2/3"}),
    ("/{x=a/**}/b/{y}", "/a/1/2/b/3", {"x": "a/1/2", "y": "3"}),
    ("/{x=**}/{y}/{z}", "/a/b/c/d", {"x": "a/b", "y": "c", "z": "d"}),
    ("/{x}/{y=**}/{z}", "/a/b/c/d", {"x": "a", "y": "b/c", "z": "d"}),
    ("/{x=**}/c/*", "/a/c/c/c/d", {"x": "a/c/c"}),
    ("/a/{x=**}/b", "/a/b/b/b", {"x": "b/b"}),
    # ... and empty ones as well.
    ("/a/{x=**}", "/a/", {"x": ""}),
    ("/a/{x=**}", "/a//b/", {"x": "/b/"}),
    ("/a/{x=**}/b", "/a///b", {"x": "/"}),
    # A verb is what follows the last colon of the last segment.
    ("/a:v", "/a:v", {}),
    ("/*:v", "/a:v", {}),
    ("/{x}:v", "/a:v", {"x": "a"}),
    ("/{x=a/*}:v", "/a/1:v", {"x": "a/1"}),
    ("/a/{x=**}:v", "/a:v", {"x": ""}),
    ("/a/{x=**}:v", "/a/1/2:v", {"x": "1/2"}),
    ("/a/{x=**}/b:v", "/a/1/b:v", {"x": "1"}),
    ("/{x}:%20", "/a:%20", {"x": "a"}),
    ("/{x}/b:v", "/a:c/b:v", {"x": "a:c"}),
    ("/{x}/b", "/a:c/b", {"x": "a:c"}),
    ("/{x=**}:v", "/a:b/c:v", {"x": "a:b/c"}),
    # One segment is decoded, ...
    ("/{x}", "/a%20b", {"x": "a b"}),
    ("/{x}", "/%61", {"x": "a"}),
    ("/{x}", "/a%2fb%2Fc", {"x": "a/b/c"}),
    ("/{x}", "/%3Fa%3Db%26c%23", {"x": "?a=b&c#"}),
    ("/{x}", "/a%3Av", {"x": "a:v"}),
    ("/{x}:v", "/a%3Av:v", {"x": "a:v"}),
    ("/{x}", "/a+b%2Bc", {"x": "a+b+c"}),
    ("/{x}", "/%2A", {"x": "*"}),
    ("/{x}", "/%2E%2e", {"x": ".."}),
    ("/{x}", "/%00", {"x": "\0"}),
    ("/{x}", "/%C3%A9", {"x": "é"}),
    ("/{x}", "/%f0%9f%98%80", {"x": "😀"}),
    ("/{x=*}", "/%E6%97%A5%E6%9C%AC", {"x": "日本"}),
    # ... once.
    ("/{x}", "/%25", {"x": "%"}),
    ("/{x}", "/%252F", {"x": "%2F"}),
    ("/{x}", "/%2525252F", {"x": "%25252F"}),
    # Several are decoded too, except the slash.
    ("/{x=a/*}", "/a/b%20c", {"x": "a/b c"}),
    ("/{x=a/*}", "/a/b%2Fc", {"x": "a/b%2Fc"}),
    ("/{x=a/*}", "/a/b%2fc", {"x": "a/b%2fc"}),
    ("/{x=a/*}", "/a/b%2fc%2Fd", {"x": "a/b%2fc%2Fd"}),
    ("/{x=a/*}", "/a/%3A%3F%23%5B%40", {"x": "a/:?#[@"}),
    ("/{x=a/*}", "/a/%25", {"x": "a/%"}),
    ("/{x=a/*}", "/a/%252F", {"x": "a/%2F"}),
    ("/{x=a/*}", "/a/%E6%97%A5", {"x": "a/日"}),
    ("/{x=**}", "/a%2Fb", {"x": "a%2Fb"}),
    ("/{x=**}", "/a%2Fb/c%20d", {"x": "a%2Fb/c d"}),
    ("/{x=**}/a", "/%2f/%25/a", {"x": "%2f/%"}),
    ("/{x}/{y=**}", "/a%2Fb/a%2Fb", {"x": "a/b", "y": "a%2Fb"}),
    # A variable of exactly one segment counts as one, whatever its template.
    ("/{x=a%2Fb}", "/a%2Fb", {"x": "a/b"}),
]


@pytest.mark.parametrize(("template", "path", "variables"), MATCHED)
def test_matches(template, path, variables):
    assert table(f"GET {template}").find_route("GET", path).variables == variables


UNMATCHED = [
    ("/a/b", "/a"),
    ("/a/b", "/a/b/c"),
    ("/a/b", "/a/b/"),
    ("/a/b", "//a/b"),
    ("/a/b", "/a//b"),
    ("/a/b", "/A/b"),
    ("/a/b", "/a%2Fb"),
    ("/a/b", "/%61/b"),
    ("/a%20b", "/a+b"),
    ("/a", "/"),
    ("/a", "/a:"),
    ("/a", "/a:v"),
    ("/*", "/"),
    ("/*", "/a/b"),
    ("/*", "/a/"),
    ("/a/*", "/a/"),
    ("/a/*/b", "/a//b"),
    ("/{x}", "/"),
    ("/{x}", "/a:v"),
    ("/{x}", "/a:"),
    ("/{x}", "/:v"),
    ("/{x=a/*}", "/a/1:v"),
    ("/{x=**}", "/a/b:v"),
    ("/{x=a/*}", "/b/1"),
    ("/{x=a/*}", "/a"),
    ("/{x=a/*}", "/a/1/2"),
    ("/{x=a/**}", "/b"),
    ("/{x=a/**}", "/ab"),
    ("/a/**", "/b/a"),
    ("/a/**/b", "/a"),
    ("/a/**/b", "/a/b/c"),
    ("/a/**/b/*", "/a/b"),
    ("/{x}:v", "/a"),
    ("/{x}:v", "/a:V"),
    ("/{x}:v", "/a:w"),
    ("/{x}:v", "/a:v/"),
    ("/{x}:v", "/a%3Av"),
    ("/{x}:v", "/:v"),
    ("/{x}:v", "/a:%76"),
    ("/a/{x=**}:v", "/a/b"),
]


@pytest.mark.parametrize(("template", "path"), UNMATCHED)
def test_misses(template, path):
    with pytest.raises(StatusError) as caught:
        table(f"GET {template}").find_route("GET", path)
    assert caught.value.http == 404
    assert caught.value.status.message == f"There is no route for {path}."


NOT_HEX = "path: a % is not followed by two hexadecimal digits."
NOT_UTF8 = "path: it is not UTF-8."
BROKEN_ESCAPES = [
    ("/{x}", "/%", NOT_HEX),
    ("/{x}", "/%2", NOT_HEX),
    ("/{x}", "/a%g0", NOT_HEX),
    ("/{x}", "/%%41", NOT_HEX),
    ("/{x=a/*}", "/a/%2x", NOT_HEX),
    ("/{x=**}", "/a/%2F%/b", NOT_HEX),
    ("/{x}", "/%80", NOT_UTF8),
    ("/{x}", "/%C0%AF", NOT_UTF8),
    ("/{x}", "/%ED%A0%80", NOT_UTF8),
    ("/{x=**}", "/a/%E6%97", NOT_UTF8),
    ("/{x=**}", "/a/%E6%2F%97", NOT_UTF8),
]


@pytest.mark.parametrize(("template", "path", "problem"), BROKEN_ESCAPES)
def test_refuses_broken_escapes(template, path, problem):
    with pytest.raises(StatusError) as caught:
        table(f"GET {template}").find_route("GET", path)
    assert caught.value.http == 400
    assert caught.value.status.message == problem


# The first template is found, in any order of registration.
PRECEDENCE = [
    ("/a", ["/a", "/{x}"]),
    ("/a", ["/a", "/{x=**}"]),
    ("/b", ["/{x}", "/a", "/{y=**}"]),
    ("/a/b", ["/a/b", "/a/{x}", "/{y}/b", "/{x}/{y}", "/a/{z=**}", "/{z=**}"]),
    ("/a/c", ["/a/{x}", "/a/b", "/{y}/b", "/{x}/{y}", "/a/{z=**}", "/{z=**}"]),
    ("/c/b", ["/{y}/b", "/a/b", "/a/{x}", "/{x}/{y}", "/a/{z=**}", "/{z=**}"]),
    ("/c/d", ["/{x}/{y}", "/a/b", "/a/{x}", "/{y}/b", "/a/{z=**}", "/{z=**}"]),
    ("/a/b/c", ["/a/{z=**}", "/a/b", "/a/{x}", "/{y}/b", "/{x}/{y}", "/{z=**}"]),
    ("/c/b/c", ["/{z=**}", "/a/b", "/a/{x}", "/{y}/b", "/{x}/{y}", "/a/{z=**}"]),
    ("/a", ["/a", "/a/{x=**}"]),
    ("/a/b", ["/a/{x}", "/a/{x=**}"]),
    ("/a/b/c", ["/a/{x=**}/c", "/a/{x=**}"]),
    ("/a/b/c", ["/a/{x=**}/{y}/c", "/a/{x=**}/c"]),
    ("/a/b", ["/{x=a/*}", "/{x=a/**}"]),
    ("/a/b", ["/{x=a/b}", "/{y=a/*}"]),
    # Backtracking from a literal without a match below it.
    ("/a/c", ["/{x}/c", "/a/b"]),
    ("/a/b/d", ["/{x=**}", "/a/b/c"]),
    ("/a/b/d", ["/a/{x}/d", "/a/b/c"]),
    ("/a/b/d", ["/{x}/b/d", "/a/b/c", "/a/{x}/e"]),
    # A custom verb is matched first.
    ("/a:v", ["/{x}:v", "/a"]),
    ("/a:v", ["/{x=**}:v", "/a", "/{x}"]),
    ("/a", ["/{x}", "/a:v"]),
    ("/a/b:v", ["/a/{x}:v", "/a/b:w", "/a/b"]),
    ("/a%3Av", ["/{x}", "/{x}:v"]),
]


@pytest.mark.parametrize(("path", "templates"), PRECEDENCE)
def test_finds_the_most_specific(path, templates):
    forms = [f"GET {template}" for template in templates]
    for order in (forms, forms[::-1]):
        assert table(*order).find_route("GET", path).route.template.text == templates[0]


VERBS = [
    # Each verb has its own routes, also where another route is more specific.
    (["GET /a", "POST /a"], "POST /a", "/a"),
    (["GET /a", "POST /{x}"], "POST /a", "/{x}"),
    (["GET /a", "POST /{x}"], "GET /a", "/a"),
    (["GET /a/{x}", "PUT /{x=**}"], "PUT /a/b", "/{x=**}"),
    (["GET /{x}:v", "POST /a:v"], "GET /a:v", "/{x}:v"),
    # A custom kind is a verb, and `*` matches every verb without its own route.
    (["LIST /a", "GET /a"], "LIST /a", "/a"),
    (["* /{x}"], "PROPFIND /a", "/{x}"),
    (["* /{x}", "GET /{x=**}"], "GET /a", "/{x}"),
    (["GET /{x}", "* /{y}"], "GET /a", "/{x}"),
    (["GET /{x}", "* /{y}"], "POST /a", "/{y}"),
]


@pytest.mark.parametrize(("forms", "request_line", "template"), VERBS)
def test_finds_by_verb(forms, request_line, template):
    assert table(*forms).find_route(*request_line.split()).route.template.text == template


NOT_ALLOWED = [
    (["GET /a"], "POST /a", "GET, HEAD, OPTIONS"),
    (["POST /a"], "GET /a", "OPTIONS, POST"),
    (["GET /a", "POST /{x}"], "PUT /a", "GET, HEAD, OPTIONS, POST"),
    (["GET /a", "POST /{x}", "DELETE /{x=**}"], "PUT /a", "DELETE, GET, HEAD, OPTIONS, POST"),
    (["GET /a", "POST /{x}", "DELETE /{x=**}"], "PUT /b", "DELETE, OPTIONS, POST"),
    (["GET /{x}:v", "POST /{x}"], "POST /a:v", "GET, HEAD, OPTIONS"),
    (["LIST /a"], "GET /a", "LIST, OPTIONS"),
    (["GET /a"], "get /a", "GET, HEAD, OPTIONS"),
]


@pytest.mark.parametrize(("forms", "request_line", "allowed"), NOT_ALLOWED)
def test_names_what_is_allowed(forms, request_line, allowed):
    verb, path = request_line.split()
    with pytest.raises(StatusError) as caught:
        table(*forms).find_route(verb, path)
    assert caught.value.http == 405
    assert caught.value.headers == [("allow", allowed)]
    assert caught.value.status.message == f"{verb} is not allowed here: use {allowed}."
