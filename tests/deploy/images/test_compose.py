"""The secrets for compose.yaml are created once and private."""

import re
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.images.compose import create_secrets

COMPOSE = Path(__file__).parents[3] / "deploy" / "compose.yaml"
REQUIRED = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


def passwords_in(folder: Path) -> dict[str, str]:
    lines = (folder / "passwords.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_every_variable_without_a_default_is_given(tmp_path):
    create_secrets(tmp_path / "secrets")
    given = passwords_in(tmp_path / "secrets")
    assert set(REQUIRED.findall(COMPOSE.read_text())) == set(given)
    assert given.pop("SECRETS") == str(tmp_path / "secrets")
    assert len(set(given.values())) == len(given)
    assert all(len(password) == 32 for password in given.values())


def test_others_can_read_the_keys_alone(tmp_path):
    folder = tmp_path / "deep" / "secrets"
    create_secrets(folder)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {
        "secrets": 0o700,
        "mesh.pem": 0o444,
        "token.pem": 0o444,
        "passwords.env": 0o600,
    }
    load_pem_private_key((folder / "mesh.pem").read_bytes(), None)


def test_what_is_there_stays(tmp_path):
    create_secrets(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "token.pem").unlink()
    create_secrets(tmp_path)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after.pop("token.pem") != before.pop("token.pem")
    assert after == before
