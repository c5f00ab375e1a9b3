"""The engine, the base and the images, and the contents that each image needs."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deploy.images import builder
from deploy.images.builder import LOCAL_BASE, PUBLIC_BASE, SERVICES, BuildError, Engine

ROOT = Path(__file__).parents[3]
COPY = re.compile(r"^COPY (?!--from)(\S+) /app/(\S*)$", re.MULTILINE)
OWN_IMAGE = re.compile(r"image: (libral/\w+)$", re.MULTILINE)


def copy_contents(recipe: str, target: Path, service: str = "") -> None:
    """Copy the files that an image has below /app."""
    text = (ROOT / f"deploy/images/{recipe}.Dockerfile").read_text().replace("${SERVICE}", service)
    for source, folder in COPY.findall(text):
        found, place = ROOT / source, target / folder
        if found.is_dir():
            shutil.copytree(found, place)
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, place)


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_gateway_finds_all_that_it_imports(tmp_path):
    copy_contents("gateway", tmp_path)
    done = run_in(tmp_path, "-m", "gateway", "--check")
    assert done.returncode == 0, done.stderr
    assert "libral.users.v1.UserService.GetUser" in done.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_finds_all_that_it_imports(tmp_path, service):
    copy_contents("service", tmp_path, service)
    done = run_in(tmp_path, "-c", f"import services.{service}.__main__, services.kernel.probe")
    assert done.returncode == 0, done.stderr


def test_the_dashboard_finds_all_that_it_imports(tmp_path):
    copy_contents("dashboard", tmp_path)
    done = run_in(tmp_path, "-c", "import dashboard.__main__, dashboard.fonts")
    assert done.returncode == 0, done.stderr


def test_the_servers_need_the_standard_library_alone(tmp_path):
    copy_contents("servers", tmp_path)
    done = run_in(tmp_path, "-S", "-m", "deploy.images.server")
    assert done.stderr == "server: name one of postgres, valkey-server.\n"


@pytest.fixture
def path(commands, tmp_path, monkeypatch):
    """Commands that replace PATH, and a temporary folder."""
    monkeypatch.setenv("PATH", str(commands.folder))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("BASE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    return commands


@pytest.fixture
def docker(path) -> Engine:
    """An engine that succeeds at everything."""
    path.add("docker")
    return Engine("docker", dict(os.environ))


def test_docker_is_used_where_its_engine_answers(path):
    for name in ("docker", "podman", "runc"):
        path.add(name)
    assert builder.find_engine().name == "docker"
    assert path.calls() == ["docker info"]


def test_podman_is_used_where_no_docker_engine_answers(path):
    path.add("docker", "exit 1")
    path.add("podman", '/bin/cat "$CONTAINERS_CONF"')
    path.add("runc")
    engine = builder.find_engine()
    assert engine.name == "podman"
    assert engine.run("info", quiet=True) == 0
    configuration = Path(engine.environment["CONTAINERS_CONF"])
    assert 'runtime = "runc"' in configuration.read_text()
    assert configuration.parent.stat().st_mode & 0o077 == 0


def test_no_engine_and_no_way_to_install_one(path):
    with pytest.raises(BuildError, match=r"^No Docker engine and no podman found: "):
        builder.find_engine()


def test_the_base_that_is_given_is_used(docker, path, monkeypatch):
    monkeypatch.setenv("BASE", "example/base")
    assert builder.find_base(docker) == "example/base"
    assert path.calls() == []


def test_a_base_that_was_made_here_is_used_again(docker, path):
    assert builder.find_base(docker) == LOCAL_BASE
    assert path.calls() == [f"docker image inspect {LOCAL_BASE}"]


def test_the_public_base_is_pulled(docker, path):
    path.add("docker", '[ "$1" = pull ]')
    assert builder.find_base(docker) == PUBLIC_BASE


@pytest.mark.parametrize("pull", ["exit 1", "exec /bin/sleep 20"])
def test_without_a_registry_a_base_is_made(docker, path, monkeypatch, pull):
    monkeypatch.setattr(builder, "PULL_SECONDS", 0.2)
    path.add("docker", f'[ "$1" = pull ] || exit 1\n{pull}')
    with pytest.raises(BuildError, match=r"^Building a base image needs root and debootstrap\."):
        builder.find_base(docker)


MAKE_BASE = """
import os
from deploy.images.builder import Engine, make_local_base
make_local_base(Engine("podman", dict(os.environ)))
"""


def test_a_base_is_made_from_packages(commands, as_root, tmp_path):
    commands.add("debootstrap", 'for folder in "$@"; do :; done; echo made > "$folder/mark"')
    commands.add("podman", f"/bin/cat > {tmp_path}/base.tar")
    commands.add("tar", 'exec /bin/tar "$@"')
    command = ["env", f"PATH={commands.folder}", sys.executable, "-c", MAKE_BASE]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run(as_root(command), env=environment, timeout=30, check=True)
    assert f"podman import - {LOCAL_BASE}" in commands.calls()
    shutil.unpack_archive(tmp_path / "base.tar", tmp_path / "base")
    assert (tmp_path / "base" / "mark").read_text() == "made\n"


def test_podman_builds_with_the_authority_that_pip_trusts(path, monkeypatch):
    path.add("podman")
    monkeypatch.setenv("PIP_CERT", "/etc/ca.crt")
    builder.build_image(
        Engine("podman", dict(os.environ)), "a/base", "libral/x", "gateway.Dockerfile"
    )
    (call,) = path.calls()
    assert "--build-arg BASE=a/base" in call
    assert "--format docker --network host -v /etc/ca.crt:/run/ca.crt:ro" in call
    assert call.endswith(f"-t libral/x -f {ROOT}/deploy/images/gateway.Dockerfile {ROOT}")


def test_docker_builds_without_the_options_of_podman(docker, path):
    builder.build_image(docker, "a/base", "libral/x", "gateway.Dockerfile")
    (call,) = path.calls()
    assert "--format" not in call
    assert "PIP_CERT" not in call


def test_podman_without_a_private_authority(path):
    assert builder.certificate_options() == []


def test_an_image_that_is_not_built(docker, path):
    path.add("docker", "exit 3")
    with pytest.raises(BuildError, match=r"^The image libral/x was not built\.$"):
        builder.build_image(docker, "a/base", "libral/x", "gateway.Dockerfile")


def images_built(commands) -> set[str]:
    return {call.split(" -t ")[1].split()[0] for call in commands.calls() if " -t " in call}


def test_every_image_that_compose_runs_is_built(docker, path, monkeypatch):
    monkeypatch.setenv("BASE", "a/base")
    builder.build_all(docker)
    composed = OWN_IMAGE.findall((ROOT / "deploy" / "compose.yaml").read_text())
    assert images_built(path) == set(composed)
    for service in SERVICES:
        (call,) = (each for each in path.calls() if f"-t libral/{service} " in each)
        assert f"--build-arg SERVICE={service}" in call


def test_servers_are_built_on_a_base_that_was_made_here(docker, path):
    builder.build_all(docker)
    assert "libral/servers" in images_built(path)
