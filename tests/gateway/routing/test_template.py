"""The template grammar of http.proto: parsed and refused templates."""

import pytest

from gateway.routing.template import TemplateError, parse_template

ACCEPTED = [
    ("/v1/users", ("v1", "users"), {}, ""),
    ("/v1/*", ("v1", "*"), {}, ""),
    ("/v1/**", ("v1", "**"), {}, ""),
    ("/**", ("**",), {}, ""),
    ("/v1/users:stats", ("v1", "users"), {}, "stats"),
    ("/v1/{id}", ("v1", "*"), {"id": (1, 2)}, ""),
    ("/v1/{name=users/*}", ("v1", "users", "*"), {"name": (1, 3)}, ""),
    ("/v1/{name=users/*}:undelete", ("v1", "users", "*"), {"name": (1, 3)}, "undelete"),
    ("/v1/{user.name=users/*}", ("v1", "users", "*"), {"user.name": (1, 3)}, ""),
    ("/v1/{a}/{b}", ("v1", "*", "*"), {"a": (1, 2), "b": (2, 3)}, ""),
    ("/v1/{a=**}/x", ("v1", "**", "x"), {"a": (1, 2)}, ""),
    ("/v1/{a=x}/y", ("v1", "x", "y"), {"a": (1, 2)}, ""),
    ("/.well-known/jwks.json", (".well-known", "jwks.json"), {}, ""),
    ("/v1/a%20b", ("v1", "a%20b"), {}, ""),
    ("/{_a1.b_2}", ("*",), {"_a1.b_2": (0, 1)}, ""),
    ("/~a-b_c.d!$&'()+,;@", ("~a-b_c.d!$&'()+,;@",), {}, ""),
]


@pytest.mark.parametrize(("text", "segments", "variables", "verb"), ACCEPTED)
def test_accepts(text, segments, variables, verb):
    template = parse_template(text)
    assert template.segments == segments
    assert {v.field: (v.start, v.end) for v in template.variables} == variables
    assert template.verb == verb


REJECTED = [
    ("", 1, "a template starts with '/'"),
    ("v1", 1, "a template starts with '/'"),
    ("/", 2, "a segment is missing"),
    ("//", 2, "a segment is missing"),
    ("/v1/", 5, "a segment is missing"),
    ("/v1//x", 5, "a segment is missing"),
    ("/v1/ x", 5, "a segment is missing"),
    ("/v1/a b", 6, "' ' is not allowed here"),
    ("/v1/a?b", 6, "'?' is not allowed here"),
    ("/v1/a#b", 6, "'#' is not allowed here"),
    ("/v1/é", 5, "a segment is missing"),
    ("/v1/%zz", 5, "a segment is missing"),
    ("/v1/a%2", 6, "'%' is not allowed here"),
    ("/v1/***", 7, "'*' is not allowed here"),
    ("/v1/a*", 6, "'*' is not allowed here"),
    ("/v1/*a", 6, "'a' is not allowed here"),
    ("/v1/**/x/**", 10, "'**' may occur only once in a template"),
    ("/v1/{a=**}/{b=**}", 15, "'**' may occur only once in a template"),
    ("/v1/{", 6, "a field name is missing"),
    ("/v1/{}", 6, "a field name is missing"),
    ("/v1/{1a}", 6, "a field name is missing"),
    ("/v1/{a.}", 8, "a field name is missing"),
    ("/v1/{.a}", 6, "a field name is missing"),
    ("/v1/{a", 7, "'}' to close the variable 'a' is missing"),
    ("/v1/{a=", 8, "a segment is missing"),
    ("/v1/{a=}", 8, "a segment is missing"),
    ("/v1/{a=x/}", 10, "a segment is missing"),
    ("/v1/{a=/x}", 8, "a segment is missing"),
    ("/v1/{a=b", 9, "'}' to close the variable 'a' is missing"),
    ("/v1/{a-b}", 7, "'}' to close the variable 'a' is missing"),
    ("/v1/{a={b}}", 8, "a variable inside a variable"),
    ("/v1/{a=x/{b}}", 10, "a variable inside a variable"),
    ("/v1/{a}/{a}", 9, "the variable 'a' occurs twice"),
    ("/v1/{a}}", 8, "'}' is not allowed here"),
    ("/v1/a}", 6, "'}' is not allowed here"),
    ("/v1/{a}b", 8, "'b' is not allowed here"),
    ("/v1/a{b}", 6, "'{' is not allowed here"),
    ("/v1/a:", 7, "a verb is missing"),
    ("/v1/{x}:", 9, "a verb is missing"),
    ("/v1/a:b:c", 8, "':' is not allowed here"),
    ("/v1/a:b/c", 8, "a verb ends the template"),
    ("/v1/a:{b}", 7, "a verb is missing"),
    ("/v1/:b", 5, "a segment is missing"),
]


@pytest.mark.parametrize(("text", "column", "problem"), REJECTED)
def test_rejects(text, column, problem):
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert str(caught.value) == f"{text!r}, column {column}: {problem}"


BOUND = [
    ("/v1/{id}", "/v1/a", {"id": "a"}),
    ("/v1/{id}", "/v1/a%2Fb", {"id": "a/b"}),
    ("/v1/{id}", "/v1/a%3Ab", {"id": "a:b"}),
    ("/v1/{id}", "/v1/%E6%97%A5", {"id": "日"}),
    ("/v1/{id}", "/v1/%2525", {"id": "%25"}),
    ("/v1/{id}", "/v1/a+b", {"id": "a+b"}),
    ("/v1/{name=users/*}", "/v1/users/1", {"name": "users/1"}),
    ("/v1/{name=users/*}", "/v1/users/a%20b", {"name": "users/a b"}),
    ("/v1/{name=users/*}", "/v1/users/a%2Fb", {"name": "users/a%2Fb"}),
    ("/v1/{name=users/*}", "/v1/users/a%2fb", {"name": "users/a%2fb"}),
    ("/v1/{name=**}", "/v1/a/b/c", {"name": "a/b/c"}),
    ("/v1/{name=a/**}/z", "/v1/a/z", {"name": "a"}),
    ("/v1/{name=a/**}/z", "/v1/a/b/c/z", {"name": "a/b/c"}),
    ("/v1/{x=**}/y/{z}", "/v1/a/b/y/c", {"x": "a/b", "z": "c"}),
    ("/v1/{x=**}/y/{z}", "/v1/y/c", {"x": "", "z": "c"}),
    ("/v1/{x}/{y=**}", "/v1/a", {"x": "a", "y": ""}),
]


@pytest.mark.parametrize(("text", "path", "variables"), BOUND)
def test_binds(text, path, variables):
    assert parse_template(text).bind(path.removeprefix("/").split("/")) == variables


@pytest.mark.parametrize("segment", ["%", "%2", "%zz", "%ff", "a%E6%97"])
def test_refuses_broken_escapes(segment):
    with pytest.raises(ValueError, match=r"hexadecimal|UTF-8"):
        parse_template("/v1/{id}").bind(["v1", segment])
