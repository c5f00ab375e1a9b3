"""`python -m deploy.local.keys` creates the keys that are missing."""

import subprocess
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.local.keys import make_keys


def test_each_key_is_made_once(tmp_path):
    make_keys(tmp_path)
    keys = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(keys) == {"mesh.pem", "token.pem"}
    assert keys["mesh.pem"] != keys["token.pem"]
    for name, content in keys.items():
        assert isinstance(load_pem_private_key(content, None), Ed25519PrivateKey)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    (tmp_path / "mesh.pem").unlink()
    subprocess.run([sys.executable, "-m", "deploy.local.keys", tmp_path], check=True, timeout=30)
    assert (tmp_path / "token.pem").read_bytes() == keys["token.pem"]
    assert (tmp_path / "mesh.pem").read_bytes() != keys["mesh.pem"]
