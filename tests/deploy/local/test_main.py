"""`libral`: the output and status of each verb, and one-line errors."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local import embedded
from deploy.local.home import Home, free_port
from deploy.local.programs import PORTS, Program
from tests.deploy.local.conftest import SLEEP, PartialMesh, script

ROOT = Path(__file__).parents[3]
VERIFIED = 0
NOT_VERIFIED = 2


def run(
    home: Path | str, *arguments: str, unprivileged: bool = False, **changes: str
) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])
    environment = os.environ | {"LIBRAL_HOME": str(home), "PYTHONPATH": paths} | changes
    command = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(
        embedded.unprivileged(command) if unprivileged else command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_up(
    home: Path | str, *, unprivileged: bool = False, **changes: str
) -> subprocess.CompletedProcess[str]:
    ports = {f"LIBRAL_{name}_PORT": str(free_port(set())) for name in ("GATEWAY", "DASHBOARD")}
    return run(home, "up", unprivileged=unprivileged, **(ports | changes))


def run_in(mesh: PartialMesh, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(mesh.home.path, *arguments, **mesh.environment)


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the single error line of a failed run."""
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = error_line(run_up(tmp_path, LIBRAL_GATEWAY_PORT=port))
    assert port in line
    assert "LIBRAL_GATEWAY_PORT" in line


@pytest.mark.parametrize("port", ["many", "0", "65536", "-1"])
def test_a_port_that_is_none(tmp_path, port):
    assert "LIBRAL_DASHBOARD_PORT" in error_line(run_up(tmp_path, LIBRAL_DASHBOARD_PORT=port))


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x", "postgresql://127.0.0.1:9/x"])
def test_a_broken_database_url(tmp_path, url):
    assert "DATABASE_URL" in error_line(run_up(tmp_path, DATABASE_URL=url))


def test_a_home_that_cannot_be_written():
    assert "/dev/null/home" in error_line(run_up("/dev/null/home"))


@pytest.mark.parametrize("closed", [".", "home", "home/run", "home/secrets"])
def test_a_home_without_write_access(tmp_path, closed):
    Home(tmp_path / "home").prepare()
    home = tmp_path / ("new" if closed == "." else "home")
    (tmp_path / closed).chmod(0o500)
    line = error_line(run_up(home, unprivileged=True))
    assert str(home) in line
    assert "Permission denied" in line


VERBS_WITHOUT_A_MESH = [
    (("password",), r"There is no password in "),
    (("logs",), r"There are no logs in "),
    (("logs", "users"), r"There are no logs in "),
    (("restart", "users"), r"No mesh runs in "),
    (("events", "verify"), r"There is no mesh in "),
    (("deadletters", "list"), r"There is no mesh in "),
]


@pytest.mark.parametrize(("verb", "line"), VERBS_WITHOUT_A_MESH)
def test_verbs_that_need_a_mesh(tmp_path, verb, line):
    done = run(tmp_path, *verb)
    assert done.returncode == 1
    assert error_line(done).startswith(f"libral: {line}{tmp_path}")


def test_verbs_that_need_none(tmp_path):
    for home in (tmp_path, tmp_path / "new"):
        done = run(home, "down")
        assert (done.returncode, done.stdout) == (0, f"No mesh runs in {home}.\n")
        done = run(home, "status", "--json")
        assert done.returncode == 3
        assert json.loads(done.stdout) == {"modules": [], "pythonBytes": 0}
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("arguments", [[], ["dance"], ["restart", "nobody"], ["deadletters"]])
def test_an_unknown_verb(tmp_path, arguments):
    assert run(tmp_path, *arguments).returncode == 2


def test_a_second_up(mesh):
    assert error_line(run_in(mesh, "up")).startswith(
        f"libral: The mesh in {mesh.home.path} runs already"
    )


def test_status_shows_what_runs(mesh):
    done = run_in(mesh, "status")
    assert done.returncode == 0
    modules = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"MODULE", "supervisor", "postgres", "valkey", "users", "dashboard"} < set(modules)
    report = json.loads(run_in(mesh, "status", "--json").stdout)
    assert {"RUNNING"} == {module["state"] for module in report["modules"]}
    assert report["pythonBytes"] > 0


