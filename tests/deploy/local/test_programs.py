"""The plan of a mesh and the environment of each of its programs."""

import sys

import pytest

from deploy.local.home import Home
from deploy.local.programs import (
    PORTS,
    SERVICES,
    Plan,
    PortError,
    make_programs,
    reachable_host,
    read_port,
    service_environment,
)


@pytest.fixture
def home(tmp_path) -> Home:
    """A home with folders and passwords, without keys."""
    home = Home(tmp_path)
    for folder in (home.run, home.secrets):
        folder.mkdir()
    for name in ("admin_password", "database_password", "cache_password"):
        (home.secrets / name).write_text(name.upper())
    return home


@pytest.fixture
def plan(home) -> Plan:
    return Plan.create(home)


def environments(home, plan) -> dict[str, dict[str, str]]:
    return {program.name: program.environment for program in make_programs(home, plan)}


def test_a_plan_without_variables(home, plan):
    assert (plan.host, plan.gateway_port, plan.dashboard_port) == ("127.0.0.1", 8080, 8081)
    assert set(plan.ports) == set(PORTS)
    port = plan.ports["postgres"]
    assert plan.database_url == f"postgresql://libral:DATABASE_PASSWORD@127.0.0.1:{port}/libral"
    assert plan.redis_url == f"redis://:CACHE_PASSWORD@127.0.0.1:{plan.ports['valkey']}/0"
    assert plan.needs == ("postgres", "valkey")
    assert Plan.load(home) == plan


def test_a_plan_with_servers_elsewhere(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    assert Plan.create(home).needs == ("valkey",)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    plan = Plan.create(home)
    assert plan.needs == ()
    assert (plan.database_url, plan.redis_url) == (
        "postgresql://elsewhere/x",
        "redis://elsewhere/0",
    )
    names = [program.name for program in make_programs(home, plan)]
    assert names == [*SERVICES, "gateway", "dashboard"]
    found = environments(home, plan)
    assert {found[service]["DATABASE_URL"] for service in SERVICES} == {"postgresql://elsewhere/x"}


def test_a_host_that_is_every_address_is_reached_on_this_machine(home, monkeypatch):
    monkeypatch.setenv("LIBRAL_HOST", "0.0.0.0")  # noqa: S104 - not bound
    monkeypatch.setenv("LIBRAL_GATEWAY_PORT", "1234")
    plan = Plan.create(home)
    assert plan.gateway_url == "http://127.0.0.1:1234"
    assert environments(home, plan)["gateway"]["LIBRAL_HOST"] == "0.0.0.0"  # noqa: S104
    assert reachable_host("::") == "127.0.0.1"
    assert reachable_host("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize("value", ["many", "0", "65536", "-1", "1e3", " 80"])
def test_a_port_that_is_none(monkeypatch, value):
    monkeypatch.setenv("LIBRAL_GATEWAY_PORT", value)
    with pytest.raises(PortError, match=r"^LIBRAL_GATEWAY_PORT is '.*': it must be a port"):
        read_port("LIBRAL_GATEWAY_PORT", 8080)


@pytest.mark.parametrize(("value", "port"), [("", 8080), ("1", 1), ("65535", 65535)])
def test_a_port(monkeypatch, value, port):
    monkeypatch.setenv("LIBRAL_GATEWAY_PORT", value)
    assert read_port("LIBRAL_GATEWAY_PORT", 8080) == port


def test_servers_start_before_services_and_these_before_the_edge(home, plan):
    programs = make_programs(home, plan)
    assert [program.name for program in programs] == [
        *("postgres", "valkey"),
        *SERVICES,
        *("gateway", "dashboard"),
    ]
    priorities = [program.priority for program in programs]
    assert priorities == sorted(priorities)
    commands = {program.name: program.command for program in programs}
    assert commands["users"] == [sys.executable, "-m", "services.users"]
    assert commands["gateway"] == [sys.executable, "-m", "gateway"]
    signals = {program.name: program.stop_signal for program in programs}
    assert signals.pop("postgres") == "INT"
    assert set(signals.values()) == {"TERM"}


def test_only_programs_that_need_a_secret_have_it(home, plan):
    found = environments(home, plan)
    holders = {
        name: {program for program, environment in found.items() if name in environment}
        for name in ("DATABASE_URL", "REDIS_URL", "LIBRAL_ADMIN_PASSWORD", "LIBRAL_TOKEN_KEY")
    }
    assert holders == {
        "DATABASE_URL": set(SERVICES),
        "REDIS_URL": {"events", "metrics"},
        "LIBRAL_ADMIN_PASSWORD": {"users"},
        "LIBRAL_TOKEN_KEY": {"users"},
    }
    for service in SERVICES:
        assert (
            found[service][f"LIBRAL_{service.upper()}_LISTEN"] == f"127.0.0.1:{plan.ports[service]}"
        )
        assert found["gateway"][f"LIBRAL_{service.upper()}_TARGET"].endswith(
            f":{plan.ports[service]}"
        )
    assert found["metrics"]["LIBRAL_SUPERVISOR_SOCKET"] == str(home.socket)


def test_the_password_of_admin_is_that_of_the_environment(home, plan, monkeypatch):
    assert service_environment("users", home, plan)["LIBRAL_ADMIN_PASSWORD"] == "ADMIN_PASSWORD"
    monkeypatch.setenv("LIBRAL_ADMIN_PASSWORD", "given")
    assert service_environment("users", home, plan)["LIBRAL_ADMIN_PASSWORD"] == "given"


def test_settings_of_events_are_passed_on_to_events_alone(home, plan, monkeypatch):
    monkeypatch.setenv("LIBRAL_EVENTS_RETENTION_MONTHS", "13")
    monkeypatch.setenv("TELEGRAM_CHECKPOINT_CHAT_ID", "")
    found = environments(home, plan)
    assert found["events"]["LIBRAL_EVENTS_RETENTION_MONTHS"] == "13"
    assert "TELEGRAM_CHECKPOINT_CHAT_ID" not in found["events"]
    assert not [n for n in found if n != "events" and "LIBRAL_EVENTS_RETENTION_MONTHS" in found[n]]


def test_a_bot_gets_a_secret_for_its_webhook(home, plan, monkeypatch):
    assert not [
        name for name in service_environment("telegram", home, plan) if "TELEGRAM_B" in name
    ]
    assert not (home.secrets / "webhook_secret").exists()
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:token")
    found = environments(home, plan)
    for service in ("telegram", "users"):
        assert found[service]["TELEGRAM_BOT_TOKEN"] == "1:token"
        assert found[service]["TELEGRAM_WEBHOOK_SECRET"] == home.secret("webhook_secret")
    assert "TELEGRAM_BOT_TOKEN" not in found["payments"]
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "given")
    assert service_environment("telegram", home, plan)["TELEGRAM_WEBHOOK_SECRET"] == "given"
