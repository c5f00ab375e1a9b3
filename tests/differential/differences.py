"""Every difference between the gateway and Envoy that is known, and why the gateway's way stays."""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from google.protobuf.message import Message

from gateway.descriptors import HTTP_BODY
from gateway.fields import FIELD_MASK, TEXTUAL, find_field
from gateway.routes import Route
from tests.differential.requests import ECHO, SPEC, below
from tests.differential.worlds import Exchange, Request, Side


@dataclass(frozen=True)
class Difference:
    """One difference: a request that shows it, what either side answers, and why."""

    name: str
    example: Request
    ours: str
    envoy: str
    why: str
    explains: Callable[[Exchange], bool]


def same(exchange: Exchange) -> bool:
    """Whether both sides agree: status, kind and content of the answer, and what arrived."""
    ours, envoy = exchange.ours, exchange.envoy
    return (
        ours.status == envoy.status
        and ours.kind == envoy.kind
        and content(ours) == content(envoy)
        and same_arrived(exchange)
    )


def content(side: Side) -> Any:
    return side.content if side.json is None else side.json


def same_arrived(exchange: Exchange) -> bool:
    return bytes_of(exchange.ours.arrived) == bytes_of(exchange.envoy.arrived)


def bytes_of(message: Message | None) -> bytes | None:
    """What two messages have in common that are equal, where NaN is equal to itself."""
    return None if message is None else message.SerializeToString(deterministic=True)


def explain(exchange: Exchange) -> list[Difference]:
    return [each for each in DIFFERENCES if each.explains(exchange)]


# What the predicates are made of.

REACHED = {200, 400, 500}  # Envoy found a method, whatever came of it


def violations(exchange: Exchange) -> dict[str, str]:
    """What the gateway refused with 400, by field."""
    if exchange.ours.status != 400 or exchange.ours.json is None:
        return {}
    for detail in exchange.ours.json["error"]["details"]:
        if detail["@type"].endswith("BadRequest"):
            return {
                each.get("field", ""): each["description"] for each in detail["fieldViolations"]
            }
    return {}


def took(side: Side) -> bool:
    return side.status == 200 and side.arrived is not None


def only_envoy_took(exchange: Exchange, description: str) -> bool:
    """Whether Envoy took what the gateway refused for that reason alone."""
    found = violations(exchange)
    return (
        bool(found)
        and all(re.fullmatch(description, each) for each in found.values())
        and took(exchange.envoy)
    )


def only_we_took(exchange: Exchange, reason: str) -> bool:
    """Whether the gateway took what Envoy refused with such a text."""
    text = exchange.envoy.content.decode(errors="replace")
    told = exchange.request.verb == "HEAD" or re.search(reason, text) is not None
    refused = exchange.envoy.status == 400 and not exchange.envoy.accepted
    return refused and took(exchange.ours) and told


def pairs(exchange: Exchange) -> list[tuple[str, str]]:
    return parse_qsl(exchange.request.query, keep_blank_values=True)


def texts(exchange: Exchange) -> list[str]:
    """What the query and the path give for the fields that the gateway refused."""
    found = violations(exchange)
    given = [*pairs(exchange), *exchange.variables.items()]
    return [value for name, value in given if name in found]


def unread(exchange: Exchange) -> Any:
    """The body as JSON, or None."""
    try:
        return json.loads(exchange.request.body)
    except ValueError:
        return None


def strings(message: Any, paths: list[str]) -> list[str]:
    """The fields at those paths, as text."""
    return [str(reduce(getattr, path.split("."), message)) for path in paths]


def refused_members(exchange: Exchange) -> list[Any]:
    """What the body gives for the fields that the gateway refused."""
    body = unread(exchange)
    return [member(body, name) for name in violations(exchange)]


