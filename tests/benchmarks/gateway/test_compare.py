"""The comparison of two checkouts: order, environment, and output."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.gateway.compare import (
    make_environment,
    order_of,
    print_comparison,
    read_result,
    run_benchmark,
    run_pairs,
)
from tests.benchmarks.processes import ROOT

ENTRY = "tests/benchmarks/gateway/__main__.py"


def make_checkout(folder: Path, program: str) -> Path:
    """Create a checkout with this program as its benchmark."""
    entry = folder / ENTRY
    entry.parent.mkdir(parents=True)
    entry.write_text(program)
    return folder


def test_each_second_pair_begins_with_the_other_side():
    sides = {"base": Path("a"), "this": Path("b")}
    orders = [list(order_of(turn, sides)) for turn in range(3)]
    assert orders == [["base", "this"], ["this", "base"], ["base", "this"]]


def test_a_run_imports_from_its_checkout_alone():
    environment = make_environment(
        Path("/a"), {"PYTHONPATH": "/b", "BENCH_PYTHON": "/python", "HOME": "/home"}
    )
    assert environment == {
        "PYTHONPATH": os.pathsep.join(["/a", "/a/protos/gen"]),
        "HOME": "/home",
    }


def test_reads_the_last_line():
    assert read_result('a table\n{"get": 1.5}\n', 0) == {"get": 1.5}


@pytest.mark.parametrize(
    ("output", "status"), [('{"get": 1.5}', 1), ("", 0), ("a table", 0), ("[1]", 0)]
)
def test_refuses_a_run_that_failed(output, status):
    with pytest.raises(ValueError, match=f"status {status}"):
        read_result(output, status)


@pytest.mark.parametrize(("get", "status", "worse"), [(1.0, 0, []), (1.5, 1, ["get"])])
def test_the_status_is_1_if_a_key_is_worse(capsys, get, status, worse):
    assert print_comparison([({"get": 1.0}, {"get": get})] * 3) == status
    *_, last = capsys.readouterr().out.splitlines()
    summary = json.loads(last)
    assert (summary["pairs"], summary["worse"]) == (3, worse)


def test_runs_the_code_of_the_checkout(tmp_path):
    checkout = make_checkout(
        tmp_path,
        "import json, os, sys\n"
        'print("a table")\n'
        'print(json.dumps({"cwd": os.getcwd(), "file": __file__, "options": sys.argv[1:]}))\n',
    )
    assert run_benchmark(checkout, ["--rounds", "1"]) == {
        "cwd": str(tmp_path),
        "file": str(tmp_path / ENTRY),
        "options": ["--rounds", "1"],
    }


def test_a_failed_run_is_reported_with_its_output(tmp_path):
    checkout = make_checkout(tmp_path, 'print("no luck")\nraise SystemExit(3)\n')
    with pytest.raises(SystemExit, match=r"(?s)failed: status 3, output: no luck"):
        run_pairs(checkout, 1, [])


def test_a_run_is_stopped_in_order_with_the_comparison(tmp_path):
    """SIGTERM to the comparison stops a waiting run, which cleans up; both exit."""
    checkout = make_checkout(
        tmp_path,
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
        "try:\n"
        '    pathlib.Path("started").touch()\n'
        "    time.sleep(60)\n"
        "finally:\n"
        '    pathlib.Path("cleaned").touch()\n',
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")])
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.gateway.compare", str(checkout)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 30
        while not (checkout / "started").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM
    assert (checkout / "cleaned").exists()
