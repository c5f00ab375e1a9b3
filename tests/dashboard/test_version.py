import tomllib

from dashboard.version import PROJECT, VERSION


def test_the_version_is_that_of_the_project():
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == VERSION
