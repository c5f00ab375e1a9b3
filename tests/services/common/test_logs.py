"""Log lines are written together, in order, and none is lost."""

import asyncio
import io

from services.common import logs
from services.common.logs import LineBuffer


class File(io.BytesIO):
    """Counts what is written to it."""

    writes = 0

    def write(self, data):
        self.writes += 1
        return super().write(data)


async def test_lines_are_written_together():
    file = File()
    lines = LineBuffer(file)
    for number in range(10):
        lines.info(b"%d" % number)
    assert file.writes == 0
    await asyncio.sleep(2 * logs.FLUSH_SECONDS)
    assert file.writes == 1
    assert file.getvalue() == b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"


async def test_a_warning_is_written_at_once_behind_those_before_it():
    file = File()
    lines = LineBuffer(file)
    lines.info(b"first")
    lines.warning(b"second")
    assert file.getvalue() == b"first\nsecond\n"
    lines.info(b"third")
    lines.flush()
    assert file.getvalue() == b"first\nsecond\nthird\n"


async def test_no_more_than_so_many_wait(monkeypatch):
    monkeypatch.setattr(logs, "LINES_MAX", 3)
    file = File()
    lines = LineBuffer(file)
    for _ in range(7):
        lines.debug(b"x")
    assert file.getvalue() == b"x\n" * 6


def test_without_a_loop_a_line_is_written_at_once():
    file = File()
    LineBuffer(file).info(b"x")
    assert file.getvalue() == b"x\n"
