"""What an image holds is enough for what runs in it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = re.compile(r"^COPY (?!--from)(\S+) /app/(\S*)$", re.MULTILINE)


def test_the_gateway_finds_all_that_it_imports(tmp_path):
    recipe = (ROOT / "deploy/images/gateway.Dockerfile").read_text()
    for source, target in COPY.findall(recipe):
        found, place = ROOT / source, tmp_path / target
        if found.is_dir():
            shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, place)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--check"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "libral.users.v1.UserService.GetUser" in done.stdout
