"""Unary calls over REST."""

from typing import Any

from gateway.calls import make_call, unary_seconds
from gateway.core import Core
from gateway.encoding import tagged
from gateway.http import Request, Response
from gateway.params import bind
from gateway.routes import Match

READING = frozenset({"GET", "HEAD"})
BINARY = "application/octet-stream"


async def respond(core: Core, request: Request, match: Match) -> Response:
    """Answers with what a unary method answers.

    Raises:
        StatusError: What is wrong with the request, or what the upstream answered.
    """
    if request.method not in READING:
        return await call(core, request, match)
    if match.route.method.safe and not match.route.takes_body:
        response = await core.flights.join(request, lambda: call(core, request, match))
    else:
        response = await call(core, request, match)
    return tagged(request, response)


async def call(core: Core, request: Request, match: Match) -> Response:
    """Calls a unary method and writes its answer."""
    route, method = match.route, match.route.method
    authorization = request.headers.get("authorization")
    caller = await core.authenticator.caller(authorization, method.rule)
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind(match, request.query, body, core.codec)
    made = make_call(request, method, caller, bound, unary_seconds(request.headers))
    reply = await core.upstreams.of(method.service).unary(made)
    answer: Any = method.response_class.FromString(reply.content)
    if route.raw_answer:
        shown = answer if route.response_body is None else getattr(answer, route.response_body.name)
        return Response(200, shown.data, shown.content_type or BINARY)
    encoded = core.codec.encode(answer, route.response_body, enum_numbers=bound.enum_numbers)
    return Response(200, encoded)
