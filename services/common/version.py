"""The version of Libral Core, which each process reports."""

import tomllib
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def read_version() -> str:
    """Return the version of the installed package, or else of the source tree."""
    try:
        return metadata.version("libral-core")
    except metadata.PackageNotFoundError:
        return str(tomllib.loads(PROJECT.read_text())["project"]["version"])


VERSION = read_version()
