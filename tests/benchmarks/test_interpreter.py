"""The measured interpreter: its properties, and missing modules."""

import platform
import sys

import pytest

from tests.benchmarks import interpreter
from tests.benchmarks.interpreter import Interpreter, check_interpreter, inspect_interpreter
from tests.benchmarks.processes import python_command


@pytest.fixture(autouse=True)
def fresh():
    interpreter.find_executable.cache_clear()
    yield
    interpreter.find_executable.cache_clear()


@pytest.mark.parametrize(
    ("configured", "line"),
    [
        (
            "'--with-lto' '--enable-optimizations'",
            "CPython 3.11.9, configured with --enable-optimizations",
        ),
        ("'--enable-shared'", "CPython 3.11.9, configured without --enable-optimizations"),
        ("", "CPython 3.11.9, configured without --enable-optimizations"),
    ],
)
def test_describes_version_and_optimizations(configured, line):
    assert Interpreter("CPython", "3.11.9", configured, {}).describe() == line


def test_inspects_another_process():
    found = inspect_interpreter(sys.executable, ["json", "no_such_module"])
    assert found.version == platform.python_version()
    assert found.problems == {"no_such_module": "No module named 'no_such_module'"}


def test_programs_run_on_the_given_interpreter(monkeypatch, tmp_path):
    link = tmp_path / "other"
    link.symlink_to(sys.executable)
    monkeypatch.setenv("BENCH_PYTHON", str(link))
    assert python_command("gateway", "--help") == [str(link), "-m", "gateway", "--help"]


def test_programs_run_on_this_interpreter_if_none_is_given(monkeypatch):
    monkeypatch.delenv("BENCH_PYTHON", raising=False)
    assert python_command("gateway") == [sys.executable, "-m", "gateway"]


def test_a_missing_interpreter_is_an_error(monkeypatch):
    monkeypatch.setenv("BENCH_PYTHON", "/no/such/python")
    with pytest.raises(SystemExit, match="BENCH_PYTHON is '/no/such/python'"):
        check_interpreter()


def test_a_program_other_than_python_is_an_error():
    with pytest.raises(SystemExit, match="/bin/true is not a usable Python interpreter"):
        inspect_interpreter("/bin/true")


def test_missing_modules_are_named(monkeypatch):
    monkeypatch.setenv("BENCH_PYTHON", sys.executable)
    with pytest.raises(SystemExit, match="cannot import: No module named 'no_such'"):
        check_interpreter(["json", "no_such"])


def test_this_environment_can_be_measured(monkeypatch):
    monkeypatch.delenv("BENCH_PYTHON", raising=False)
    assert check_interpreter().problems == {}
