"""Build the images with Docker, or with podman if no Docker engine is available."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "deploy" / "images"
SERVICES = ("users", "payments", "events", "metrics", "telegram")
PUBLIC_BASE = "docker.io/library/python:3.11-slim-bookworm"
LOCAL_BASE = "localhost/libral-base:bookworm"
PULL_SECONDS = 60
PACKAGES = ("podman", "runc", "netavark", "aardvark-dns", "iptables", "debootstrap")

# crun fails on machines with hybrid control groups, and sandboxes refuse the default limits.
PODMAN_CONFIGURATION = """\
[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
"""


class BuildError(Exception):
    """The images cannot be built. The message is one line."""


@dataclass(frozen=True)
class Engine:
    """A container engine and the environment of its commands."""

    name: str
    environment: dict[str, str]

    def run(self, *arguments: str, quiet: bool = False) -> int:
        output = subprocess.DEVNULL if quiet else None
        command = [self.name, *arguments]
        done = subprocess.run(
            command, check=False, env=self.environment, stdout=output, stderr=output
        )
        return done.returncode


def find_engine() -> Engine:
    """Return Docker or podman. Install podman if neither is present (root on Debian only)."""
    docker = Engine("docker", dict(os.environ))
    if shutil.which("docker") and docker.run("info", quiet=True) == 0:
        return docker
    if shutil.which("podman") is None or shutil.which("runc") is None:
        install_podman()
    folder = Path(tempfile.gettempdir()) / f"libral-containers-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "containers.conf").write_text(PODMAN_CONFIGURATION)
    configuration = {"CONTAINERS_CONF": str(folder / "containers.conf")}
    return Engine("podman", dict(os.environ) | configuration)


def install_podman() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BuildError("No Docker engine and no podman found: install one of them.")
    print_progress("Installing podman…")
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], check=True
    )


def find_base(engine: Engine) -> str:
    """Return the base image: BASE, the public image, or one built from Debian packages."""
    if given := os.environ.get("BASE"):
        return given
    if engine.run("image", "inspect", LOCAL_BASE, quiet=True) == 0:
        return LOCAL_BASE
    if pull_base(engine):
        return PUBLIC_BASE
    print_progress("No image registry is available: building a base image from Debian's packages…")
    make_local_base(engine)
    return LOCAL_BASE


def pull_base(engine: Engine) -> bool:
    try:
        done = subprocess.run(
            [engine.name, "pull", PUBLIC_BASE],
            check=False,
            capture_output=True,
            env=engine.environment,
            timeout=PULL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def make_local_base(engine: Engine) -> None:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise BuildError("Building a base image needs root and debootstrap. Or set BASE.")
    with tempfile.TemporaryDirectory() as folder:
        include = "--include=ca-certificates,python3,python3-venv"
        subprocess.run(
            ["debootstrap", "--variant=minbase", include, "bookworm", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as archive:
            subprocess.run(
                [engine.name, "import", "-", LOCAL_BASE],
                stdin=archive.stdout,
                env=engine.environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )


def build_image(engine: Engine, base: str, name: str, file: str, *arguments: str) -> None:
    print_progress(f"Building {name}…")
    options = ["--build-arg", f"BASE={base}", *arguments]
    if engine.name == "podman":
        options += ["--format", "docker", "--network", "host", *certificate_options()]
    command = ["build", *options, "-q", "-t", name, "-f", str(IMAGES / file), str(ROOT)]
    if engine.run(*command) != 0:
        raise BuildError(f"The image {name} was not built.")


def certificate_options() -> list[str]:
    """Return build options that make pip trust the private certificate authority of `PIP_CERT`."""
    bundle = os.environ.get("PIP_CERT")
    if not bundle:
        return []
    return ["-v", f"{bundle}:/run/ca.crt:ro", "--env", "PIP_CERT=/run/ca.crt"]


def build_all(engine: Engine) -> None:
    base = find_base(engine)
    for service in SERVICES:
        build_image(
            engine,
            base,
            f"libral/{service}",
            "service.Dockerfile",
            "--build-arg",
            f"SERVICE={service}",
        )
    for name in ("gateway", "dashboard"):
        build_image(engine, base, f"libral/{name}", f"{name}.Dockerfile")
    if base == LOCAL_BASE:
        build_image(engine, base, "libral/servers", "servers.Dockerfile")


def print_progress(text: str) -> None:
    print(text, flush=True)
