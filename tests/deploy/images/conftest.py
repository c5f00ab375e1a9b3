"""A PATH for a test, whose commands record their arguments."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


class Commands:
    """A folder of shell scripts that replaces PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder.with_name("calls")

    def add(self, name: str, body: str = "exit 0") -> None:
        """Add a command that records its arguments and then runs `body`."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._calls}\n{body}\n')
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """Return the command lines so far, in order."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@pytest.fixture
def commands(tmp_path) -> Commands:
    folder = tmp_path / "bin"
    folder.mkdir()
    return Commands(folder)


@pytest.fixture
def as_root() -> Callable[[list[str]], list[str]]:
    """Return a function that wraps a command to run as root, at least in a user namespace."""

    def wrap(command: list[str]) -> list[str]:
        if os.geteuid() == 0:
            return command
        return ["unshare", "--user", "--map-root-user", *command]

    return wrap
