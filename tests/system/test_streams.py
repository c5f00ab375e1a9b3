"""A stream resumes across a restart of the gateway, without gaps or repeats."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.mesh import wait_for

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("transport", ["sse", "websocket"])
def test_an_open_stream_resumes_across_a_gateway_restart(mesh, transport):
    follower = Follower(mesh, {"sse": read_sse, "websocket": read_socket}[transport])
    with mesh.client() as client, follower.running():
        wait_for(lambda: len(follower.seen) >= head_of(client), 20, "the log was not read")
        mesh.run("restart", "gateway")
        wait_for(mesh.is_ready, 20, "the gateway did not come back")
        mesh.token()
        head = head_of(client)
        wait_for(lambda: follower.seen[-1] >= head, 20, "the log was not read on")
    assert follower.cuts
    assert follower.seen == list(range(1, len(follower.seen) + 1))


def head_of(client: httpx.Client) -> int:
    return int(client.get("/v1/events:stats").json()["headPosition"])


class Follower:
    """Reads positions of the log, and resumes after its last position."""

    def __init__(self, mesh, read) -> None:
        self._url = mesh.gateway
        self._token = mesh.token()
        self._wake = mesh.token
        self._read = read
        self.seen: list[int] = []
        self.cuts = 0
        self._ended = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self._run)
            try:
                yield
            finally:
                self._ended.set()
                self._wake()

    def _run(self) -> None:
        while not self._ended.is_set():
            with suppress(httpx.HTTPError, WebSocketException, OSError):
                after = self.seen[-1] if self.seen else 0
                for position in self._read(self._url, self._token, after):
                    if self._ended.is_set():
                        return
                    self.seen.append(position)
            self.cuts += 1
            time.sleep(0.05)


def read_sse(url: str, token: str, after: int) -> Iterator[int]:
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "text/event-stream",
        "last-event-id": str(after),
    }
    with httpx.stream(
        "GET", f"{url}/v1/events:stream", headers=headers, trust_env=False, timeout=20
    ) as response:
        for line in response.raise_for_status().iter_lines():
            if line.startswith("id:"):
                yield int(line.removeprefix("id:"))


def read_socket(url: str, token: str, after: int) -> Iterator[int]:
    address = url.replace("http", "ws", 1) + "/v1/ws"
    headers = {"authorization": f"Bearer {token}"}
    with connect(address, additional_headers=headers, proxy=None) as socket:
        path = f"/v1/events:stream?after={after}"
        socket.send(json.dumps({"type": "subscribe", "id": "events", "path": path}))
        while True:
            message = json.loads(socket.recv(timeout=20))
            if message["type"] == "end":
                return
            yield int(message["data"]["position"])
