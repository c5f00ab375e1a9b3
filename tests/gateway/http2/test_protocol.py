"""A connection on asyncio: opened, closed by either side, refused."""

import asyncio
import socket
import ssl

import pytest

from gateway.http2 import frames, protocol
from gateway.http2.protocol import connect
from tests.gateway.conftest import eventually


class Peer:
    """A listener that sends an HTTP/2 server preface and records received bytes."""

    def __init__(self, greeting: bytes = frames.settings_frame({})) -> None:
        self.received = b""
        self.closed = asyncio.Event()
        self._greeting = greeting

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        self.writer = writer
        writer.write(self._greeting)
        while data := await reader.read(65_536):
            self.received += data
        self.closed.set()
        writer.close()


async def test_opens_and_closes_with_goaway():
    changes = []
    async with Peer() as peer:
        opened = await connect("127.0.0.1", peer.port, None, lambda: changes.append(1))
        await eventually(lambda: opened.connection.ready)
        assert peer.received.startswith(frames.PREFACE)
        before = len(changes)
        opened.end()
        await asyncio.wait_for(peer.closed.wait(), 2)
        assert frames.goaway(frames.ErrorCode.NO_ERROR) in peer.received
        assert len(changes) > before
        assert not opened.connection.available


async def test_a_peer_that_closes_is_noticed():
    async with Peer() as peer:
        opened = await connect("127.0.0.1", peer.port, None, lambda: None)
        await eventually(lambda: opened.connection.ready)
        peer.writer.close()
        await eventually(lambda: opened.connection.closed)


async def test_a_protocol_violation_closes_the_connection():
    async with Peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as peer:
        opened = await connect("127.0.0.1", peer.port, None, lambda: None)
        await asyncio.wait_for(peer.closed.wait(), 2)
        assert frames.goaway(frames.ErrorCode.FRAME_SIZE_ERROR) in peer.received
        assert opened.connection.closed


async def test_nothing_listens_there():
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await connect("127.0.0.1", 1, None, lambda: None)


async def test_a_peer_that_does_not_complete_the_tls_handshake(monkeypatch):
    monkeypatch.setattr(protocol, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TimeoutError):
            await connect("127.0.0.1", port, ssl.create_default_context(), lambda: None)


async def test_connections_notice_peers_that_are_gone():
    async with Peer() as peer:
        opened = await connect("127.0.0.1", peer.port, None, lambda: None)
        connected = opened._transport.get_extra_info("socket")
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        opened.end()
