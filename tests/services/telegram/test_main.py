import os
import subprocess
import sys

PROGRAM = """
import asyncio, sys
from types import SimpleNamespace
from services.common.settings import Environment
from services.telegram.__main__ import build

targets = {"LIBRAL_PAYMENTS_TARGET": "127.0.0.1:1", "LIBRAL_METRICS_TARGET": "127.0.0.1:2"}
kernel = SimpleNamespace(environment=Environment(targets), database=None, clock=None)
service = asyncio.run(build(kernel))
assert len(service.services) == 1 and not service.tasks and service.close is None
print("aiogram" in sys.modules)
"""


def test_aiogram_is_not_imported_without_a_bot():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
