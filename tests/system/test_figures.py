"""The values on 概要 equal those of the machine and its servers."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psutil
import pytest
import redis

from deploy.local import embedded
from deploy.local.home import Home
from tests.mesh import wait_for

pytestmark = pytest.mark.timeout(240)
INTERVAL_SECONDS = 5
POINTS = 5
ACTIVE = """
SELECT count(*) FROM users.users
WHERE delete_time IS NULL AND last_seen_time > now() - interval '5 minutes'
"""


def test_host_tiles_agree_with_psutil(mesh, page):
    """Compare over exactly the seconds that the collector measured."""
    with mesh.client() as client, recording() as times:
        time.sleep(2 * INTERVAL_SECONDS + 1)
        host: dict = {}

        def shows_newest() -> bool:
            host.update(client.get("/v1/infrastructure").raise_for_status().json()["host"])
            return tile(page, "CPU使用率") == f"{host['cpuUtilization'] * 100:.1f}%"

        wait_for(shows_newest, 10, "the tile is not what was measured")
        memory = psutil.virtual_memory().percent
        shown = float(tile(page, "メモリ使用率").rstrip("%"))
    end = datetime.fromisoformat(host["measureTime"]).timestamp()
    expected = busy_percent(times, end - INTERVAL_SECONDS, end)
    assert host["cpuUtilization"] * 100 == pytest.approx(expected, abs=POINTS)
    assert shown == pytest.approx(memory, abs=POINTS)


def tile(page, name: str) -> str:
    return page.locator(".tile", has_text=name).locator(".value").inner_text()


@contextmanager
def recording() -> Iterator[list[tuple[float, float, float]]]:
    """Record the CPU counters ten times a second: time, busy seconds, total seconds."""
    ended, times = threading.Event(), []

    def record() -> None:
        while not ended.is_set():
            now = psutil.cpu_times()
            whole = sum(now) - now.guest - now.guest_nice
            times.append((time.time(), whole - now.idle - now.iowait, whole))
            ended.wait(0.1)

    thread = threading.Thread(target=record)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def busy_percent(times: list[tuple[float, float, float]], start: float, end: float) -> float:
    first = min(times, key=lambda one: abs(one[0] - start))
    last = min(times, key=lambda one: abs(one[0] - end))
    return (last[1] - first[1]) / (last[2] - first[2]) * 100


def database_url(mesh) -> str:
    home = Home(mesh.home)
    ports = json.loads((home.run / "ports.json").read_text())
    return embedded.postgres_url(ports["postgres"], home.secret("database_password"))


def test_active_users_agree_with_the_database(mesh, page):
    url = database_url(mesh)
    wait_for(
        lambda: tile(page, "アクティブユーザー") == embedded.run_statement(url, ACTIVE),
        20,
        "アクティブユーザー is not what PostgreSQL tells",
    )


def test_figures_agree_with_the_servers(mesh, page):
    home = Home(mesh.home)
    ports = json.loads((home.run / "ports.json").read_text())
    url = database_url(mesh)
    connections = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    limit = embedded.run_statement(url, "SHOW max_connections")

    def connections_agree() -> bool:
        found, shown_limit = read_facts(page, "PostgreSQL")["接続数"].split(" / ")
        assert shown_limit == limit
        return abs(int(found) - (int(embedded.run_statement(url, connections)) - 1)) <= 1

    wait_for(connections_agree, 40, "接続数 is not what PostgreSQL tells")
    shown = read_facts(page, "PostgreSQL")
    size = int(embedded.run_statement(url, "SELECT pg_database_size(current_database())"))
    assert float(shown["データベースサイズ"].removesuffix(" MiB")) == pytest.approx(
        size / 1024**2, rel=0.05
    )
    with redis.Redis.from_url(
        embedded.valkey_url(ports["valkey"], home.secret("cache_password"))
    ) as client:
        info, channels = client.info(), client.pubsub_channels()
    shown = read_facts(page, "Valkey / Redis")
    assert shown["バージョン"] == f"Valkey {info['valkey_version']}"
    assert float(shown["メモリ使用量"].removesuffix(" MiB")) == pytest.approx(
        info["used_memory"] / 1024**2, rel=0.2
    )
    assert abs(int(shown["クライアント数"]) - (info["connected_clients"] - 1)) <= 2
    assert int(shown["Pub/Subチャンネル数"]) == len(channels)


def read_facts(page, title: str) -> dict[str, str]:
    panel = page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))
    pairs = panel.locator(".fact").all()
    return {
        one.locator("*").nth(0).inner_text(): one.locator("*").nth(1).inner_text() for one in pairs
    }
