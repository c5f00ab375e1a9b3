"""Unary calls over REST."""

from typing import Any

from gateway.calls import make_call, unary_seconds
from gateway.core import Core
from gateway.http import Request, Response
from gateway.params import bind
from gateway.routes import Match

BINARY = "application/octet-stream"


async def respond(core: Core, request: Request, match: Match) -> Response:
    """Calls a unary method and writes its answer.

    Raises:
        StatusError: What is wrong with the request, or what the upstream answered.
    """
    route, method = match.route, match.route.method
    authorization = request.headers.get("authorization")
    caller = await core.authenticator.caller(authorization, method.rule)
    body = await request.read_json_body(raw=route.raw_body) if route.takes_body else None
    bound = bind(match, request.query, body, core.codec)
    call = make_call(request, method, caller, bound, unary_seconds(request.headers))
    content = await core.upstreams.of(method.service).unary(call)
    answer: Any = method.response_class.FromString(content)
    if route.raw_answer:
        shown = answer if route.response_body is None else getattr(answer, route.response_body.name)
        return Response(200, shown.data, shown.content_type or BINARY)
    encoded = core.codec.encode(answer, route.response_body, enum_numbers=bound.enum_numbers)
    return Response(200, encoded)
