from dashboard.api.infrastructure import Bot, Infrastructure
from dashboard.parts import infrastructure

MEASURED = {"measureTime": "2026-01-01T00:00:00Z", "startTime": "2026-01-01T00:00:00Z"}


def test_what_was_not_measured_is_no_data():
    found = Infrastructure.parse({})
    known = [
        *infrastructure.host_facts(found.host),
        *infrastructure.database_facts(found.database),
        *infrastructure.cache_facts(found.cache),
    ]
    shown = {value for name, value in known if name != "ロードアベレージ"}
    assert shown == {"データなし"}
    bot = dict(infrastructure.bot_facts(Bot.parse({})))
    assert bot["状態"] == "データなし"
    assert dict(infrastructure.bot_facts(Bot.parse({"state": "ASLEEP"})))["状態"] == "不明"


def test_a_host_has_its_figures():
    host = {
        "cpuUtilization": 0.5,
        "memoryUsedBytes": "1024",
        "memoryTotalBytes": "2048",
        "load1m": 0.0,
        "load5m": 1.25,
    }
    facts = dict(infrastructure.host_facts(Infrastructure.parse({"host": host}).host))
    assert facts["CPU使用率"] == "50.0%"
    assert facts["メモリ使用量"] == "1.0 KiB / 2.0 KiB"
    assert facts["ロードアベレージ"] == "0.0 / 1.25 / データなし"


def test_a_database_has_its_replicas():
    database = MEASURED | {"reachable": True, "connections": 3, "replicaCount": 0}
    facts = dict(
        infrastructure.database_facts(Infrastructure.parse({"database": database}).database)
    )
    assert facts["状態"] == "接続中"
    assert facts["接続数"] == "3 / データなし"
    assert facts["レプリケーション"] == "レプリカなし"
    database |= {"replicaCount": 2, "replicationLag": "0.05s", "maxConnections": 100}
    facts = dict(
        infrastructure.database_facts(Infrastructure.parse({"database": database}).database)
    )
    assert facts["接続数"] == "3 / 100"
    assert facts["レプリケーション"] == "レプリカ 2台・遅延 50 ms"


def test_a_cache_that_does_not_answer():
    cache = MEASURED | {"software": "valkey", "version": "9.1"}
    facts = dict(infrastructure.cache_facts(Infrastructure.parse({"cache": cache}).cache))
    assert facts["状態"] == "接続できません"
    assert facts["バージョン"] == "Valkey 9.1"
    bot = dict(infrastructure.bot_facts(Bot.parse({"state": "CONNECTED", "username": "shop"})))
    assert (bot["状態"], bot["ボット名"]) == ("接続中", "@shop")
