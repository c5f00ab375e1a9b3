"""The secrets of a composed mesh, generated once and stored beside compose.yaml."""

import secrets
from pathlib import Path

from deploy.local.home import KEYS
from deploy.local.keys import make_keys

FOLDER = Path(__file__).parents[1] / "secrets"
PASSWORDS = ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "LIBRAL_ADMIN_PASSWORD")


def create_secrets(folder: Path) -> None:
    """Create the keys and passwords that are missing.

    The folder is private to its owner. The key files are world-readable, because the processes in
    the containers do not run as root.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_keys(folder)
    for path in (folder / f"{name}.pem" for name in KEYS):
        path.chmod(0o444)
    passwords = folder / "passwords.env"
    if not passwords.exists():
        passwords.touch(mode=0o600)
        lines = [f"{name}={secrets.token_urlsafe(24)}" for name in PASSWORDS]
        passwords.write_text("\n".join([*lines, f"SECRETS={folder.absolute()}"]) + "\n")
