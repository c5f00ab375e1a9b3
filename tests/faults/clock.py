"""A clock with an offset in seconds, which a fault writes to a file."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOK_SECONDS = 0.1


class MovedClock:
    """A clock that reads its offset every 100 ms. A missing or empty file means no offset."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta()
        self._looked = float("-inf")

    def now(self) -> datetime:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._offset = timedelta(seconds=read_offset(self._path))
        return datetime.now(UTC) + self._offset


def read_offset(path: Path) -> float:
    try:
        return float(path.read_text() or 0)
    except (OSError, ValueError):
        return 0.0


def write_offset(path: Path, seconds: float) -> None:
    path.write_text(str(seconds))
