"""Log lines are complete JSON, in order, and reach standard error in time."""

import asyncio
import io
import json
import subprocess
import sys

import pytest

from services.common import logs
from services.common.logs import LineBuffer, LogSettings
from services.common.settings import Environment, SettingsError

PROGRAM = """
import asyncio, logging, os, sys, structlog
from services.common.logs import LogSettings, configure_logs
from services.common.settings import Environment

def place(logger, method, line):
    line["service"] = "test"
    return line

configure_logs(LogSettings.read(Environment(os.environ), terminal=False), place)
log = structlog.get_logger()
{body}
"""


def run(body: str, **variables: str) -> list[str]:
    """Run a program that has configured its logs; return the lines of standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        env={"PYTHONPATH": ":".join(sys.path)} | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stderr.splitlines()


def test_lines_are_json_with_context_level_and_time():
    lines = run("log.info('event.name', amount=5, words='日本')")
    (line,) = map(json.loads, lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "event.name",
        "amount": 5,
        "words": "日本",
        "service": "test",
        "level": "info",
    }


def test_the_level_is_that_of_the_setting():
    body = "log.debug('a'); log.info('b'); log.warning('c')"
    assert [json.loads(line)["event"] for line in run(body, LIBRAL_LOG_LEVEL="warning")] == ["c"]
    assert len(run(body, LIBRAL_LOG_LEVEL="debug")) == 3


def test_lines_of_libraries_have_the_same_form():
    (line,) = map(json.loads, run("logging.getLogger('lib').warning('careful %s', 1)"))
    assert (line["event"], line["service"], line["level"]) == ("careful 1", "test", "warning")


def test_a_traceback_is_part_of_its_line_and_shows_no_values():
    body = """
def work(secret):
    raise ValueError("broken")
try:
    work("hunter2")
except ValueError:
    log.exception("failed")
"""
    (line,) = map(json.loads, run(body))
    assert "ValueError: broken" in line["exception"]
    assert "hunter2" not in line["exception"].replace('work("hunter2")', "")
    shown = "\n".join(run(body, LIBRAL_LOG_FORMAT="console"))
    assert "ValueError: broken" in shown
    assert "secret = " not in shown


def test_lines_are_batched_and_a_warning_flushes_those_before_it():
    body = """
writes = []
class File:
    def write(self, data): writes.append(data)
    def flush(self): pass
from services.common.logs import LineBuffer
async def main():
    buffer = LineBuffer(File())
    buffer.info(b"one")
    buffer.info(b"two")
    assert writes == []
    await asyncio.sleep(0.1)
    assert writes == [b"one\\ntwo\\n"], writes
    buffer.info(b"three")
    buffer.warning(b"four")
    assert writes[1:] == [b"three\\nfour\\n"], writes
    for number in range(1000):
        buffer.info(b"x")
    assert len(writes) == 3
asyncio.run(main())
"""
    assert run(body) == []


def test_lines_outside_of_a_loop_and_at_exit_are_written():
    assert len(run("log.info('a'); log.info('b')")) == 2
    assert len(run("async def main(): log.info('a')\nasyncio.run(main())")) == 1


def test_a_wrong_setting_is_named():
    with pytest.raises(SettingsError, match="LIBRAL_LOG_FORMAT is 'xml'"):
        LogSettings.read(Environment({"LIBRAL_LOG_FORMAT": "xml"}), terminal=True)
    with pytest.raises(SettingsError, match="LIBRAL_LOG_LEVEL"):
        LogSettings.read(Environment({"LIBRAL_LOG_LEVEL": "all"}), terminal=True)


def test_a_terminal_gets_readable_lines():
    assert LogSettings.read(Environment({}), terminal=True).layout == "console"
    assert LogSettings.read(Environment({}), terminal=False).layout == "json"


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


async def test_a_full_batch_is_written(monkeypatch):
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
