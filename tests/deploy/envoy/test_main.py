"""`python -m deploy.envoy`: its output and errors, and an Envoy that serves with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from deploy.envoy.program import find_binary
from deploy.local.home import free_port
from deploy.local.programs import SERVICES

ROOT = Path(__file__).parents[3]
PACKAGES = [f"libral.{service}.v1" for service in sorted(SERVICES)]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LIBRAL_")}
ENVIRONMENT = CLEAN | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}
TARGETS = {f"LIBRAL_{service.upper()}_TARGET": "127.0.0.1:1" for service in SERVICES}
COMMAND = (sys.executable, "-m", "deploy.envoy")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_prints_what_envoy_takes(tmp_path):
    done = run(**TARGETS)
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "envoy.json"
    assert run("--out", str(path), **TARGETS).stdout == ""
    assert json.loads(path.read_text()) == json.loads(done.stdout)
    checked = subprocess.run(
        [find_binary(), "--mode", "validate", "--config-path", str(path)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_has_a_cluster_for_each_package():
    tree = json.loads(run(**TARGETS).stdout)["static_resources"]
    assert [each["name"] for each in tree["clusters"]] == PACKAGES
    (listener,) = tree["listeners"]
    assert listener["address"] == {"socket_address": {"address": "127.0.0.1", "port_value": 8082}}
    assert "admin" not in tree


REFUSED = [
    ([], "envoy: no upstream is given for " + ", ".join(PACKAGES) + "."),
    (
        ["--upstream", "a"],
        "envoy: --upstream is 'a': write it as HOST:PORT or PACKAGE=HOST:PORT.",
    ),
    (["--upstream", "a:1"], "envoy: --upstream is 'a:1': write it as PACKAGE=HOST:PORT."),
    (["--descriptor-set", "none"], "envoy: none: No such file or directory."),
    (["--port", "0"], "python -m deploy.envoy: error: argument --port: must be from 1 to 65535"),
]


@pytest.mark.parametrize(("arguments", "line"), REFUSED)
def test_refuses_in_one_line(arguments, line):
    done = run(*arguments)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == line


def test_runs_until_a_stop_signal():
    port = free_port(set())
    command = [*COMMAND, "--run", "--port", str(port)]
    with subprocess.Popen(
        command, env=ENVIRONMENT | TARGETS, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout.readline() == f"Envoy listens on 127.0.0.1:{port}.\n"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/nothing", timeout=5)
        assert caught.value.code == 404
        caught.value.close()
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/nothing", timeout=5)


def test_a_port_in_use_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("--run", "--port", port, **TARGETS)
    assert (done.returncode, done.stderr) == (1, f"envoy: 127.0.0.1:{port} is in use.\n")
