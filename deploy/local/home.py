"""LIBRAL_HOME: the folder with all data of a local mesh."""

import errno
import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SOCKET_PATH_MAX = 100
KEYS = ("mesh", "token")
PASSWORDS = ("admin_password", "database_password", "cache_password")


class HomeError(Exception):
    """The folder cannot be used. The message is one line."""


@dataclass(frozen=True)
class Home:
    """The paths below LIBRAL_HOME."""

    path: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("LIBRAL_HOME") or ".libral").absolute())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def checkpoints(self) -> Path:
        """The folder of the events service's log checkpoints, outside of the database."""
        return self.path / "checkpoints"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def configuration(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """The path of supervisord's socket, in the temporary folder if it would be too long."""
        path = self.run / "supervisor.sock"
        if len(str(path)) <= SOCKET_PATH_MAX:
            return path
        return Path(tempfile.gettempdir()) / f"libral-{os.getuid()}-{self.path.stat().st_ino}.sock"

    def prepare(self) -> None:
        """Create the folders and secrets that are missing."""
        try:
            for folder in (self.path, self.logs, self.run, self.secrets):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            for name in PASSWORDS:
                self._write_once(name, secrets.token_urlsafe(24))
        except OSError as error:
            raise HomeError(f"LIBRAL_HOME {self.path} cannot be used: {error.strerror}.") from None
        if not all((self.secrets / f"{name}.pem").exists() for name in KEYS):
            subprocess.run([sys.executable, "-m", "deploy.local.keys", self.secrets], check=True)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()

    def webhook_secret(self) -> str:
        """Return the secret that Telegram sends with updates. Create it on first use."""
        self._write_once("webhook_secret", secrets.token_urlsafe(24))
        return self.secret("webhook_secret")

    def lock(self) -> IO[str]:
        """Lock the home for this process until the returned file is closed.

        Raises:
            HomeError: Another process holds the lock.
        """
        file = (self.run / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise HomeError(
                f"The mesh in {self.path} runs already. `libral down` stops it."
            ) from None
        return file

    def ports(self, names: tuple[str, ...]) -> dict[str, int]:
        """Return a free loopback port for each name, the same as last time if it is free."""
        known = self.known_ports() if self._ports.exists() else {}
        chosen: dict[str, int] = {}
        for name in names:
            port = known.get(name, 0)
            if port in chosen.values() or not is_free("127.0.0.1", port):
                port = 0
            chosen[name] = port or free_port(set(chosen.values()))
        self._ports.write_text(json.dumps(chosen))
        return chosen

    def known_ports(self) -> dict[str, int]:
        """Return the port of each name as last chosen by `ports`."""
        if not self._ports.exists():
            raise HomeError(f"There is no mesh in {self.path}: run `libral up`.")
        ports: dict[str, int] = json.loads(self._ports.read_text())
        return ports

    @property
    def _ports(self) -> Path:
        return self.run / "ports.json"

    def _write_once(self, name: str, content: str) -> None:
        path = self.secrets / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(content)


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
