"""`python -m deploy.images`: its files, and one-line errors."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(*command: str, path: Path | str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PYTHONPATH": str(ROOT), "PATH": str(path), "TMPDIR": "/tmp"},  # noqa: S108
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


IMAGES = (sys.executable, "-m", "deploy.images")


def test_configure_makes_the_secrets_in_a_folder(tmp_path):
    done = run(*IMAGES, "configure", str(tmp_path / "secrets"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert made == {"mesh.pem", "token.pem", "passwords.env"}


def test_build_without_an_engine(commands):
    done = run(*IMAGES, "build", path=commands.folder)
    line = "images: No Docker engine and no podman found: install one of them.\n"
    assert (done.returncode, done.stderr) == (1, line)


def test_build_names_the_command_that_failed(commands, as_root):
    commands.add("apt-get", "exit 100")
    # This process looks up `unshare`; the program looks up `apt-get`.
    command = ["env", f"PATH={commands.folder}", *IMAGES, "build"]
    done = run(*as_root(command), path="/usr/bin:/bin")
    assert (done.returncode, done.stderr) == (1, "images: apt-get failed with status 100.\n")


def test_build_with_an_engine_that_fails(commands):
    commands.add("docker", '[ "$1" != build ]')
    done = run(*IMAGES, "build", path=commands.folder)
    assert (done.returncode, done.stderr) == (1, "images: The image libral/users was not built.\n")


@pytest.mark.parametrize("arguments", [[], ["burn"]])
def test_an_unknown_verb(arguments):
    assert run(*IMAGES, *arguments).returncode == 2
