"""The version is that of the project, installed or not."""

import tomllib
from importlib import metadata

from services.common import version


def test_the_version_of_the_source_tree():
    project = tomllib.loads(version.PROJECT.read_text())["project"]
    assert version.read_version() == project["version"] == version.VERSION


def test_the_version_of_an_installed_package(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda _: "9.9.9")
    assert version.read_version() == "9.9.9"
