"""The mesh starts in order, with time limits and reported errors, and stops in order."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from deploy.local import embedded, runner
from deploy.local.home import Home, HomeError, free_port
from deploy.local.programs import EDGE, SERVERS, SERVICES, Plan, Program
from deploy.local.runner import RunError, StartupMonitor, StopSignal
from deploy.local.supervision import SupervisordClient
from tests.deploy.local.conftest import kept_signals, script

FAIL = "print('first')\nprint('the reason')\nprint()\nraise SystemExit(3)\n"
NOTE_END = """
import signal, sys, time
def end(*_):
    with open("order", "a") as file:
        print(sys.argv[1], file=file)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def prepared(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def database_url_of(mesh) -> str:
    password = mesh.home.secret("database_password")
    return embedded.postgres_url(mesh.plan.ports["postgres"], password)


def test_a_mesh_starts_in_order_and_prints_its_progress(mesh):
    lines = mesh.printed.splitlines()
    assert lines[:5] == [
        "Waiting for supervisor…",
        "Waiting for postgres…",
        "Waiting for valkey…",
        "Waiting for the services…",
        "Waiting for dashboard…",
    ]
    assert lines[5].startswith("Ready after ")
    assert lines[6].startswith(f"Dashboard: {mesh.plan.dashboard_url} ")
    states = {str(one["name"]): one["pid"] for one in SupervisordClient(mesh.home).processes()}
    assert states.keys() == {*SERVERS, *SERVICES, *EDGE}
    assert all(states.values())
    assert runner.is_ready(f"{mesh.plan.gateway_url}/readyz")
    schemas = embedded.run_statement(
        database_url_of(mesh), "SELECT nspname FROM pg_namespace"
    ).split()
    assert {"users", "events"} < set(schemas)


def test_a_second_mesh_in_a_home_is_refused(mesh):
    line = rf"^The mesh in {mesh.home.path} runs already\. `libral down` stops it\.$"
    with pytest.raises(HomeError, match=line):
        runner.run_mesh(mesh.home, detach=True)
    with mesh.home.lock(), pytest.raises(HomeError, match=line):
        runner.run_mesh(mesh.home, detach=True)


def test_the_edge_stops_first_and_the_data_last(supervise, prepared, monkeypatch):
    command = script(prepared.path / "note.py", NOTE_END)
    names = ("postgres", "users", "gateway", "dashboard")
    programs = [Program(name, [*command, name], 10) for name in names]
    running = supervise(prepared, programs)
    running.start(*names[:3])
    runner.stop_mesh(prepared)
    order = (prepared.path / "order").read_text().split()
    assert order == ["gateway", "users", "postgres"]
    with pytest.raises(ProcessLookupError):
        os.kill(running.process.pid, 0)
    assert not prepared.socket.exists()
    runner.stop_mesh(prepared)


def test_a_program_that_keeps_failing_is_given_up(supervise, prepared, monkeypatch):
    command = script(prepared.path / "fail.py", FAIL)
    running = supervise(prepared, [Program("users", command, 10)])
    monitor = StartupMonitor(prepared, running.supervisor)
    assert monitor.check()
    running.supervisor.start("users")
    running.wait_for("users", "BACKOFF")
    assert monitor.check()
    monkeypatch.setattr(runner, "BROKEN_SECONDS", 0)
    with pytest.raises(RunError, match=r"^users does not start: the reason$"):
        wait_until_false(monitor.check)


def wait_until_false(holds) -> None:
    deadline = time.monotonic() + 20
    while holds() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_the_last_line_of_a_log(tmp_path):
    log = tmp_path / "log"
    assert runner.last_line(log) == f"see {log}"
    log.write_bytes(b" \n\n")
    assert runner.last_line(log) == f"see {log}"
    log.write_bytes(b"one\ntwo \xff\n  \n")
    assert runner.last_line(log) == "two \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("name", ["gateway", "dashboard"])
def test_a_port_in_use(prepared, name):
    plan = Plan.create(prepared)
    free = free_port(set())
    plan = replace(plan, gateway_port=free, dashboard_port=free_port({free}))
    runner.check_ports(plan)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=rf"^Port {port} .* set LIBRAL_{name.upper()}_PORT to "):
            runner.check_ports(replace(plan, **{f"{name}_port": port}))


