"""The mesh under test: a real mesh behind proxies, with clocks that faults can move."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from deploy.local import embedded, runner
from deploy.local.home import Home, free_port
from deploy.local.programs import PORTS, SERVICES, Plan, Program, make_programs
from deploy.local.supervision import (
    CALL_ERRORS,
    SupervisordClient,
    start_supervisor,
    write_configuration,
)
from tests.fakes import botapi
from tests.faults.clock import write_offset
from tests.faults.proxy import Proxy
from tests.faults.schedule import SERVERS, TWINS
from tests.faults.service import CLOCK, MUTATION

PASSWORD = "correct horse battery staple"
START_SECONDS = 60.0
POLL_SECONDS = 0.1


class Running:
    """A stop signal that is never received."""

    received = False


@dataclass(frozen=True)
class FaultMesh:
    """A running mesh."""

    home: Home
    plan: Plan
    supervisor: SupervisordClient
    proxies: dict[str, Proxy]
    twin_ports: dict[str, int]
    bot: botapi.FakeBotApi

    @property
    def gateway(self) -> str:
        return self.plan.gateway_url

    @property
    def database_url(self) -> str:
        """The URL of PostgreSQL itself, not of its proxy."""
        port = self.plan.ports["postgres"]
        return embedded.postgres_url(port, self.home.secret("database_password"))

    @property
    def cache_url(self) -> str:
        """The URL of Valkey itself, not of its proxy."""
        return embedded.valkey_url(self.plan.ports["valkey"], self.home.secret("cache_password"))

    @property
    def events_targets(self) -> tuple[str, str]:
        """The addresses of both processes of the events service."""
        return self.address("events"), self.address("events-2")

    def address(self, program: str) -> str:
        return f"127.0.0.1:{(self.plan.ports | self.twin_ports)[program]}"

    def clock(self, program: str) -> Path:
        return clock_path(self.home, program)

    def pids(self) -> dict[str, int]:
        """Return the pid of each program. It is 0 if the program does not run."""
        try:
            return {str(one["name"]): int(one["pid"]) for one in self.supervisor.processes()}
        except CALL_ERRORS:
            return {}

    def states(self) -> dict[str, str]:
        return {str(one["name"]): str(one["statename"]) for one in self.supervisor.processes()}

    def family(self, program: str) -> list[psutil.Process]:
        """Return the processes of a program, parent first. PostgreSQL has many."""
        pid = self.pids().get(program, 0)
        try:
            parent = psutil.Process(pid) if pid else None
            return [parent, *parent.children(recursive=True)] if parent else []
        except psutil.Error:
            return []

    def all_processes(self) -> list[psutil.Process]:
        return [process for name in self.pids() for process in self.family(name)]

    def resume(self) -> None:
        """Continue all processes that a fault has stopped."""
        for process in self.all_processes():
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)


@contextlib.asynccontextmanager
async def running_mesh(mutation: str = "", keep: Path | None = None) -> AsyncIterator[FaultMesh]:
    """Run a mesh in a temporary folder inside the context.

    The logs are copied to `keep` at the end.
    """
    path = Path(tempfile.mkdtemp(prefix="libral-faults-"))
    try:
        async with botapi.serve_bot_api() as bot:
            os.environ["TELEGRAM_BOT_TOKEN"] = botapi.TOKEN
            os.environ["TELEGRAM_WEBHOOK_SECRET"] = botapi.SECRET
            os.environ["TELEGRAM_API_BASE"] = bot.url
            os.environ["LIBRAL_ADMIN_PASSWORD"] = PASSWORD
            home = Home(path)
            home.prepare()
            mesh = make_mesh(home, bot)
            for proxy in mesh.proxies.values():
                await proxy.start()
            try:
                await asyncio.to_thread(start, mesh, mutation)
                yield mesh
            finally:
                mesh.resume()
                await asyncio.to_thread(runner.stop_mesh, home)
                for proxy in mesh.proxies.values():
                    await proxy.close()
    finally:
        if keep is not None and (path / "logs").exists():
            shutil.copytree(path / "logs", keep, dirs_exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)


def make_mesh(home: Home, bot: botapi.FakeBotApi) -> FaultMesh:
    ports = home.ports(PORTS)
    taken = set(ports.values())

    def port() -> int:
        taken.add(found := free_port(taken))
        return found

    proxies = {name: Proxy(port(), ports[name]) for name in SERVERS}
    plan = Plan(
        host="127.0.0.1",
        gateway_port=port(),
        dashboard_port=port(),
        ports=ports,
        database_url=embedded.postgres_url(
            proxies["postgres"].port, home.secret("database_password")
        ),
        redis_url=embedded.valkey_url(proxies["valkey"].port, home.secret("cache_password")),
        embedded_database=True,
        embedded_cache=True,
    )
    return FaultMesh(
        home, plan, SupervisordClient(home), proxies, {name: port() for name in TWINS}, bot
    )


def start(mesh: FaultMesh, mutation: str) -> None:
    """Start everything as `libral up` does, and second processes of some services."""
    home, plan = mesh.home, mesh.plan
    runner.prepare_servers(home, plan)
    programs = {program.name: program for program in make_programs(home, plan)}
    for twin, service in TWINS.items():
        listen = {f"LIBRAL_{service.upper()}_LISTEN": mesh.address(twin)}
        programs[twin] = with_environment(replace(programs[service], name=twin), listen)
        both = {f"LIBRAL_{service.upper()}_TARGET": f"{mesh.address(service)},{mesh.address(twin)}"}
        programs["gateway"] = with_environment(programs["gateway"], both)
    for name in (*SERVICES, *TWINS):
        programs[name] = altered(home, programs[name], mutation)
    write_configuration(home, programs.values())
    # The checks read all log lines, so logs are not rotated.
    content = home.configuration.read_text().replace("maxbytes=10MB", "maxbytes=0")
    home.configuration.write_text(content)
    start_supervisor(home)
    stopped: Any = Running()
    runner.start_mesh(home, plan, mesh.supervisor, stopped)
    for twin in TWINS:
        mesh.supervisor.start(twin)


def altered(home: Home, program: Program, mutation: str) -> Program:
    """Return a service's program with the harness as its entry point."""
    write_offset(clock_path(home, program.name), 0)
    command = [sys.executable, "-m", "tests.faults.service", TWINS.get(program.name, program.name)]
    clock = {CLOCK: str(clock_path(home, program.name)), MUTATION: mutation}
    return with_environment(replace(program, command=command), clock)


def with_environment(program: Program, more: dict[str, str]) -> Program:
    return replace(program, environment=program.environment | more)


def clock_path(home: Home, program: str) -> Path:
    return home.run / f"{program}.clock"
