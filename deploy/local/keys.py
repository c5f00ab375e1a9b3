"""Create the signing keys of a mesh: `python -m deploy.local.keys FOLDER`.

This is a separate program to keep the cryptography library out of the runner's memory.
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.home import KEYS


def make_keys(folder: Path) -> None:
    """Write an Ed25519 private key in PEM for each name without one."""
    for name in KEYS:
        path = folder / f"{name}.pem"
        if not path.exists():
            path.touch(mode=0o600)
            key = Ed25519PrivateKey.generate()
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


if __name__ == "__main__":
    make_keys(Path(sys.argv[1]))
