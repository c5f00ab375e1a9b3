"""The program `python -m dashboard` in a separate process."""

import json
import os
import subprocess
import sys
import time

import httpx

from deploy.local.home import free_port
from services.common.version import VERSION


def run(**changes: str) -> subprocess.Popen:
    inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard"],
        env=inherited | {"PYTHONPATH": os.getcwd()} | changes,  # noqa: PTH109
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_wrong_setting_ends_it_with_one_line():
    program = run(LIBRAL_DASHBOARD_PORT="x")
    _, errors = program.communicate(timeout=30)
    assert program.returncode == 1
    assert errors == "dashboard: LIBRAL_DASHBOARD_PORT is 'x': it must be a port, 0 to 65535.\n"
    program = run(LIBRAL_LOG_FORMAT="xml")
    _, errors = program.communicate(timeout=30)
    assert program.returncode == 1
    assert errors == "dashboard: LIBRAL_LOG_FORMAT is 'xml': use one of json, console.\n"


def test_it_serves_until_sigterm(font_folder):
    port = free_port(set())
    program = run(LIBRAL_DASHBOARD_PORT=str(port), LIBRAL_DASHBOARD_FONTS=str(font_folder))
    url = f"http://127.0.0.1:{port}"
    try:
        health = wait_for_health(program, url)
        assert (health["status"], health["version"]) == ("SERVING", VERSION)
        assert health["pid"] == program.pid
        response = httpx.get(f"{url}/fonts/fonts.css", trust_env=False)
        assert "words.woff" in response.text
        response = httpx.get(f"{url}/users?q=a", trust_env=False)
        assert (response.status_code, response.headers["location"]) == (
            303,
            "/sign-in?to=%2Fusers%3Fq%3Da",
        )
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        taken = run(LIBRAL_DASHBOARD_PORT=str(port))
        _, errors = taken.communicate(timeout=30)
        assert f"Cannot listen on 127.0.0.1:{port}" in errors
    finally:
        program.terminate()
    program.communicate(timeout=30)
    assert program.returncode in {0, -15}


def wait_for_health(program: subprocess.Popen, url: str) -> dict:
    deadline = time.monotonic() + 60
    while True:
        try:
            return json.loads(httpx.get(f"{url}/healthz", trust_env=False).text)
        except httpx.TransportError:
            assert program.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
