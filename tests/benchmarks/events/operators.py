"""Simulated operators: sessions that receive the same messages as a page in a browser.

Each signs in, opens the events page and uses the dashboard's socket protocol like its page.
Rendering is left out, because in production it runs on the operators' machines.
"""

import ast
import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from uuid import uuid4

import aiohttp
import socketio

QUERY = re.compile(r"query: (\{.*?\}),")
OPEN_SECONDS = 60.0


class Operators:
    """Sessions with one page each, in a separate thread. `received` counts received messages."""

    def __init__(self, base: str, password: str, count: int) -> None:
        self._base = base
        self._password = password
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._clients: list[socketio.AsyncClient] = []
        self.received = 0

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Keep all sessions connected inside the context."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(OPEN_SECONDS)
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(OPEN_SECONDS)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()

    async def _open(self) -> None:
        for _ in range(self._count):
            self._clients.append(await self._connect())

    async def _connect(self) -> socketio.AsyncClient:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            form = {"login": "admin", "password": self._password, "to": "/events"}
            headers = {"origin": self._base}
            async with http.post(f"{self._base}/sign-in", data=form, headers=headers) as answer:
                page = await answer.text()
            cookies = "; ".join(f"{each.key}={each.value}" for each in jar)
        found = QUERY.search(page)
        if found is None:
            raise ValueError("The page contains no connection parameters.")
        query = ast.literal_eval(found[1])
        query |= {"tab_id": str(uuid4()), "document_id": str(uuid4())}
        words = "&".join(f"{name}={str(value).lower()}" for name, value in query.items())
        client = socketio.AsyncClient()
        client.on("*", self._count)
        await client.connect(
            f"{self._base}?{words}",
            headers={"cookie": cookies, "origin": self._base},
            transports=["websocket"],
            socketio_path="/_nicegui_ws/socket.io",
        )
        return client

    async def _count(self, *_: object) -> None:
        self.received += 1

    async def _close(self) -> None:
        for client in self._clients:
            await client.disconnect()
