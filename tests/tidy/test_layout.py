"""Services have the same modules and are in each list. File names are unique in the gateway."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from dashboard.text import common
from deploy.images import builder
from deploy.local.programs import EDGE, SERVERS, SERVICES
from services.metrics import config
from services.telegram import text
from tests.tidy.sources import ROOT, modules

LAYOUT = {
    "__init__",
    "__main__",
    "config",
    "domain",
    "service",
    "storage",
    "servicer",
    "reactions",
    "workers",
    "adapters",
    "text",
    "migrations",
}
# The offline verification of the event log is a separate program.
PROGRAMS = {Path("services/events/verify.py")}
MODULES = {*SERVICES, *EDGE, *SERVERS}
# Import rules that list the services, and the field of the list.
RULES = {
    "Every service has the same layout": "containers",
    "The kernel names no service": "forbidden_modules",
    "The dashboard knows only the gateway's HTTP and WebSocket": "forbidden_modules",
}
GATEWAY_ROOT = {"__init__", "__main__", "app", "context", "settings"}


def names_in(folder: str) -> set[str]:
    """Return the names of the modules and packages directly in a folder."""
    names = set()
    for module in modules():
        if module.path.is_relative_to(folder) and module.path not in PROGRAMS:
            first = module.path.relative_to(folder).parts[0]
            names.add(first.removesuffix(".py"))
    return names


def test_services_have_no_module_outside_of_the_layout():
    outside = {service: names_in(f"services/{service}") - LAYOUT for service in SERVICES}
    assert not {service: names for service, names in outside.items() if names}


def test_services_are_the_only_folders_beside_kernel_and_common():
    folders = {
        path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()
    }
    assert folders == {*SERVICES, "kernel", "common"}


def test_services_have_images_locks_and_a_monitor():
    locked = re.findall(r"^SERVICES := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(SERVICES) == set(builder.SERVICES) == set(config.SERVICES)
    assert set(SERVICES) == set(locked[0].split())


def test_services_run_in_containers():
    compose = (ROOT / "deploy" / "compose.yaml").read_text()
    images = re.findall(r"^    image: libral/(\w+)$", compose, re.MULTILINE)
    assert set(images) == {*SERVICES, *EDGE}
    targets = re.findall(r"^  LIBRAL_\w+_TARGET: (\w+):50051$", compose, re.MULTILINE)
    assert set(targets) == set(SERVICES)


def test_services_have_names_on_the_dashboard_and_in_the_bot():
    assert common.MODULE_NAMES.keys() == text.MODULES.keys() == MODULES


@pytest.mark.parametrize(("name", "field"), RULES.items())
def test_import_rules_list_every_service(name, field):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (rule,) = [one for one in project["tool"]["importlinter"]["contracts"] if one["name"] == name]
    assert {f"services.{service}" for service in SERVICES} <= set(rule[field])


def test_file_names_are_unique_within_the_gateway():
    names = Counter(
        module.path.name
        for module in modules()
        if module.path.parts[0] == "gateway" and module.path.name != "__init__.py"
    )
    assert not [name for name, count in names.items() if count > 1]


def test_the_root_of_the_gateway_holds_its_public_face_only():
    files = {path.stem for path in (ROOT / "gateway").glob("*.py")}
    assert files == GATEWAY_ROOT


def test_shared_packages_are_empty():
    for package in ("services", "services/common"):
        assert (ROOT / package / "__init__.py").read_text() == ""
