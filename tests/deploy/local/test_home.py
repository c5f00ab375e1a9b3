"""LIBRAL_HOME: its folders, secrets, lock and ports."""

import os
import socket
import tempfile

import pytest

from deploy.local.home import PASSWORDS, Home, HomeError, free_port, is_free
from deploy.local.supervision import SupervisordClient


@pytest.fixture
def home(tmp_path, template) -> Home:
    """A prepared home with fake keys, because creating keys takes a process."""
    home = Home(tmp_path / "home")
    home.secrets.mkdir(parents=True)
    for name in ("mesh.pem", "token.pem"):
        (home.secrets / name).write_bytes((template.secrets / name).read_bytes())
    home.prepare()
    return home


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("LIBRAL_HOME", str(tmp_path))
    assert Home.from_environment() == Home(tmp_path)
    monkeypatch.chdir(tmp_path)
    for value in ("there", ""):
        monkeypatch.setenv("LIBRAL_HOME", value)
        assert Home.from_environment() == Home(tmp_path / (value or ".libral"))


def test_secrets_are_made_once_and_closed_to_others(tmp_path):
    home = Home(tmp_path / "deep" / "home")
    home.prepare()
    secrets = {path.name: path.read_text() for path in home.secrets.iterdir()}
    assert set(secrets) == {*PASSWORDS, "mesh.pem", "token.pem"}
    for folder in (home.path, home.logs, home.run, home.secrets):
        assert folder.stat().st_mode & 0o777 == 0o700
    for path in home.secrets.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    home.prepare()
    assert {path.name: path.read_text() for path in home.secrets.iterdir()} == secrets


def test_the_secret_of_the_webhook_is_made_when_it_is_asked_for(home):
    assert not (home.secrets / "webhook_secret").exists()
    secret = home.webhook_secret()
    assert secret
    assert home.webhook_secret() == secret


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "home").touch()
    with pytest.raises(HomeError, match=r"^LIBRAL_HOME .*/home cannot be used: File exists\.$"):
        Home(tmp_path / "home").prepare()


def test_one_process_has_the_lock(home):
    with home.lock(), pytest.raises(HomeError, match=r" runs already\. `libral down` stops it\.$"):
        home.lock()
    home.lock().close()


def test_ports_stay_where_they_are_free(home):
    with pytest.raises(HomeError, match=r": run `libral up`\.$"):
        home.known_ports()
    first = home.ports(("one", "two"))
    assert len(set(first.values())) == 2
    assert home.known_ports() == first
    with socket.create_server(("127.0.0.1", first["one"])):
        second = home.ports(("one", "two", "three"))
    assert second["one"] != first["one"]
    assert second["two"] == first["two"]
    assert len(set(second.values())) == 3
    assert home.known_ports() == second


def test_a_port_that_two_names_had_is_given_once(home):
    port = free_port(set())
    (home.run / "ports.json").write_text(f'{{"one": {port}, "two": {port}}}')
    chosen = home.ports(("one", "two"))
    assert chosen["one"] == port != chosen["two"]


def test_a_free_port_is_none_of_those_taken():
    port = free_port(set())
    assert is_free("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
    assert not is_free("192.0.2.1", port)
    assert free_port({port}) != port


def test_a_socket_whose_path_is_too_long_moves(tmp_path, monkeypatch, supervise):
    home = Home(tmp_path / ("long" * 30))
    home.path.mkdir()
    assert home.socket.parent == type(home.path)(tempfile.gettempdir())
    assert str(os.getuid()) in home.socket.name
    running = supervise(home, [])
    assert SupervisordClient(home).pid() == running.process.pid
    assert Home(tmp_path).socket == tmp_path / "run" / "supervisor.sock"
