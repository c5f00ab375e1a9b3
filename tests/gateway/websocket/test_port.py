"""The port over plain ASGI messages: order, slow clients, closing."""

import asyncio

import pytest
import pytest_asyncio

from gateway.websocket import port
from gateway.websocket.framing import BINARY, TEXT, make_frame
from gateway.websocket.port import SEND_BUFFER_BYTES, TOO_SLOW, AsgiPort, message_of
from tests.gateway.asgi import AsgiSocket, make_app
from tests.gateway.conftest import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Server:
    """The ASGI server's side of one WebSocket."""

    def __init__(self) -> None:
        self.given: asyncio.Queue = asyncio.Queue()
        self.sent: list[dict] = []
        self.taking = asyncio.Event()
        self.taking.set()

    async def send(self, message) -> None:
        await self.taking.wait()
        self.sent.append(message)


@pytest.fixture
def server():
    return Server()


@pytest_asyncio.fixture(loop_scope="session")
async def asgi_port(server):
    return AsgiPort(server.given.get, server.send)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_a_frame_becomes_a_message(size):
    text = "é" * (size // 2)
    assert message_of(make_frame(TEXT, text.encode())) == {"type": "websocket.send", "text": text}
    content = bytes(size)
    found = message_of(make_frame(BINARY, content))
    assert found == {"type": "websocket.send", "bytes": content}


async def test_frames_are_sent_in_order_before_a_closing(server, asgi_port):
    for number in range(5):
        asgi_port.push(make_frame(TEXT, b"%d" % number))
    await asgi_port.send({"type": "websocket.close", "code": 1000})
    assert [each.get("text") for each in server.sent] == ["0", "1", "2", "3", "4", None]


async def test_writers_stop_while_a_client_does_not_take(server, asgi_port):
    server.taking.clear()
    ready = asyncio.Event()
    asgi_port.on_ready = ready.set
    frame = make_frame(TEXT, b"x" * (SEND_BUFFER_BYTES // 2 + 1))
    asgi_port.push(frame)
    assert asgi_port.takes_more
    asgi_port.push(frame)
    assert not asgi_port.takes_more
    assert not asgi_port.writable.is_set()
    server.taking.set()
    await asyncio.wait_for(ready.wait(), 1)
    assert asgi_port.takes_more
    assert asgi_port.writable.is_set()


async def test_a_client_that_takes_nothing_is_closed(server, asgi_port, monkeypatch):
    monkeypatch.setattr(port, "STALL_SECONDS", 0.1)
    monkeypatch.setattr(port, "CLOSE_SECONDS", 0.1)
    server.taking.clear()
    asgi_port.push(make_frame(TEXT, b"x"))
    received = await asyncio.wait_for(asgi_port.receive(), 1)
    assert received == {"type": "websocket.disconnect", "code": TOO_SLOW[0], "reason": TOO_SLOW[1]}
    asgi_port.push(make_frame(TEXT, b"y"))
    await asgi_port.send({"type": "websocket.close", "code": 1000})
    assert server.sent == []


async def test_closing_now_drops_what_waits(server, asgi_port):
    server.taking.clear()
    for _ in range(3):
        asgi_port.push(make_frame(TEXT, b"x"))
    await asyncio.sleep(0)
    asgi_port.close_now(4000, "over")
    server.taking.set()
    assert (await asgi_port.receive())["code"] == 4000
    assert server.sent == [{"type": "websocket.close", "code": 4000, "reason": "over"}]


async def test_a_client_that_leaves_ends_the_writing(server, asgi_port):
    server.taking.clear()
    asgi_port.push(make_frame(TEXT, b"x"))
    await asyncio.sleep(0)
    server.given.put_nowait({"type": "websocket.disconnect", "code": 1001})
    assert (await asgi_port.receive())["code"] == 1001
    server.taking.set()
    await eventually(lambda: asgi_port._writing is None)
    assert server.sent == []


async def test_a_server_whose_client_is_gone(server, asgi_port):
    async def send(_):
        raise OSError("gone")

    asgi_port._send = send
    asgi_port.push(make_frame(TEXT, b"x"))
    await eventually(lambda: asgi_port._writing is None)
    server.given.put_nowait({"type": "websocket.disconnect", "code": 1006})
    assert (await asgi_port.receive())["code"] == 1006


async def test_messages_of_the_client_are_not_lost(server, asgi_port):
    for number in range(3):
        server.given.put_nowait({"type": "websocket.receive", "text": str(number)})
    assert [(await asgi_port.receive())["text"] for _ in range(3)] == ["0", "1", "2"]


async def test_a_slow_client_of_a_stream_is_closed_and_its_call_ends(contracts, echo, monkeypatch):
    monkeypatch.setattr(port, "STALL_SECONDS", 0.2)
    application = make_app(contracts, echo.targets)
    async with AsgiSocket(application) as client:
        await client.sent("websocket.accept")
        client.taking.clear()
        await client.send_json(
            type="subscribe", id="a", path="/v1/public:stream?until=100000&size=10000"
        )
        await eventually(lambda: echo.open_streams == 1)
        await asyncio.sleep(0.3)
        client.taking.set()
        assert (await client.sent("websocket.close"))["code"] == TOO_SLOW[0]
        await client.ended()
    await eventually(lambda: echo.open_streams == 0)
    await application.context.upstreams.close()
