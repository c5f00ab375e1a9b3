"""Unary calls over REST."""

import re
from typing import Any

from gateway.calls.requests import make_call, unary_seconds
from gateway.context import GatewayContext
from gateway.http.encoding import add_etag
from gateway.http.messages import Request, Response
from gateway.http.metadata import is_text, metadata_headers
from gateway.routing.params import bind_request
from gateway.routing.routes import Route, RouteMatch
from gateway.upstream import Reply

READING = frozenset({"GET", "HEAD"})
BINARY = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~\w-]+/[!#$%&'*+.^_`|~\w-]+(?:[ \t]*;.*)?", re.ASCII)


async def respond(context: GatewayContext, request: Request, match: RouteMatch) -> Response:
    """Return the response of a unary method. Identical concurrent reads share one call.

    Raises:
        StatusError: The request is invalid, or the upstream failed.
    """
    if request.method not in READING:
        return await call_method(context, request, match)
    if match.route.method.safe and not match.route.takes_body:
        response = await context.coalescer.join(
            request, lambda: call_method(context, request, match)
        )
    else:
        response = await call_method(context, request, match)
    return add_etag(request, response)


async def call_method(context: GatewayContext, request: Request, match: RouteMatch) -> Response:
    """Call a unary method and return its response."""
    route, method = match.route, match.route.method
    authorization = request.headers.get("authorization")
    caller = await context.authenticator.authenticate(authorization, method.rule)
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind_request(match, request.query, body, context.codec)
    made = make_call(request, method, caller, bound, unary_seconds(request.headers))
    reply = await context.upstreams.find_upstream(method.service).unary(made)
    return make_response(context, route, reply, enum_numbers=bound.enum_numbers)


def make_response(
    context: GatewayContext, route: Route, reply: Reply, *, enum_numbers: bool
) -> Response:
    """Return the HTTP response for an upstream's reply, with its metadata."""
    message: Any = route.method.response_class.FromString(reply.content)
    if route.raw_response:
        body = raw_of(route, message)
        response = Response(200, body.data, raw_type(body))
    else:
        encoded = context.codec.encode(message, route.response_body, enum_numbers=enum_numbers)
        response = Response(200, encoded)
    if reply.headers or reply.trailers:
        response.headers += metadata_headers(reply.headers, reply.trailers)
    return response


def raw_of(route: Route, message: Any) -> Any:
    """Return the `google.api.HttpBody` of a response message."""
    return message if route.response_body is None else getattr(message, route.response_body.name)


def raw_type(body: Any) -> str:
    """Return the upstream's content type if it is valid (RFC 9110, section 8.3.1)."""
    kind: str = body.content_type
    return kind if MEDIA_TYPE.fullmatch(kind) and is_text(kind) else BINARY
