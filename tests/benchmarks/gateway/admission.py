"""The Envoy that does the gateway's work, started in front of a mesh and checked first.

The services also refuse a bad token, so the check compares Envoy's own messages, not only statuses.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.contracts.descriptors import load_bundled
from services.users.adapters import TokenSigner
from tests.benchmarks.gateway.mesh import BenchmarkMesh
from tests.benchmarks.gateway.same_work import make_access_log, make_filters

PATH = "/v1/users?pageSize=50"
LOG = "envoy-access.log"
# Envoy writes its access log every 10 seconds.
LOG_SECONDS = 15.0
POLL_SECONDS = 0.2
MISSING, FORGED, ROLE = "Jwt is missing", "Jwt verification fails", "RBAC: access denied"


@contextlib.contextmanager
def working_envoy(mesh: BenchmarkMesh) -> Iterator[tuple[int, int]]:
    """Run the Envoy with one worker. Yield its port and pid.

    Exit with an error if Envoy does not do the work.
    """
    url = f"http://127.0.0.1:{mesh.port}/.well-known/jwks.json"
    jwks = httpx.get(url, trust_env=False).raise_for_status().text
    log = mesh.folder / LOG
    with mesh.envoy(
        filters=make_filters(load_bundled(), jwks), access_log=make_access_log(log)
    ) as (port, pid):
        check(mesh, port, log)
        yield port, pid


def check(mesh: BenchmarkMesh, port: int, log: Path) -> None:
    key = (mesh.folder / "home/secrets/token.pem").read_bytes()
    signer = TokenSigner(load_pem_private_key(key, None))
    for each, answers in (("the gateway", mesh.port), ("Envoy", port)):
        check_refusals(each, answers, signer, with_messages=answers == port)
    ours, envoy = (ask(each, mesh.token) for each in (mesh.port, port))
    if ours.raise_for_status().json() != envoy.raise_for_status().json():
        sys.exit(f"{PATH}: the gateway returns {ours.text}, and Envoy {envoy.text}")
    check_log(log, [401, 403, 401, 200], request_line(mesh.folder / "home/logs"))


def check_refusals(name: str, port: int, signer: TokenSigner, *, with_messages: bool) -> None:
    """Send requests that must be refused: without token, with a wrong role, with a forged token.

    With `with_messages` the refusal must be Envoy's own. Exit with an error on any other response.
    """
    forger = TokenSigner(Ed25519PrivateKey.generate())
    forger.key_id = signer.key_id
    for token, status, message in (
        ("", 401, MISSING),
        (make_token(signer, "USER"), 403, ROLE),
        (make_token(forger, "ADMIN"), 401, FORGED),
    ):
        answer = ask(port, token)
        if answer.status_code != status or (with_messages and message not in answer.text):
            sys.exit(
                f"{name} does not do the measured work: it responds {answer.status_code} "
                f"({answer.text}) in place of {status} ({message})."
            )


def check_log(log: Path, statuses: list[int], fields: set[str]) -> None:
    """Wait until the log has a line with these fields for each status, in this order.

    Exit with an error after 15 seconds.
    """
    deadline = time.monotonic() + LOG_SECONDS
    while len(lines := read_lines(log)) < len(statuses):
        if time.monotonic() > deadline:
            sys.exit(f"Envoy's access log has {len(lines)} lines for {len(statuses)} requests.")
        time.sleep(POLL_SECONDS)
    found = [line["status"] for line in lines]
    if found != statuses:
        sys.exit(f"Envoy's access log has the statuses {found} in place of {statuses}.")
    for line in lines:
        if set(line) != fields:
            sys.exit(f"Envoy logs {sorted(line)} in place of {sorted(fields)}.")


def request_line(folder: Path) -> set[str]:
    """Return the fields of the gateway's request line in its log."""
    for path in folder.glob("gateway*"):
        for line in read_lines(path):
            if line.get("event") == "request":
                return set(line)
    sys.exit(f"The gateway has logged no request in {folder}.")


def read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def make_token(signer: TokenSigner, *roles: str) -> str:
    return signer.sign_token("users/1", datetime.now(UTC), roles=list(roles)).token


def ask(port: int, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"http://127.0.0.1:{port}{PATH}", headers=headers, trust_env=False)
