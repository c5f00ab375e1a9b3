"""Client streams over HTTP: many messages in, one answer out."""

import asyncio

from gateway.bodies import Upload
from gateway.calls.requests import UPLOAD_SECONDS, make_call, stream_seconds
from gateway.context import Core
from gateway.http.messages import Request, Response
from gateway.http.tasks import cancel_and_wait
from gateway.rest.unary import answer
from gateway.routing.routes import Match
from gateway.upstream import Reply, Stream
from gateway.upstream.call import malformed


async def respond(core: Core, request: Request, match: Match) -> Response:
    """Sends the messages of the body on as they arrive, and answers with what comes back.

    It lasts 10 minutes if the client does not say.

    Raises:
        StatusError: What is wrong with the request, or what the upstream answered.
        ClientGoneError: The client left in the middle of the body.
    """
    method = match.route.method
    caller = await core.authenticator.caller(request.headers.get("authorization"), method.rule)
    upload = Upload(request, match, core.codec)
    seconds = stream_seconds(request.headers, caller, UPLOAD_SECONDS)
    made = make_call(request, method, caller, upload.bound, seconds)
    stream = core.upstreams.of(method.service).open(made)
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
    return answer(core, match.route, reply, enum_numbers=upload.bound.enum_numbers)


async def read_reply(stream: Stream, name: str) -> Reply:
    """Waits for the one answer of a call.

    Raises:
        StatusError: The upstream's, or that it answered with none or with several.
    """
    content = await stream.read()
    if content is None:
        raise malformed(name, "it has no message")
    if await stream.read() is not None:
        raise malformed(name, "it has more than one message")
    return Reply(content, await stream.headers(), stream.trailers())
