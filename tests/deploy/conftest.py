"""A prepared home with a database cluster, made once and copied by tests."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import embedded
from deploy.local.home import Home


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Home:
    """A home with folders, secrets and an unused cluster. Do not change it."""
    home = Home(tmp_path_factory.mktemp("deploy") / "home")
    home.prepare()
    embedded.create_cluster(home.postgres, home.secret("database_password"))
    return home


@pytest.fixture(scope="session")
def copy_home(template: Home) -> Callable[[Path], Home]:
    """Return a function that copies the template to a path."""

    def copy(path: Path) -> Home:
        shutil.copytree(template.path, path)
        return Home(path)

    return copy
