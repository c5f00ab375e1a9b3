"""Runs PostgreSQL or Valkey in a container: `python -m deploy.images.server postgres`.

Reads POSTGRES_PASSWORD or VALKEY_PASSWORD, as their well-known images do.
"""

import os
import sys
from pathlib import Path

from deploy.local import embedded

DATA = Path("/data")
POSTGRES_PORT = 5432
VALKEY_PORT = 6379


def main() -> None:
    command = postgres() if sys.argv[1:] == ["postgres"] else valkey()
    os.execv(command[0], command)  # noqa: S606 - becomes the server


def postgres() -> list[str]:
    data = DATA / "postgres"
    embedded.create_cluster(data, os.environ["POSTGRES_PASSWORD"])
    rules = data / "pg_hba.conf"
    if "0.0.0.0/0" not in rules.read_text():
        with rules.open("a") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\nhost all all ::/0 scram-sha-256\n")
    return embedded.postgres_command(data, POSTGRES_PORT, {"listen_addresses": "*"})


def valkey() -> list[str]:
    configuration = DATA / "valkey.conf"
    embedded.write_valkey_configuration(
        configuration, DATA, VALKEY_PORT, os.environ["VALKEY_PASSWORD"]
    )
    return [*embedded.valkey_command(configuration), "--bind", "*"]


if __name__ == "__main__":
    main()
