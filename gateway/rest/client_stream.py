"""Client streams over HTTP: many request messages, one response."""

import asyncio

from gateway.bodies import Upload
from gateway.calls.requests import UPLOAD_SECONDS, make_call, stream_seconds
from gateway.context import GatewayContext
from gateway.http.messages import Request, Response
from gateway.http.tasks import cancel_and_wait
from gateway.rest.unary import make_response
from gateway.routing.routes import RouteMatch
from gateway.upstream import Reply, UpstreamStream
from gateway.upstream.call import malformed_response


async def respond(context: GatewayContext, request: Request, match: RouteMatch) -> Response:
    """Send the messages of the body upstream as they arrive, and return the upstream's response.

    The deadline is 10 minutes unless the client sends one.

    Raises:
        StatusError: The request is invalid, or the upstream failed.
        ClientGoneError: The client disconnected before the end of the body.
    """
    method = match.route.method
    caller = await context.authenticator.authenticate(
        request.headers.get("authorization"), method.rule
    )
    upload = Upload(request, match, context.codec)
    seconds = stream_seconds(request.headers, caller, UPLOAD_SECONDS)
    made = make_call(request, method, caller, upload.bound, seconds)
    stream = context.upstreams.find_upstream(method.service).open(made)
    sending = asyncio.create_task(upload.send(stream))
    reading = asyncio.create_task(read_reply(stream, method.service))
    try:
        await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        reply = await reading
    finally:
        stream.cancel()
        await cancel_and_wait(sending)
        await cancel_and_wait(reading)
    return make_response(context, match.route, reply, enum_numbers=upload.bound.enum_numbers)


async def read_reply(stream: UpstreamStream, name: str) -> Reply:
    """Wait for the one response message of a call.

    Raises:
        StatusError: The upstream failed, or sent no message or several.
    """
    content = await stream.read()
    if content is None:
        raise malformed_response(name, "it has no message")
    if await stream.read() is not None:
        raise malformed_response(name, "it has more than one message")
    return Reply(content, await stream.initial_metadata(), stream.trailers())
