"""Every module has a namesake test, or no branch to test."""

import pytest

from tests.tidy.sources import ROOT, modules

# Modules without a namesake test: at most 15, none with a branch.
UNTESTED = {
    "dashboard/text/analytics.py": "constants",
    "dashboard/text/navigation.py": "constants",
    "dashboard/text/overview.py": "constants",
    "dashboard/text/sign_in.py": "constants",
    "services/telegram/text.py": "constants",
}


def test_every_module_has_a_namesake_test():
    missing = [
        str(module.path)
        for module in modules()
        if module.path.stem != "__init__" and not (ROOT / module.test).exists()
    ]
    assert sorted(missing) == sorted(UNTESTED)


def test_packages_hold_no_code():
    """A package's `__init__` imports and documents; it has no namesake test."""
    packages = [module for module in modules() if module.path.stem == "__init__"]
    assert not [str(module.path) for module in packages if module.branches or module.functions]


@pytest.mark.parametrize("path", UNTESTED)
def test_modules_without_a_test_have_no_branch(path):
    (module,) = [module for module in modules() if str(module.path) == path]
    assert module.branches == 0


def test_the_list_stays_short():
    assert len(UNTESTED) <= 15
    assert all(UNTESTED.values())