def test_logs_are_those_of_a_module_or_of_all(mesh):
    one = run_in(mesh, "logs", "users")
    assert one.returncode == 0
    lines = one.stdout.splitlines()
    assert 0 < len(lines) <= 50
    assert set(lines) <= set((mesh.home.logs / "users.log").read_text().splitlines())
    every = run_in(mesh, "logs").stdout
    for name in ("postgres", "users", "gateway"):
        assert f"==> {mesh.home.logs / name}.log <==" in every


def test_a_module_is_restarted(mesh):
    def pid() -> int:
        report = json.loads(run_in(mesh, "status", "--json").stdout)
        return next(one["pid"] for one in report["modules"] if one["module"] == "payments")

    before = pid()
    done = run_in(mesh, "restart", "payments")
    assert (done.returncode, done.stdout) == (0, "payments was restarted.\n")
    assert pid() not in {0, before}


def test_the_password_is_that_of_the_home_or_of_the_environment(mesh):
    password = mesh.home.secret("admin_password")
    assert run_in(mesh, "password").stdout == f"{password}\n"
    given = run(mesh.home.path, "password", LIBRAL_ADMIN_PASSWORD="given")
    assert given.stdout == "given\n"


def test_the_log_is_verified_while_the_mesh_runs(mesh):
    done = run_in(mesh, "events", "verify", "--json")
    assert done.returncode == VERIFIED, done.stderr
    assert json.loads(done.stdout)


def test_the_log_is_verified_in_a_database_that_does_not_run(copy_home, tmp_path):
    home = copy_home(tmp_path / "home")
    home.ports(PORTS)
    done = run(home.path, "events", "verify")
    # The cluster has neither a log nor the mesh's database.
    assert done.returncode == NOT_VERIFIED
    assert not (home.postgres / "postmaster.pid").exists()


def test_dead_letters(mesh):
    url = embedded.postgres_url(mesh.plan.ports["postgres"], mesh.home.secret("database_password"))
    embedded.run_statement(url, "DELETE FROM events.letters")
    assert run_in(mesh, "deadletters", "list").stdout == "There are no dead letters.\n"
    assert run_in(mesh, "deadletters", "list", "--json").stdout == ""
    values = "'payments', n, 'a.b', 'no', 5, 1, now(), now() FROM generate_series(1001, 1002) AS n"
    embedded.run_statement(url, f"INSERT INTO events.letters SELECT {values}")
    listed = run_in(mesh, "deadletters", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in listed] == [
        "deadLetters/payments-1002",
        "deadLetters/payments-1001",
    ]
    done = run_in(mesh, "deadletters", "retry", "payments-1001", "payments-1002")
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["payments-1001", "RETRYING"],
        ["payments-1002", "RETRYING"],
    ]
    refused = run_in(mesh, "deadletters", "discard", "payments-1001")
    assert "deadLetters/payments-1001" in error_line(refused)


def test_down_stops_everything(supervise, tmp_path):
    home = Home(tmp_path / "home")
    running = supervise(home, [Program("users", script(tmp_path / "sleeper.py", SLEEP), 10)])
    running.start("users")
    (pid,) = (one["pid"] for one in running.supervisor.processes())
    # An unreaped supervisord stays in the process table.
    reaper = threading.Thread(target=running.process.wait)
    reaper.start()
    done = run(home.path, "down")
    reaper.join(20)
    assert (done.returncode, done.stdout) == (0, "Stopped.\n")
    for gone in (pid, running.process.pid):
        with pytest.raises(ProcessLookupError):
            os.kill(gone, 0)


def test_a_program_that_does_not_restart(supervise, tmp_path):
    home = Home(tmp_path / "home")
    supervise(home, [Program("users", script(tmp_path / "fail.py", "raise SystemExit(1)"), 10)])
    line = error_line(run(home.path, "restart", "users"))
    assert line.startswith("libral: users does not restart: ")


def test_ctrl_c_ends_a_verb(mesh):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])
    environment = os.environ | {"LIBRAL_HOME": str(mesh.home.path), "PYTHONPATH": paths}
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.local", "logs", "users", "--follow"],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as program:
        assert program.stdout.readline()
        os.killpg(program.pid, signal.SIGINT)
        assert program.wait(20) == 130
