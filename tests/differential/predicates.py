"""Why both sides differ in a comparison: one predicate for each row of the table."""

import json
import re
from typing import Any
from urllib.parse import unquote_plus

from google.protobuf.message import Message

from gateway.contracts.descriptors import HTTP_BODY
from gateway.routing.routes import Route
from gateway.routing.text_fields import TEXTUAL, find_field
from tests.differential.evidence import (
    bytes_of,
    close,
    lowered,
    masks_in,
    only_envoy_took,
    only_we_took,
    pairs,
    refused_members,
    same_arrived,
    strings,
    texts,
    took,
    unread,
    violations,
)
from tests.differential.worlds import GatewayComparison

REACHED = {200, 400, 500}  # Envoy found a method


def own_error(x: GatewayComparison) -> bool:
    form = x.envoy.kind == "text/plain" or x.request.verb == "HEAD"
    return x.ours.status == x.envoy.status >= 400 and form and not x.envoy.accepted


def upstream_error(x: GatewayComparison) -> bool:
    ours, envoy = x.ours.json, x.envoy.json
    if not (x.ours.status == x.envoy.status >= 400 and ours and envoy and same_arrived(x)):
        return False
    known = [each for each in ours["error"]["details"] if each in envoy.get("details", ())]
    return ours["error"]["message"] == envoy["message"] and len(known) == len(envoy["details"])


def unknown_detail(x: GatewayComparison) -> bool:
    lost = x.envoy.kind == "application/grpc" and not x.envoy.content
    return lost and x.ours.status == x.envoy.status >= 400 and same_arrived(x)


def unavailable(x: GatewayComparison) -> bool:
    if not (x.ours.status == x.envoy.status in {503, 504} and x.envoy.json and same_arrived(x)):
        return False
    message = x.ours.json["error"]["message"]
    own = message.endswith(("is not available.", "did not respond in time."))
    return own and not x.envoy.json["details"]


def stream(x: GatewayComparison) -> bool:
    return streamed(x, ended_well=True)


def failed_stream(x: GatewayComparison) -> bool:
    return streamed(x, ended_well=False)


def streamed(x: GatewayComparison, *, ended_well: bool) -> bool:
    """True if both sides sent the same messages, followed by such a status of the gateway."""
    if x.ours.kind != "application/x-ndjson" or x.envoy.kind != "application/json":
        return False
    *messages, last = map(json.loads, x.ours.content.splitlines())
    return messages == x.envoy.json and (last["status"]["code"] == 0) == ended_well


def wrong_method(x: GatewayComparison) -> bool:
    return (x.ours.status, x.envoy.status) == (405, 404)


def options(x: GatewayComparison) -> bool:
    called = x.route is not None and x.route.verb == "*" and took(x.envoy)
    missed = x.envoy.status == 404
    return x.request.verb == "OPTIONS" and x.ours.status == 204 and (called or missed)


def head(x: GatewayComparison) -> bool:
    ours = x.ours.status
    return x.request.verb == "HEAD" and x.envoy.status == 404 and (ours in {200, 400})


def custom_kind(x: GatewayComparison) -> bool:
    return (
        x.request.verb in {"REPORT", "PROPFIND"}
        and x.envoy.status == 404
        and x.ours.status in {200, 400}
    )


def unknown_verb(x: GatewayComparison) -> bool:
    return x.request.verb == "M-SEARCH" and x.envoy.status == 400


def trailing_slash(x: GatewayComparison) -> bool:
    missed = x.ours.status in {404, 405} and x.envoy.status in REACHED
    return x.request.path.endswith("/") and missed


def trailing_slash_of_tail(x: GatewayComparison) -> bool:
    """True if the segments of `**` end with a slash."""
    if x.route is None or not (took(x.ours) and took(x.envoy)):
        return False
    names = [variable.field for variable in x.route.template.variables]
    ours, envoy = (strings(side.arrived, names) for side in (x.ours, x.envoy))
    slashed = bool(ours) and ours[-1].endswith("/")
    return slashed and ours[-1].rstrip("/") == envoy[-1]


def empty_segment(x: GatewayComparison) -> bool:
    missed = x.ours.status == 404 and x.envoy.status in REACHED
    return "//" in x.request.path and missed


def verb_swallowed(x: GatewayComparison) -> bool:
    last = x.request.path.rstrip("/").rpartition("/")[2]
    return ":" in last and x.ours.status in {404, 405} and x.envoy.status in REACHED


def empty_tail(x: GatewayComparison) -> bool:
    """True if `**` before other segments matches nothing."""
    if x.route is None or x.envoy.status != 404:
        return False
    segments = x.route.template.segments
    count = len(x.request.path.split("/")) - 1
    return "**" in segments[:-1] and count < len(segments)


def broken_escape(x: GatewayComparison) -> bool:
    found = violations(x).get("path", "").startswith("a % is not followed")
    return found and x.envoy.status in {200, 500}


def not_utf8(x: GatewayComparison) -> bool:
    matches_reason = {"It is not UTF-8.", "it is not UTF-8."} & set(violations(x).values())
    return bool(matches_reason) and x.envoy.status == 500 and not x.envoy.accepted


