"""Every service has the same modules, and file names are unique in the gateway."""

from collections import Counter
from pathlib import Path

from tests.tidy.sources import ROOT, modules

SERVICES = ("users", "payments", "events", "metrics", "telegram")
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
