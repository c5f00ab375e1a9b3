"""Fixtures: the running metrics service, and the dependencies of its parts."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from libral.metrics.v1 import metrics_pb2_grpc as contract
from sqlalchemy import MetaData, text

from deploy.local import embedded
from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import SupervisordClient, start_supervisor, write_configuration
from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.events.outbox import Outbox
from services.metrics.__main__ import build
from services.metrics.storage.tables import METADATA
from tests.conftest import PASSWORD, maintenance_url
from tests.services.metrics.helpers import serve_page

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = [table.name for table in METADATA.tables.values()]


@pytest.fixture
def environment(redis_url) -> dict[str, str]:
    return {"REDIS_URL": redis_url}


@pytest.fixture
async def service(mesh, environment):
    return await mesh.start("metrics", build, environment)


@pytest.fixture
def channel(mesh, service):
    return mesh.channel(service)


@pytest.fixture
def metrics(channel):
    return contract.MetricServiceStub(channel)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def metrics_url(postgres_port: int) -> Iterator[str]:
    """A database with the schema of the service. Tests that use `store` share it."""
    name = f"metrics_{uuid4().hex}"
    embedded.run_statement(maintenance_url(postgres_port), f"CREATE DATABASE {name}")
    url = embedded.postgres_url(postgres_port, PASSWORD, name)
    asyncio.run(migrate.migrate_schema("metrics", url))
    yield url
    embedded.run_statement(maintenance_url(postgres_port), f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Store:
    """The database, outbox and clock of the use cases, at a fixed time."""

    database: Database
    outbox: Outbox
    clock: FixedClock


@pytest.fixture
async def store(metrics_url, clock):
    """The empty database of the service, without a running service."""
    database = Database(metrics_url)
    tables = ", ".join(f"metrics.{name}" for name in (*TABLES, "outbox"))
    async with database.transaction() as connection:
        await connection.execute(text(f"TRUNCATE {tables}"))
    yield Store(database, Outbox(KernelTables.of(MetaData(schema="metrics")), clock), clock)
    await database.close()


@pytest.fixture
async def page():
    async with serve_page() as page:
        yield page


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A supervisord with one sleeping program."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv("PYTHONPATH", "")
    home.prepare()
    sleeper = [sys.executable, "-c", "import time; time.sleep(1000)"]
    script = tmp_path / "sleeper.py"
    script.write_text("import time\ntime.sleep(1000)\n")
    write_configuration(home, [Program("sleeper", [sleeper[0], str(script)], 10)])
    process: subprocess.Popen = start_supervisor(home)
    supervisor = SupervisordClient(home)
    deadline = time.monotonic() + 10
    while not supervisor.is_running():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    supervisor.start("sleeper")
    yield home
    supervisor.shutdown()
    process.wait(15)
