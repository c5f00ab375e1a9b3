"""Real servers for all tests, one PostgreSQL and one Valkey per run, and a real browser."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.local import embedded
from deploy.local.home import free_port
from tests.mesh import Mesh

# The duration of an example depends on the machine's load.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

PASSWORD = "test"
WAIT_SECONDS = 30
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder with a short path, for data and sockets."""
    path = Path(tempfile.mkdtemp(prefix="libral-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_port(scratch: Path) -> Iterator[int]:
    """The port of a PostgreSQL server."""
    data, port = scratch / "postgres", free_port(set())
    embedded.create_cluster(data, PASSWORD)
    command = embedded.postgres_command(data, port, {"fsync": "off", "log_min_messages": "fatal"})
    with (scratch / "postgres.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    wait_until(
        lambda: embedded.run_statement(maintenance_url(port), "SELECT 1"), embedded.EmbeddedError
    )
    yield port
    server.terminate()
    server.wait(WAIT_SECONDS)


@pytest.fixture
def database_url(postgres_port: int) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = f"test_{uuid4().hex}"
    embedded.run_statement(maintenance_url(postgres_port), f"CREATE DATABASE {name}")
    yield embedded.postgres_url(postgres_port, PASSWORD, name)
    embedded.run_statement(maintenance_url(postgres_port), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def valkey_port(scratch: Path) -> Iterator[int]:
    """The port of a Valkey server."""
    port, configuration = free_port(set()), scratch / "valkey.conf"
    embedded.write_valkey_configuration(configuration, scratch, port, PASSWORD)
    with (scratch / "valkey.log").open("wb") as log:
        server = subprocess.Popen(embedded.valkey_command(configuration), stdout=log, stderr=log)
    client = redis.Redis.from_url(embedded.valkey_url(port, PASSWORD))
    wait_until(client.ping, redis.exceptions.ConnectionError)
    client.close()
    yield port
    server.terminate()
    server.wait(WAIT_SECONDS)


@pytest.fixture
def redis_url(valkey_port: int) -> str:
    """The URL of a Valkey server without keys."""
    url = embedded.valkey_url(valkey_port, PASSWORD)
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


def maintenance_url(port: int) -> str:
    return embedded.postgres_url(port, PASSWORD, "postgres")


def wait_until(attempt, failure: type[Exception]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            attempt()
        except failure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "The browser tests need Chromium: run `make browser`."
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


@pytest.fixture
def page(mesh: Mesh, browser: Browser) -> Iterator[Page]:
    """A page of a signed-in operator, at the overview."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ja-JP")
    page = context.new_page()
    sign_in(page, mesh)
    yield page
    context.close()


def sign_in(page: Page, mesh: Mesh) -> None:
    """Sign in as admin and wait for a value on the overview."""
    page.goto(f"{mesh.dashboard}/")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", mesh.password)
    page.click("button[type=submit]")
    page.wait_for_selector(".tile .value:not(.none)")
