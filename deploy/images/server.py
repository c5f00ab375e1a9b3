"""Run PostgreSQL or Valkey in a container, in place of their public images.

Accepts the same command, volumes and password variables as the public images. Only the first word
of the command is used: `postgres` or `valkey-server`.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local import embedded

POSTGRES_DATA = Path("/var/lib/postgresql")
VALKEY_DATA = Path("/data")
POSTGRES_PORT = 5432
VALKEY_PORT = 6379


def main() -> None:
    servers = {"postgres": postgres, "valkey-server": valkey}
    if len(sys.argv) < 2 or sys.argv[1] not in servers:  # noqa: PLR2004 - the program and one argument
        sys.exit(f"server: name one of {', '.join(servers)}.")
    command = servers[sys.argv[1]]()
    os.execv(command[0], command)  # noqa: S606 - replaces this process by the server


def postgres() -> list[str]:
    data = POSTGRES_DATA / "cluster"
    embedded.create_cluster(data, os.environ["POSTGRES_PASSWORD"])
    create_container_database(data, os.environ["POSTGRES_DB"])
    rules = data / "pg_hba.conf"
    if "0.0.0.0/0" not in rules.read_text():
        with rules.open("a") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\nhost all all ::/0 scram-sha-256\n")
    return embedded.postgres_command(data, POSTGRES_PORT, {"listen_addresses": "*"})


def create_container_database(data: Path, name: str) -> None:
    """Create the database, unless it exists, before the server listens."""
    command = [embedded.postgres_binary("postgres"), "--single", "-D", str(data), "postgres"]
    subprocess.run(
        command, input=f"CREATE DATABASE {name};\n", text=True, check=True, capture_output=True
    )


def valkey() -> list[str]:
    configuration = VALKEY_DATA / "valkey.conf"
    embedded.write_valkey_configuration(
        configuration, VALKEY_DATA, VALKEY_PORT, os.environ["VALKEY_PASSWORD"]
    )
    return [*embedded.valkey_command(configuration), "--bind", "*"]


if __name__ == "__main__":
    main()
