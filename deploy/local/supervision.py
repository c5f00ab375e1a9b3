"""supervisord: its configuration, its start, and its XML-RPC interface."""

import contextlib
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.home import Home
from deploy.local.programs import Program

STOP_SECONDS = 12
WITHOUT_WAITING = False
CALL_ERRORS = (OSError, HTTPException, xmlrpc.client.Error)


def write_configuration(home: Home, programs: Iterable[Program]) -> None:
    """Write supervisord.conf and a start script for each program.

    Paths in supervisord.conf are relative to the home: the format has no escape for some
    characters, such as a `#` after a space.
    """
    inside = home.socket.is_relative_to(home.path)
    sections = [
        "[unix_http_server]",
        f"file={home.socket.relative_to(home.path) if inside else escape_value(str(home.socket))}",
        "chmod=0600",
        "[supervisord]",
        "logfile=logs/supervisord.log",
        "logfile_maxbytes=10MB",
        "logfile_backups=1",
        "pidfile=run/supervisord.pid",
        "childlogdir=logs",
        "nodaemon=true",
        "silent=true",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        write_script(home, program)
        sections += program_section(program)
    write_private(home.configuration, sections)


def write_script(home: Home, program: Program) -> None:
    """Write the shell script that sets the program's environment and executes it."""
    variables = program.environment.items()
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables]
    write_private(home.run / f"{program.name}.sh", [*lines, f"exec {shlex.join(program.command)}"])


def write_private(path: Path, lines: Iterable[str]) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")


def program_section(program: Program) -> list[str]:
    return [
        f"[program:{program.name}]",
        f"command=/bin/sh run/{program.name}.sh",
        f"priority={program.priority}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        "startretries=1000",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={STOP_SECONDS}",
        "redirect_stderr=true",
        f"stdout_logfile=logs/{program.name}.log",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=3",
    ]


def escape_value(text: str) -> str:
    return text.replace("%", "%%")


def start_supervisor(home: Home) -> "subprocess.Popen[bytes]":
    """Start supervisord in a separate session, which Ctrl-C does not reach.

    Its output goes to a file, so it does not keep the caller's terminal or pipe open.
    """
    home.socket.unlink(missing_ok=True)
    with (home.logs / "supervisord.err").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(home.configuration)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            cwd=home.path,
        )


class SupervisordClient:
    """Client of the supervisord of a home."""

    def __init__(self, home: Home) -> None:
        self._url = f"unix://{home.socket}"

    @property
    def _calls(self) -> Any:
        """The XML-RPC interface.

        Each call opens a connection, because a failed one is not reusable.
        """
        transport = SupervisorTransport(serverurl=self._url)
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
        return cast("Any", proxy).supervisor

    def is_running(self) -> bool:
        try:
            self._calls.getPID()
        except CALL_ERRORS:
            return False
        return True

    def pid(self) -> int:
        return int(self._calls.getPID())

    def processes(self) -> list[dict[str, Any]]:
        return list(self._calls.getAllProcessInfo())

    def start(self, name: str) -> None:
        self._calls.startProcess(name, WITHOUT_WAITING)

    def stop(self, name: str) -> None:
        """Request a program to stop. Do nothing if it is not running."""
        try:
            self._calls.stopProcess(name, WITHOUT_WAITING)
        except xmlrpc.client.Fault:
            return

    def restart(self, name: str) -> None:
        """Stop a program, wait for its end, and start it."""
        with contextlib.suppress(xmlrpc.client.Fault):
            self._calls.stopProcess(name)
        self._calls.startProcess(name)

    def shutdown(self) -> None:
        self._calls.shutdown()