def name_escaped(x: GatewayComparison) -> bool:
    names = [pair.partition("=")[0] for pair in x.request.query.split("&")]
    return only_we_took(x, "Could not find field") and any("%" in name for name in names)


def system_parameter(x: GatewayComparison) -> bool:
    given = any(name.startswith("$") for name, _ in pairs(x))
    return given and only_we_took(x, r'Could not find field "(\$|%24)')


def no_value(x: GatewayComparison) -> bool:
    """True if a parameter has no `=` or no name."""
    bare = {unquote_plus(each) for each in x.request.query.split("&") if "=" not in each}
    found = violations(x)
    refused = bool(found) and found.keys() <= bare | {""}
    return took(x.envoy) and (refused or (took(x.ours) and bool(bare - {""})))


def given_twice(x: GatewayComparison) -> bool:
    return only_envoy_took(x, "is given more than once.")


def path_and_query(x: GatewayComparison) -> bool:
    return only_envoy_took(x, "is already given in the path.")


def beside_whole_body(x: GatewayComparison) -> bool:
    whole = x.route is not None and x.route.whole_body
    return whole and only_envoy_took(x, "is not accepted: the body is the whole request.")


def below_body_field(x: GatewayComparison) -> bool:
    return only_envoy_took(x, "belongs in the body.")


def path_and_body(x: GatewayComparison) -> bool:
    variables = x.route.template.variables if x.route is not None else ()
    return bool(variables) and only_we_took(x, "is conflicting with the value")


def body_without_rule(x: GatewayComparison) -> bool:
    ignored = x.route is not None and not x.route.takes_body and bool(x.request.body)
    return ignored and took(x.ours) and x.route.method.input.full_name != HTTP_BODY


def empty_body(x: GatewayComparison) -> bool:
    field = x.route.body if x.route is not None else None
    if field is None or x.request.body or not took(x.ours):
        return False
    if not x.envoy.accepted:
        return only_we_took(x, "Starting an object on a scalar field")
    cleared = type(x.envoy.arrived)()
    cleared.CopyFrom(x.envoy.arrived)
    cleared.ClearField(field.name)
    return bytes_of(cleared) == bytes_of(x.ours.arrived)


def unknown_member(x: GatewayComparison) -> bool:
    if x.route is None:
        return False
    known = {name for f in x.route.method.input.fields for name in (f.name, f.json_name)}
    unknown = [re.search(r"(^|\.)nope$", name) or name not in known for name in violations(x)]
    return all(unknown) and only_envoy_took(x, "is not a field of this method.")


def null_in_map(x: GatewayComparison) -> bool:
    return b"null" in x.request.body and only_envoy_took(x, "must not be null.")


def raw_request(x: GatewayComparison) -> bool:
    """True if the request is an HttpBody given by the query."""
    raw = x.route is not None and x.route.method.input.full_name == HTTP_BODY
    return raw and not x.route.takes_body and took(x.ours) and took(x.envoy)


def second_response_body(x: GatewayComparison) -> bool:
    route = x.route
    if route is None or route.response_body is None or not (took(x.ours) and same_arrived(x)):
        return False
    shown = x.envoy.json and x.envoy.json.get(route.response_body.json_name)
    return shown is not None and not route.method.bindings[0].response_body


def number_body(x: GatewayComparison) -> bool:
    number = isinstance(unread(x), (int, float)) and not isinstance(unread(x), bool)
    return number and took(x.ours) and x.envoy.status == 504


def no_list(x: GatewayComparison) -> bool:
    single = not any(isinstance(each, list) for each in refused_members(x))
    return single and only_envoy_took(x, "must be a list.")


def bool_words(x: GatewayComparison) -> bool:
    words = {"1", "0", "t", "f", "yes", "no", "y", "n", "true", "True", "false", "False"}
    given = {*texts(x), *(str(each) for each in refused_members(x) if each is not None)}
    return given <= words and only_envoy_took(x, "must be true or false.")


def known_as_object(x: GatewayComparison) -> bool:
    if not only_envoy_took(x, "must be .*"):
        return False
    return are(dict, refused_members(x)) and all(
        has_text_form(x.route, name) for name in violations(x)
    )


def has_text_form(route: Route, name: str) -> bool:
    """True if a member of the body is a google.protobuf message with a JSON string form."""
    message, kind = route.method.input if route.whole_body else route.body.message_type, None
    names = iter(re.sub(r"\[\d+\]", "", name).split("."))
    for part in names:
        found = find_field(message, part) if message is not None else None
        kind = message = found.message_type if found is not None else None
        if kind is not None and kind.GetOptions().map_entry and next(names, ""):
            kind = message = kind.fields_by_name["value"].message_type
    return kind is not None and kind.full_name in TEXTUAL


def list_in_list(x: GatewayComparison) -> bool:
    nested = all(name.endswith("]") for name in violations(x))
    return nested and only_envoy_took(x, "must be .*") and are(list, refused_members(x))


