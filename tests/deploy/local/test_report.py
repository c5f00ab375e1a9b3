"""The processes of a mesh and their memory."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from deploy.local.home import Home
from deploy.local.programs import Program
from deploy.local.report import (
    MIB,
    MeshReport,
    ProcessRow,
    make_report,
    measure_process,
    process_memory,
)
from tests.deploy.local.conftest import SLEEP, script

ROWS = [
    ProcessRow("supervisor", "RUNNING", 10, 61, 20 * MIB, python=True),
    ProcessRow("postgres", "RUNNING", 11, 60, 100 * MIB, python=False),
    ProcessRow("users", "STOPPED", 0, 0, 0, python=True),
]


def test_a_report_as_text():
    assert MeshReport(ROWS).as_text().splitlines() == [
        "MODULE      STATE          PID    UPTIME      MEMORY",
        "supervisor  RUNNING         10      61 s    20.0 MiB",
        "postgres    RUNNING         11      60 s   100.0 MiB",
        "users       STOPPED          -       0 s     0.0 MiB",
        "Python processes: 20.0 MiB PSS",
    ]


def test_a_report_as_json():
    found = MeshReport(ROWS).as_dict()
    assert found["pythonBytes"] == 20 * MIB
    assert found["modules"][1] == {
        "module": "postgres",
        "state": "RUNNING",
        "pid": 11,
        "uptime_seconds": 60,
        "memory_bytes": 100 * MIB,
        "python": False,
    }


def test_a_mesh_runs_when_all_of_it_runs():
    assert MeshReport(ROWS[:2]).running
    assert not MeshReport(ROWS).running
    assert not MeshReport([]).running


def test_a_home_in_which_nothing_runs(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    assert make_report(home) == MeshReport([])


def test_programs_that_run_and_do_not(supervise, tmp_path):
    command = script(tmp_path / "sleeper.py", SLEEP)
    programs = [Program(name, command, 10) for name in ("users", "valkey", "payments")]
    running = supervise(Home(tmp_path / "home"), programs)
    running.start("users", "valkey")
    rows = {row.module: row for row in make_report(running.home).rows}
    assert list(rows) == ["supervisor", "payments", "users", "valkey"]
    assert rows["supervisor"].pid == running.process.pid
    assert (rows["payments"].state, rows["payments"].pid) == ("STOPPED", 0)
    assert [row.python for row in rows.values()] == [True, True, True, False]
    assert rows["users"].memory_bytes > MIB
    assert not make_report(running.home).running


def test_a_process_that_is_gone():
    assert measure_process(0) == (0, 0)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait(20)
    assert measure_process(process.pid) == (0, 0)


def test_uptime_and_memory_of_a_process():
    uptime, memory = measure_process(os.getpid())
    assert uptime == pytest.approx(time.time() - psutil.Process().create_time(), abs=2)
    assert memory > 10 * MIB


@pytest.mark.usefixtures("postgres_port")
def test_postgres_is_measured_with_its_children(scratch):
    pid = int((scratch / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    main = psutil.Process(pid)
    children = main.children()
    assert children
    assert measure_process(pid)[1] > process_memory(main) + process_memory(children[0]) / 2
