"""PostgreSQL and Valkey, run in place of their public images."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from deploy.images import server
from deploy.local import embedded
from deploy.local.home import free_port
from tests.conftest import wait_until

ROOT = Path(__file__).parents[3]
# Replaces the paths and ports of a container by those of the test.
PROGRAM = """
import sys
from pathlib import Path
from deploy.images import server
data, port = Path(sys.argv.pop()), int(sys.argv.pop())
server.POSTGRES_DATA = server.VALKEY_DATA = data
server.POSTGRES_PORT = server.VALKEY_PORT = port
server.main()
"""


@contextmanager
def running(data: Path, port: int, *arguments: str, **variables: str) -> Iterator[int]:
    """Run the program and yield its pid, which is then the server's."""
    command = [sys.executable, "-c", PROGRAM, *arguments, str(port), str(data)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | variables
    with (data / "server.log").open("ab") as log:
        process = subprocess.Popen(
            embedded.unprivileged(command), env=environment, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def test_postgres_listens_everywhere_with_its_database(copy_home, tmp_path):
    home, port = copy_home(tmp_path / "home"), free_port(set())
    home.postgres.rename(home.path / "cluster")
    password = home.secret("database_password")
    variables = {"POSTGRES_PASSWORD": password, "POSTGRES_DB": "shop"}
    url = embedded.postgres_url(port, password, "shop").replace("127.0.0.1", "127.0.0.2")
    for words in (["postgres"], ["postgres", "-c", "shared_buffers=1GB"]):
        with running(home.path, port, *words, **variables):
            wait_until(lambda: embedded.run_statement(url, "SELECT 1"), embedded.EmbeddedError)
            embedded.run_statement(url, "CREATE TABLE IF NOT EXISTS kept (n int)")
            assert embedded.run_statement(url, "SELECT count(*) FROM kept") == "0"
            assert embedded.run_statement(url, "SHOW shared_buffers") == "64MB"
    rules = (home.path / "cluster" / "pg_hba.conf").read_text().splitlines()
    assert rules.count("host all all 0.0.0.0/0 scram-sha-256") == 1
    assert rules.count("host all all ::/0 scram-sha-256") == 1


def test_valkey_listens_everywhere_with_its_password(tmp_path):
    port = free_port(set())
    with running(tmp_path, port, "valkey-server", "--save", "60 1", VALKEY_PASSWORD="one"):
        wait_until(lambda: socket.create_connection(("127.0.0.2", port)).close(), OSError)
        with redis.Redis(host="127.0.0.2", port=port, password="one") as client:
            assert client.config_get("save") == {"save": ""}
        with (
            redis.Redis(port=port, retry=None) as anonymous,
            pytest.raises(redis.exceptions.AuthenticationError),
        ):
            anonymous.ping()


@pytest.mark.parametrize("arguments", [[], ["mysqld"]])
def test_a_server_that_is_not_there(arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["server", *arguments])
    with pytest.raises(SystemExit, match=r"^server: name one of postgres, valkey-server\.$"):
        server.main()