def object_in_map(x: GatewayComparison) -> bool:
    failed = x.envoy.status == 500 and not x.envoy.accepted
    return failed and bool(violations(x)) and are(dict, refused_members(x))


def are(kind: type, values: list[Any]) -> bool:
    return all(isinstance(each, kind) for each in values)


def plus_sign(x: GatewayComparison) -> bool:
    signed = all(re.fullmatch(r"\+[0-9.]+", text) for text in texts(x))
    return signed and only_envoy_took(x, "must be an? (integer|number).*")


def number_forms(x: GatewayComparison) -> bool:
    forms = r"\d+\.|\.\d+|0x[0-9a-fp]+|[-0-9.e]+ \0"
    odd = all(re.fullmatch(forms, text) for text in texts(x))
    return odd and only_envoy_took(x, "must be a number.*")


def enum_number(x: GatewayComparison) -> bool:
    return only_we_took(x, r'invalid value "-?[0-9]+" for type type.googleapis.com/.*Color')


def mixed_base64(x: GatewayComparison) -> bool:
    mixed = only_we_took(x, "TYPE_BYTES")
    return mixed and bool({"+", "/"} & set(x.request.target)) and "-" in x.request.target


def mask_forms(x: GatewayComparison) -> bool:
    return only_envoy_took(x, "must be field names such as displayName,roles.")


def mask_capitals(x: GatewayComparison) -> bool:
    """True if upstream requests differ in field masks alone, and responses in their capitals."""
    if not (took(x.ours) and took(x.envoy)) or x.envoy.json is None or same_arrived(x):
        return False
    ours, envoy = (without_masks(side.arrived) for side in (x.ours, x.envoy))
    return bytes_of(ours) == bytes_of(envoy) and lowered(x.ours.json) == lowered(x.envoy.json)


def mask_without_form(x: GatewayComparison) -> bool:
    details = x.ours.json["error"]["details"] if x.ours.status == 500 and x.ours.json else ()
    unsaid = any(each.get("reason") == "ANSWER_NOT_JSON" for each in details)
    masks = masks_in(x.ours.arrived) if x.ours.arrived is not None else []
    return unsaid and took(x.envoy) and bool(masks)


def without_masks(message: Any) -> Message:
    kept = type(message)()
    kept.CopyFrom(message)
    for mask in masks_in(kept):
        mask.Clear()
    return kept


def spaced_base64(x: GatewayComparison) -> bool:
    spaced = any(" " in text for text in texts(x))
    return spaced and only_envoy_took(x, "must be base64.")


def leap_second(x: GatewayComparison) -> bool:
    return only_envoy_took(x, "must be a time such as .*") and ":60Z" in x.request.target


def time_forms(x: GatewayComparison) -> bool:
    """True if a time has one digit where RFC 3339 has two, or a point without digits."""
    loose = r"\d{4}-\d{1,2}-\d{1,2}T\d{1,2}:\d{1,2}:[0-5]?\d(\.\d*)?(Z|[+-]\d\d:\d\d)"
    odd = all(re.fullmatch(loose, text) for text in texts(x))
    return odd and bool(texts(x)) and only_envoy_took(x, "must be a time such as .*")


def duration_forms(x: GatewayComparison) -> bool:
    odd = all(re.fullmatch(r"[+ ]?\d+\.?\d* ?s", text) for text in texts(x))
    return odd and bool(texts(x)) and only_envoy_took(x, "must be a duration such as .*")


def map_key(x: GatewayComparison) -> bool:
    named = any(re.fullmatch(r"[\w.]+\[[^\[\]]*\]", name) for name, _ in pairs(x))
    return named and only_we_took(x, r"Could not find field \"\w+\[")


def update_mask(x: GatewayComparison) -> bool:
    """True if both accepted a PATCH, and only the gateway filled the update mask."""
    items = x.request.target.startswith("/v1/items/")
    if not (items and x.request.verb == "PATCH" and took(x.ours) and took(x.envoy)):
        return False
    filled = bool(x.ours.arrived.update_mask.paths) and not x.envoy.arrived.update_mask.paths
    kept = type(x.ours.arrived)()
    kept.CopyFrom(x.ours.arrived)
    kept.ClearField("update_mask")
    return filled and bytes_of(kept) == bytes_of(x.envoy.arrived)


def float_max(x: GatewayComparison) -> bool:
    return "3.4028235e38" in x.request.target and only_we_took(x, "TYPE_FLOAT")


def repeated_message(x: GatewayComparison) -> bool:
    found = violations(x)
    return all(re.match(r"(items|subs)\.", name) for name in found) and only_envoy_took(
        x, "is not a parameter of this method."
    )


def value_in_query(x: GatewayComparison) -> bool:
    return violations(x).keys() == {"whatever"} and only_envoy_took(
        x, "cannot be given as text: it is a message."
    )


def float_digits(x: GatewayComparison) -> bool:
    arrived = took(x.ours) and took(x.envoy) and same_arrived(x)
    return arrived and x.ours.json != x.envoy.json and close(x.ours.json, x.envoy.json)
