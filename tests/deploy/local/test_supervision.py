"""A real supervisord runs the configured programs and accepts calls."""

import json
import os
import xmlrpc.client
from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.supervision import SupervisordClient, write_configuration
from tests.conftest import wait_until
from tests.deploy.local.conftest import SLEEP, script

REPORT = """
import json, os, sys, time
print(json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)}), flush=True)
time.sleep(1000)
"""
ODD = "a%b %(here)s \"quoted\" 'single' back\\slash, comma; semicolon #hash"


def first_line(path: Path) -> dict:
    return json.loads(path.read_text().splitlines()[0])


def test_a_program_gets_its_arguments_and_environment_unchanged(supervise, tmp_path):
    folder = tmp_path / "100% #1 of 'it'; \"all\""
    home = Home(folder / "home")
    folder.mkdir()
    command = [*script(folder / "report.py", REPORT), "plain", "two words", 'a "b"', "c\\d;e", "%d"]
    program = Program("report", command, 10, {"ODD": ODD, "EMPTY": "", "LINES": "a\nb'"})
    running = supervise(home, [program])
    running.supervisor.start("report")
    log = home.logs / "report.log"
    wait_until(lambda: first_line(log), (OSError, IndexError))
    found = first_line(log)
    assert found["arguments"] == command[2:]
    assert found["environment"]["ODD"] == ODD
    assert found["environment"]["EMPTY"] == ""
    assert found["environment"]["LINES"] == "a\nb'"


def test_what_holds_an_environment_is_closed_to_others(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    write_configuration(home, [Program("one", ["true"], 10, {"SECRET": "x"})])
    for path in (home.configuration, home.run / "one.sh"):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def sleeping(supervise, tmp_path):
    """A supervisord with `one` and `two`, of which `one` runs."""
    command = script(tmp_path / "sleeper.py", SLEEP)
    home = Home(tmp_path / "home")
    running = supervise(home, [Program(name, command, 10) for name in ("one", "two")])
    running.start("one")
    return running


def test_programs_start_and_stop_when_asked(sleeping):
    supervisor = sleeping.supervisor
    assert supervisor.pid() == sleeping.process.pid
    assert [one["name"] for one in supervisor.processes()] == ["one", "two"]
    assert sleeping.state("two") == "STOPPED"
    supervisor.stop("one")
    sleeping.wait_for("one", "STOPPED")
    supervisor.stop("one")
    supervisor.stop("nobody")
    with pytest.raises(xmlrpc.client.Fault, match="BAD_NAME"):
        supervisor.start("nobody")


def test_a_restart_is_a_new_process(sleeping):
    def pid(name: str) -> int:
        return next(p["pid"] for p in sleeping.supervisor.processes() if p["name"] == name)

    before = pid("one")
    sleeping.supervisor.restart("one")
    assert pid("one") not in {0, before}
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    sleeping.supervisor.restart("two")
    assert pid("two") != 0


def test_a_shutdown_ends_everything(sleeping):
    (child,) = (p["pid"] for p in sleeping.supervisor.processes() if p["pid"])
    sleeping.supervisor.shutdown()
    assert sleeping.process.wait(20) == 0
    assert not sleeping.supervisor.is_running()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_home_without_a_supervisor(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    assert not SupervisordClient(home).is_running()