def test_a_database_elsewhere_is_asked_and_not_made(prepared, database_url, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", database_url)
    runner.prepare_servers(prepared, Plan.create(prepared))
    assert not prepared.postgres.exists()
    assert (prepared.run / "valkey.conf").exists()
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("DATABASE_URL", f"{database_url}_gone")
    with pytest.raises(RunError, match=r"^DATABASE_URL cannot be used: .* does not exist$"):
        runner.prepare_servers(prepared, Plan.create(prepared))


def test_a_cache_elsewhere_is_not_configured(copy_home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    home = copy_home(tmp_path / "home")
    runner.prepare_servers(home, Plan.create(home))
    assert not (home.run / "valkey.conf").exists()
    assert capsys.readouterr().out == ""


def test_a_signal_ends_the_wait(stopped):
    assert not stopped.received
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.received
    with pytest.raises(RunError, match=r"^Stopped before it was ready\.$"):
        runner.wait_until_ready("nothing", lambda: False, stopped)


def test_interrupts_are_seen_too(stopped):
    signal.raise_signal(signal.SIGINT)
    assert stopped.received


def test_a_wait_has_an_end(stopped, monkeypatch):
    monkeypatch.setattr(runner, "READY_SECONDS", 0.2)
    with pytest.raises(RunError, match=r"^the moon did not come up within 0 s\.$"):
        runner.wait_until_ready("the moon", lambda: False, stopped)
    answers = iter([False, True])
    runner.wait_until_ready("the sun", lambda: next(answers), stopped)


def test_the_database_is_started_for_as_long_as_it_is_used(copy_home, tmp_path):
    home = copy_home(tmp_path / "home")
    plan = Plan.create(home)
    assert not runner.database_is_ready(home, plan)
    with runner.running_database(home, plan):
        assert runner.database_is_ready(home, plan)
        with runner.running_database(home, plan):
            pass
        assert runner.database_is_ready(home, plan)
    assert not runner.database_is_ready(home, plan)
    assert not (home.postgres / "postmaster.pid").exists()


def test_a_database_elsewhere_is_not_started(prepared, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    with runner.running_database(prepared, Plan.create(prepared)):
        pass
    assert not (prepared.logs / "postgres.log").exists()


def test_a_database_that_does_not_start_is_reported(prepared):
    with (
        pytest.raises(RunError, match=r"^postgres does not start: Run initdb "),
        runner.running_database(prepared, Plan.create(prepared)),
    ):
        pass


def test_only_an_answer_of_200_is_ready(tmp_path):
    (tmp_path / "healthz").touch()

    def handler(*arguments):
        return Quiet(*arguments, directory=str(tmp_path))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert runner.is_ready(f"{url}/healthz")
        assert not runner.is_ready(f"{url}/nothing")
        server.shutdown()
    assert not runner.is_ready(f"{url}/healthz")


class Quiet(SimpleHTTPRequestHandler):
    """A file server without a log."""

    def log_message(self, *arguments) -> None:
        pass


def test_a_process_that_does_not_end_is_named(monkeypatch):
    monkeypatch.setattr(runner, "STOP_SECONDS", 0.2)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]) as process:
        with pytest.raises(RunError, match=rf"^supervisord \(pid {process.pid}\) does not stop\.$"):
            runner.wait_gone(process.pid)
        process.kill()
        monkeypatch.setattr(runner, "STOP_SECONDS", 20)
        runner.wait_gone(process.pid)


def test_handlers_of_signals_are_those_of_the_newest():
    with kept_signals():
        first, second = StopSignal(), StopSignal()
        signal.raise_signal(signal.SIGTERM)
    assert (first.received, second.received) == (False, True)