def member(tree: Any, path: str) -> Any:
    """The value at a path such as `items[0].count`, or None."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", "" if path == "body" else path):
        if isinstance(tree, list) and index and int(index) < len(tree):
            tree = tree[int(index)]
        else:
            tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def close(ours: Any, envoy: Any) -> bool:
    """Whether JSON is equal, where numbers are as equal as single precision can tell."""
    if isinstance(ours, dict) and isinstance(envoy, dict):
        return ours.keys() == envoy.keys() and all(close(ours[k], envoy[k]) for k in ours)
    if isinstance(ours, list) and isinstance(envoy, list):
        return len(ours) == len(envoy) and all(map(close, ours, envoy))
    if isinstance(ours, float) and isinstance(envoy, (int, float)):
        return ours == envoy or struct.pack("f", ours) == struct.pack("f", envoy)
    return bool(ours == envoy)


def lowered(tree: Any) -> Any:
    """JSON with all of its strings in lower case."""
    if isinstance(tree, dict):
        return {name: lowered(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [lowered(value) for value in tree]
    return tree.lower() if isinstance(tree, str) else tree


# The predicates, in the order of the table.


def own_error(x: Exchange) -> bool:
    form = x.envoy.kind == "text/plain" or x.request.verb == "HEAD"
    return x.ours.status == x.envoy.status >= 400 and form and not x.envoy.accepted


def upstream_error(x: Exchange) -> bool:
    ours, envoy = x.ours.json, x.envoy.json
    if not (x.ours.status == x.envoy.status >= 400 and ours and envoy and same_arrived(x)):
        return False
    known = [each for each in ours["error"]["details"] if each in envoy.get("details", ())]
    return ours["error"]["message"] == envoy["message"] and len(known) == len(envoy["details"])


def unknown_detail(x: Exchange) -> bool:
    lost = x.envoy.kind == "application/grpc" and not x.envoy.content
    return lost and x.ours.status == x.envoy.status >= 400 and same_arrived(x)


def unavailable(x: Exchange) -> bool:
    if not (x.ours.status == x.envoy.status in {503, 504} and x.envoy.json and same_arrived(x)):
        return False
    message = x.ours.json["error"]["message"]
    own = message.endswith(("is not available.", "did not answer in time."))
    return own and not x.envoy.json["details"]


def stream(x: Exchange) -> bool:
    return streamed(x, ended_well=True)


def failed_stream(x: Exchange) -> bool:
    return streamed(x, ended_well=False)


def streamed(x: Exchange, *, ended_well: bool) -> bool:
    """Whether both sides sent the same messages, and the gateway such a status after them."""
    if x.ours.kind != "application/x-ndjson" or x.envoy.kind != "application/json":
        return False
    *messages, last = map(json.loads, x.ours.content.splitlines())
    return messages == x.envoy.json and (last["status"]["code"] == 0) == ended_well


def wrong_method(x: Exchange) -> bool:
    return (x.ours.status, x.envoy.status) == (405, 404)


def options(x: Exchange) -> bool:
    called = x.route is not None and x.route.verb == "*" and took(x.envoy)
    missed = x.envoy.status == 404
    return x.request.verb == "OPTIONS" and x.ours.status == 204 and (called or missed)


def head(x: Exchange) -> bool:
    ours = x.ours.status
    return x.request.verb == "HEAD" and x.envoy.status == 404 and (ours in {200, 400})


def custom_kind(x: Exchange) -> bool:
    return (
        x.request.verb in {"REPORT", "PROPFIND"}
        and x.envoy.status == 404
        and x.ours.status in {200, 400}
    )


def unknown_verb(x: Exchange) -> bool:
    return x.request.verb == "M-SEARCH" and x.envoy.status == 400


def trailing_slash(x: Exchange) -> bool:
    missed = x.ours.status in {404, 405} and x.envoy.status in REACHED
    return x.request.path.endswith("/") and missed


def trailing_slash_of_tail(x: Exchange) -> bool:
    """What `**` took ends with a slash."""
    if x.route is None or not (took(x.ours) and took(x.envoy)):
        return False
    names = [variable.field for variable in x.route.template.variables]
    ours, envoy = (strings(side.arrived, names) for side in (x.ours, x.envoy))
    slashed = bool(ours) and ours[-1].endswith("/")
    return slashed and ours[-1].rstrip("/") == envoy[-1]


def empty_segment(x: Exchange) -> bool:
    missed = x.ours.status == 404 and x.envoy.status in REACHED
    return "//" in x.request.path and missed


def verb_swallowed(x: Exchange) -> bool:
    last = x.request.path.rstrip("/").rpartition("/")[2]
    return ":" in last and x.ours.status in {404, 405} and x.envoy.status in REACHED


def empty_tail(x: Exchange) -> bool:
    """`**` before other segments takes nothing."""
    if x.route is None or x.envoy.status != 404:
        return False
    segments = x.route.template.segments
    count = len(x.request.path.split("/")) - 1
    return "**" in segments[:-1] and count < len(segments)


def broken_escape(x: Exchange) -> bool:
    found = violations(x).get("path", "").startswith("a % is not followed")
    return found and x.envoy.status in {200, 500}


def not_utf8(x: Exchange) -> bool:
    return "It is not UTF-8." in violations(x).values() or violations(x).get("path") == (
        "it is not UTF-8."
    )


def name_escaped(x: Exchange) -> bool:
    names = [pair.partition("=")[0] for pair in x.request.query.split("&")]
    return only_we_took(x, "Could not find field") and any("%" in name for name in names)


def system_parameter(x: Exchange) -> bool:
    given = any(name.startswith("$") for name, _ in pairs(x))
    return given and only_we_took(x, r'Could not find field "(\$|%24)')


def no_value(x: Exchange) -> bool:
    """A parameter without `=`, or without a name."""
    bare = {unquote_plus(each) for each in x.request.query.split("&") if "=" not in each}
    found = violations(x)
    refused = bool(found) and found.keys() <= bare | {""}
    return took(x.envoy) and (refused or (took(x.ours) and bool(bare - {""})))


def given_twice(x: Exchange) -> bool:
    return only_envoy_took(x, "is given more than once.")


def path_and_query(x: Exchange) -> bool:
    return only_envoy_took(x, "is given in the path already.")


def beside_whole_body(x: Exchange) -> bool:
    whole = x.route is not None and x.route.whole_body
    return whole and only_envoy_took(x, "is not taken: the body is the whole request.")


def below_body_field(x: Exchange) -> bool:
    return only_envoy_took(x, "belongs in the body.")


def path_and_body(x: Exchange) -> bool:
    variables = x.route.template.variables if x.route is not None else ()
    return bool(variables) and only_we_took(x, "is conflicting with the value")


def path_and_body_field(x: Exchange) -> bool:
    """The same below the field that is the body, where Envoy does not see it."""
    if x.route is None or not (took(x.ours) and took(x.envoy)) or same_arrived(x):
        return False
    return any("." in variable.field for variable in x.route.template.variables)


def body_without_rule(x: Exchange) -> bool:
    ignored = x.route is not None and not x.route.takes_body and bool(x.request.body)
    return ignored and took(x.ours) and x.route.method.input.full_name != HTTP_BODY


def empty_body(x: Exchange) -> bool:
    field = x.route.body if x.route is not None else None
    if field is None or x.request.body or not took(x.ours):
        return False
    if not x.envoy.accepted:
        return only_we_took(x, "Starting an object on a scalar field")
    cleared = type(x.envoy.arrived)()
    cleared.CopyFrom(x.envoy.arrived)
    cleared.ClearField(field.name)
    return bytes_of(cleared) == bytes_of(x.ours.arrived)


def unknown_member(x: Exchange) -> bool:
    if x.route is None:
        return False
    known = {name for f in x.route.method.input.fields for name in (f.name, f.json_name)}
    unknown = [re.search(r"(^|\.)nope$", name) or name not in known for name in violations(x)]
    return all(unknown) and only_envoy_took(x, "is no field of this method.")


def null_in_map(x: Exchange) -> bool:
    return b"null" in x.request.body and only_envoy_took(x, "must not be null.")


def raw_request(x: Exchange) -> bool:
    """The request is an HttpBody that the rule takes from the query."""
    raw = x.route is not None and x.route.method.input.full_name == HTTP_BODY
    return raw and not x.route.takes_body and took(x.ours) and took(x.envoy)


def second_response_body(x: Exchange) -> bool:
    route = x.route
    if route is None or route.response_body is None or not (took(x.ours) and same_arrived(x)):
        return False
    shown = x.envoy.json and x.envoy.json.get(route.response_body.json_name)
    return shown is not None and not route.method.bindings[0].response_body


def number_body(x: Exchange) -> bool:
    number = isinstance(unread(x), (int, float)) and not isinstance(unread(x), bool)
    return number and took(x.ours) and x.envoy.status == 504


def no_list(x: Exchange) -> bool:
    return only_envoy_took(x, "must be a list.")


def bool_words(x: Exchange) -> bool:
    words = {"1", "0", "t", "f", "yes", "no", "y", "n", "true", "True", "false", "False"}
    given = {*texts(x), *(str(each) for each in refused_members(x) if each is not None)}
    return given <= words and only_envoy_took(x, "must be true or false.")


def known_as_object(x: Exchange) -> bool:
    if not only_envoy_took(x, "must be .*"):
        return False
    return are(dict, refused_members(x)) and all(
        has_text_form(x.route, name) for name in violations(x)
    )


def has_text_form(route: Route, name: str) -> bool:
    """Whether a member of the body is a message of google.protobuf that JSON has as text."""
    message, kind = route.method.input if route.whole_body else route.body.message_type, None
    names = iter(re.sub(r"\[\d+\]", "", name).split("."))
    for part in names:
        found = find_field(message, part) if message is not None else None
        kind = message = found.message_type if found is not None else None
        if kind is not None and kind.GetOptions().map_entry and next(names, ""):
            kind = message = kind.fields_by_name["value"].message_type
    return kind is not None and kind.full_name in TEXTUAL


def list_in_list(x: Exchange) -> bool:
    nested = all(name.endswith("]") for name in violations(x))
    return nested and only_envoy_took(x, "must be .*") and are(list, refused_members(x))


def object_in_map(x: Exchange) -> bool:
    failed = x.envoy.status == 500 and not x.envoy.accepted
    return failed and bool(violations(x)) and are(dict, refused_members(x))


def are(kind: type, values: list[Any]) -> bool:
    return all(isinstance(each, kind) for each in values)


def plus_sign(x: Exchange) -> bool:
    signed = all(re.fullmatch(r"\+[0-9.]+", text) for text in texts(x))
    return signed and only_envoy_took(x, "must be an? (integer|number).*")


def number_forms(x: Exchange) -> bool:
    forms = r"\d+\.|\.\d+|0x[0-9a-fp]+|[-0-9.e]+ \0"
    odd = all(re.fullmatch(forms, text) for text in texts(x))
    return odd and only_envoy_took(x, "must be a number.*")


def enum_number(x: Exchange) -> bool:
    return only_we_took(x, r'invalid value "-?[0-9]+" for type type.googleapis.com/.*Color')


def mixed_base64(x: Exchange) -> bool:
    mixed = only_we_took(x, "TYPE_BYTES")
    return mixed and bool({"+", "/"} & set(x.request.target)) and "-" in x.request.target


def mask_forms(x: Exchange) -> bool:
    return only_envoy_took(x, "must be field names such as displayName,roles.")


def mask_capitals(x: Exchange) -> bool:
    """What arrived differs in field masks alone, and the answer in their capitals."""
    if not (took(x.ours) and took(x.envoy)) or x.envoy.json is None or same_arrived(x):
        return False
    ours, envoy = (without_masks(side.arrived) for side in (x.ours, x.envoy))
    return bytes_of(ours) == bytes_of(envoy) and lowered(x.ours.json) == lowered(x.envoy.json)


def mask_without_form(x: Exchange) -> bool:
    details = x.ours.json["error"]["details"] if x.ours.status == 500 and x.ours.json else [{}]
    unsaid = details[0].get("reason") == "ANSWER_NOT_JSON"
    return unsaid and took(x.envoy) and same_arrived(x)


def without_masks(message: Any) -> Message:
    kept = type(message)()
    kept.CopyFrom(message)
    for field, value in kept.ListFields():
        if field.message_type is None or field.is_repeated:
            continue
        if field.message_type.full_name == FIELD_MASK:
            kept.ClearField(field.name)
        else:
            value.CopyFrom(without_masks(value))
    return kept


def spaced_base64(x: Exchange) -> bool:
    spaced = all(" " in text for text in texts(x) if text)
    return spaced and only_envoy_took(x, "must be base64.")


def leap_second(x: Exchange) -> bool:
    return only_envoy_took(x, "must be a time such as .*") and ":60Z" in x.request.target


def repeated_message(x: Exchange) -> bool:
    found = violations(x)
    return all(re.match(r"(items|subs)\.", name) for name in found) and only_envoy_took(
        x, "is no parameter of this method."
    )


def value_in_query(x: Exchange) -> bool:
    return violations(x).keys() == {"whatever"} and only_envoy_took(
        x, "cannot be given as text: it is a message."
    )


def float_digits(x: Exchange) -> bool:
    arrived = took(x.ours) and took(x.envoy) and same_arrived(x)
    return arrived and x.ours.json != x.envoy.json and close(x.ours.json, x.envoy.json)


def get(target: str) -> Request:
    return Request(SPEC, "GET", target)


DIFFERENCES = [
    Difference(
        "error form",
        get("/v1/small/x"),
        'AIP-193: `{"error": {…}}` with every field that is wrong',
        "its own errors are text/plain",
        "AIP-193",
        own_error,
    ),
    Difference(
        "form of the upstream's errors",
        Request(ECHO, "POST", "/v1/fail", b'{"code": 5, "text": "no"}'),
        "AIP-193, its code that of HTTP",
        "google.rpc.Status, its code that of gRPC",
        "AIP-193",
        upstream_error,
    ),
    Difference(
        "details of unknown types",
        Request(
            ECHO,
            "POST",
            "/v1/fail",
            b'{"code": 5, "details": [{"typeUrl": "a.b/c.D", "value": "CAE="}]}',
        ),
        "their bytes, and all else of the error",
        "the error is lost: an empty body of application/grpc",
        "an error is never lost",
        unknown_detail,
    ),
    Difference(
        "UNAVAILABLE and DEADLINE_EXCEEDED without details",
        Request(ECHO, "POST", "/v1/fail", b'{"code": 14, "text": "no", "plain": true}'),
        "a text of its own, with Retry-After",
        "the text",
        "a text from the connection names addresses",
        unavailable,
    ),
    Difference(
        "server streams",
        Request(ECHO, "GET", "/v1/public:stream?until=2"),
        "a line for each message, or server-sent events, and the status",
        "a JSON array",
        "a client reads messages as they come",
        stream,
    ),
    Difference(
        "server streams that fail",
        Request(ECHO, "GET", "/v1/public:stream?until=2&fail=true"),
        "the status tells the error",
        "a JSON array that looks whole",
        "an error never looks like success",
        failed_stream,
    ),
    Difference(
        "wrong method",
        Request(SPEC, "DELETE", "/v1/text/a"),
        "405 with Allow",
        "404",
        "RFC 9110, 15.5.6",
        wrong_method,
    ),
    Difference(
        "OPTIONS",
        Request(SPEC, "OPTIONS", "/v1/kinds"),
        "204 with Allow",
        "404",
        "RFC 9110, 9.3.7",
        options,
    ),
    Difference(
        "HEAD",
        Request(SPEC, "HEAD", "/v1/kinds?text=a"),
        "as GET, without the body",
        "404",
        "RFC 9110, 9.3.2",
        head,
    ),
    Difference(
        "custom kind in lower case",
        Request(SPEC, "REPORT", "/v1/custom", b'{"text": "a"}'),
        '`kind: "report"` takes REPORT',
        "404: only a method in lower case, which no client sends",
        "ruling",
        custom_kind,
    ),
    Difference(
        "rare methods",
        Request(SPEC, "M-SEARCH", "/v1/custom/a"),
        "200",
        "400: its parser knows them not",
        "http.proto, `custom`",
        unknown_verb,
    ),
    Difference(
        "trailing slash",
        get("/v1/kinds/"),
        "404",
        "200",
        "http.proto: a segment is not empty",
        trailing_slash,
    ),
    Difference(
        "empty segment",
        below("/a/*/b", "/a//b"),
        "404",
        "200: `*` takes it",
        "http.proto: `*` takes one segment",
        empty_segment,
    ),
    Difference(
        "trailing slash in `**`",
        below("/a/{x=**}", "/a//b/"),
        "`x` is `/b/`",
        "`x` is `/b`",
        "http.proto: `**` takes zero or more segments",
        trailing_slash_of_tail,
    ),
    Difference(
        "unregistered verb",
        get("/v1/all/a:verbs"),
        "404",
        "200: the verb is part of the variable",
        "ruling: never swallowed",
        verb_swallowed,
    ),
    Difference(
        "empty `**` before a literal",
        below("/a/{x=**}/b", "/a/b"),
        "200",
        "404",
        "http.proto: `**` takes zero or more segments",
        empty_tail,
    ),
    Difference(
        "broken escape in the path",
        get("/v1/text/%zz"),
        "400",
        "200: `%zz` as it stands",
        "RFC 3986, 2.1",
        broken_escape,
    ),
    Difference(
        "not UTF-8",
        get("/v1/text/%FF"),
        "400",
        "sends it on; the upstream fails",
        "proto3: a string is UTF-8",
        not_utf8,
    ),
    Difference(
        "escaped parameter name",
        get("/v1/kinds?item%2Ecount=1"),
        "200",
        "400: unknown field",
        "WHATWG URL: names are decoded too",
        name_escaped,
    ),
    Difference(
        "system parameters",
        get("/v1/kinds?$alt=json"),
        "200",
        "400: unknown field",
        "ruling: generated clients send them",
        system_parameter,
    ),
    Difference(
        "parameter without a value or a name",
        get("/v1/kinds?flag"),
        "400",
        "200: skipped",
        "WHATWG URL: the value is empty",
        no_value,
    ),
    Difference(
        "parameter given twice",
        get("/v1/kinds?text=a&text=b"),
        "400",
        "200: the last one wins",
        "http.proto: only repeated fields are repeated",
        given_twice,
    ),
    Difference(
        "path and query",
        get("/v1/text/a?text=b"),
        "400",
        "200: the query wins",
        "ruling: path wins, and the collision is 400",
        path_and_query,
    ),
    Difference(
        "query beside body `*`",
        Request(SPEC, "POST", "/v1/kinds?text=a"),
        "400",
        "200: it is bound",
        "ruling; http.proto: there are no parameters then",
        beside_whole_body,
    ),
    Difference(
        "query below the body field",
        Request(SPEC, "PUT", "/v1/body/item?item.count=1", b"{}"),
        "400",
        "200: it is bound",
        "ruling; http.proto: parameters are the fields that are not the body",
        below_body_field,
    ),
    Difference(
        "path and body",
        Request(SPEC, "PUT", "/v1/kinds/a", b'{"text": "b"}'),
        "200: the path wins",
        "400",
        "http.proto: the body is what the path does not bind",
        path_and_body,
    ),
    Difference(
        "body where the rule has none",
        Request(SPEC, "DELETE", "/v1/kinds/a", b"not JSON"),
        "200: it is not read",
        "read as the request message",
        "http.proto: no body then",
        body_without_rule,
    ),
    Difference(
        "empty body for a field",
        Request(SPEC, "PUT", "/v1/body/item"),
        "the field is absent",
        "the field is present and empty",
        "an empty body says nothing",
        empty_body,
    ),
    Difference(
        "unknown member of the body",
        Request(SPEC, "POST", "/v1/kinds", b'{"nope": 1}'),
        "400 with the field named",
        "200: dropped",
        "proto3 JSON: refused by default",
        unknown_member,
    ),
    Difference(
        "null in a map",
        Request(SPEC, "POST", "/v1/kinds", b'{"counts": {"a": null}}'),
        "400",
        "200: the default",
        "ruling; proto3 JSON: null is no value of a map",
        null_in_map,
    ),
    Difference(
        "HttpBody from the query",
        get("/v1/raw?content_type=text/css&data=YQ"),
        "as the query says",
        "content type and data of the (empty) body",
        "http.proto: no body then",
        raw_request,
    ),
    Difference(
        "response_body of an additional binding",
        Request(SPEC, "PUT", "/v1/uploads/1", b"[]", "a/b"),
        "the field",
        "the whole message, as the first binding has none",
        "http.proto: each binding has its own",
        second_response_body,
    ),
    Difference(
        "number as the whole body",
        Request(SPEC, "POST", "/v1/body/big", b"5"),
        "200",
        "504 after the route's timeout",
        "http.proto: a field is the body",
        number_body,
    ),
    Difference(
        "one value for a list",
        Request(SPEC, "POST", "/v1/body/tags", b'"a"'),
        "400",
        "200: a list of one",
        "proto3 JSON: an array",
        no_list,
    ),
    Difference(
        "wrappers, Timestamp, Duration as objects",
        Request(SPEC, "POST", "/v1/kinds", b'{"time": {"seconds": 1}}'),
        "400",
        "200",
        "proto3 JSON: they have forms of their own",
        known_as_object,
    ),
    Difference(
        "lists in lists",
        Request(SPEC, "POST", "/v1/kinds", b'{"tags": [["a"]]}'),
        "400",
        "200: one list",
        "proto3 JSON: an array of values",
        list_in_list,
    ),
    Difference(
        "object in a map of numbers",
        Request(SPEC, "POST", "/v1/kinds", b'{"counts": {"a": {}}}'),
        "400",
        "500: what it sends cannot be read",
        "proto3 JSON: a number",
        object_in_map,
    ),
    Difference(
        "words for bools",
        get("/v1/kinds?flag=yes"),
        "400",
        "200",
        "proto3 JSON: true, false",
        bool_words,
    ),
    Difference(
        "plus sign",
        get("/v1/kinds?small=%2B1"),
        "400",
        "200",
        "RFC 8259: no plus sign",
        plus_sign,
    ),
    Difference(
        "forms of numbers",
        get("/v1/kinds?wide=.5"),
        "400",
        "200",
        "RFC 8259",
        number_forms,
    ),
    Difference(
        "number of no enum value",
        get("/v1/kinds?color=77"),
        "200",
        "400",
        "proto3: enums are open",
        enum_number,
    ),
    Difference(
        "base64 of both alphabets at once",
        get("/v1/data/+-8="),
        "200",
        "400",
        "proto3 JSON: either alphabet",
        mixed_base64,
    ),
    Difference(
        "space in base64",
        get("/v1/kinds?data=AA+AA"),
        "400",
        "200: left out",
        "RFC 4648, 3.3",
        spaced_base64,
    ),
    Difference(
        "field masks",
        Request(SPEC, "POST", "/v1/body/mask", b'"a_b"'),
        "400",
        "200",
        "proto3 JSON: names in lower camel case",
        mask_forms,
    ),
    Difference(
        "runs of capitals in field masks",
        get("/v1/kinds?mask=aBC"),
        "`a_b_c`, which is `aBC` again",
        "`a_bc`, which is `aBc`",
        "proto3 JSON: what is read is written",
        mask_capitals,
    ),
    Difference(
        "field masks that JSON cannot say",
        get("/v1/kinds?mask=a_1"),
        "500: the answer cannot be written",
        "200: `a1`, which is another field",
        "proto3 JSON: it is an error",
        mask_without_form,
    ),
    Difference(
        "leap second",
        get("/v1/kinds?time=2026-01-31T12:00:60Z"),
        "400",
        "200",
        "timestamp.proto: no leap seconds",
        leap_second,
    ),
    Difference(
        "field of a repeated message",
        get("/v1/kinds?items.count=1"),
        "400",
        "200: a list of one",
        "http.proto: no repeated messages in the query",
        repeated_message,
    ),
    Difference(
        "google.protobuf.Value in the query",
        get("/v1/kinds?whatever=a"),
        "400",
        "200",
        "http.proto: parameters are primitive",
        value_in_query,
    ),
    Difference(
        "digits of floats",
        get("/v1/kinds?narrow=3.4028234663852886e38"),
        "3.4028235e+38",
        "3.40282347e+38",
        "the shortest that reads back",
        float_digits,
    ),
]
