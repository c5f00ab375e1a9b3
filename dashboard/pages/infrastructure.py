"""インフラ: host, PostgreSQL, Valkey and the bot."""

from collections.abc import Sequence
from datetime import UTC, datetime

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.charts import chart
from dashboard.parts.figures import facts
from dashboard.parts.shell import House, admit, box, frame, panel

RELOAD_SECONDS = 5.0
CHART_SECONDS = 30.0
MEBI = 1 / 1024**2
Facts = Sequence[tuple[str, str]]


def add(house: House) -> None:
    @ui.page("/infrastructure")
    def page() -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        with frame(visit, "/infrastructure") as problem:
            panels = box("panels")

            async def load() -> None:
                found = await visit.find("/v1/infrastructure") or {}
                bot = await visit.find("/v1/telegram/bot") or {}
                panels.clear()
                with panels:
                    with panel(text.HOST):
                        facts(host_facts(found.get("host", {})))
                    with panel(text.DATABASE):
                        facts(database_facts(found.get("database", {})))
                    with panel(text.CACHE):
                        facts(cache_facts(found.get("cache", {})))
                    with panel(text.BOT):
                        facts(bot_facts(bot))

            with box("panels"):
                with panel(f"{text.CPU}・{text.MEMORY}", count=text.LAST_HOUR):
                    usage = chart(
                        visit,
                        [
                            (text.CPU, "system.cpu.utilization", 100),
                            (text.MEMORY, "system.memory.utilization", 100),
                        ],
                        "%",
                    )
                with panel(text.NETWORK, count=text.LAST_HOUR):
                    network = chart(
                        visit,
                        [
                            (text.RECEIVE, "system.network.receive", MEBI),
                            (text.TRANSMIT, "system.network.transmit", MEBI),
                        ],
                        "MiB/s",
                    )

            async def load_charts() -> None:
                await usage()
                await network()

            visit.load(load, problem)
            visit.load(load_charts, problem)
            ui.timer(RELOAD_SECONDS, lambda: visit.load(load, problem))
            ui.timer(CHART_SECONDS, lambda: visit.load(load_charts, problem))
        return None


def host_facts(host: Json) -> Facts:
    loads = [number(host, f"load{span}") for span in ("1m", "5m", "15m")]
    return [
        (text.HOST_NAME, host.get("hostname") or text.NO_DATA),
        (text.PLATFORM, host.get("platform") or text.NO_DATA),
        (text.CORES, formats.integer(host.get("coreCount"))),
        (text.CPU, formats.percent(number(host, "cpuUtilization"))),
        (text.MEMORY_USED, used(host, "memoryUsedBytes", "memoryTotalBytes")),
        (text.DISK, used(host, "diskUsedBytes", "diskTotalBytes")),
        (text.NETWORK_IN, formats.data_rate(number(host, "networkReceiveRate"))),
        (text.NETWORK_OUT, formats.data_rate(number(host, "networkTransmitRate"))),
        (text.LOAD, " / ".join(formats.decimal(load) for load in loads)),
        (text.HOST_UPTIME, uptime(host.get("bootTime"))),
        measured(host),
    ]


def database_facts(database: Json) -> Facts:
    connections = text.NO_DATA
    if "connections" in database:
        connections = f"{database['connections']} / {database.get('maxConnections', text.NO_DATA)}"
    return [
        (text.STATE, reachability(database)),
        (text.VERSION, database.get("version") or text.NO_DATA),
        (text.CONNECTIONS, connections),
        (text.SIZE, formats.data_size(database.get("sizeBytes"))),
        (text.QUERIES, formats.decimal(number(database, "queryRate"))),
        (text.TRANSACTIONS, formats.decimal(number(database, "transactionRate"))),
        (text.CACHE_HIT, formats.percent(number(database, "cacheHitRatio"))),
        (text.REPLICATION, replication(database)),
        (text.UPTIME, uptime(database.get("startTime"))),
        measured(database),
    ]


def cache_facts(cache: Json) -> Facts:
    software = text.CACHE_NAMES.get(cache.get("software", ""), "")
    name = " ".join(filter(None, (software, cache.get("version"))))
    return [
        (text.STATE, reachability(cache)),
        (text.VERSION, name or text.NO_DATA),
        (text.MEMORY_USED, formats.data_size(cache.get("memoryUsedBytes"))),
        (text.CLIENTS, formats.integer(cache.get("clientCount"))),
        (text.CHANNELS, formats.integer(cache.get("pubsubChannelCount"))),
        (text.CACHE_HIT, formats.percent(number(cache, "hitRatio"))),
        (text.COMMANDS, formats.decimal(number(cache, "commandRate"))),
        (text.KEYS, formats.integer(cache.get("keyCount"))),
        (text.UPTIME, uptime(cache.get("startTime"))),
        measured(cache),
    ]


def bot_facts(bot: Json) -> Facts:
    username = bot.get("username")
    return [
        (text.STATE, text.BOT_STATES.get(bot.get("state", ""), text.NO_DATA)),
        (text.BOT_NAME, f"@{username}" if username else text.NONE),
        (text.PENDING_UPDATES, formats.integer(bot.get("pendingUpdateCount"))),
        (text.FAILED_UPDATES, formats.integer(bot.get("failedUpdateCount"))),
        (text.LAST_UPDATE, formats.age(seconds_since(bot.get("lastUpdateTime")))),
    ]


def seconds_since(value: object) -> float | None:
    time = formats.parse_time(value)
    return None if time is None else max(0.0, (datetime.now(UTC) - time).total_seconds())


def number(found: Json, field: str) -> float | None:
    return float(found[field]) if field in found else None


def used(found: Json, part: str, whole: str) -> str:
    if part not in found or whole not in found:
        return text.NO_DATA
    return f"{formats.data_size(found[part])} / {formats.data_size(found[whole])}"


def reachability(found: Json) -> str:
    if not found.get("measureTime"):
        return text.NO_DATA
    return text.REACHABLE if found.get("reachable") else text.UNREACHABLE


def replication(database: Json) -> str:
    count = database.get("replicaCount")
    if count is None:
        return text.NO_DATA
    if count == 0:
        return text.NO_REPLICAS
    lag = formats.milliseconds(formats.parse_seconds(database.get("replicationLag")))
    return f"{text.REPLICAS.format(count=count)}・{text.REPLICATION_LAG.format(lag=lag)}"


def uptime(start: object) -> str:
    time = formats.parse_time(start)
    return formats.duration(None if time is None else (datetime.now(UTC) - time).total_seconds())


def measured(found: Json) -> tuple[str, str]:
    time = formats.parse_time(found.get("measureTime"))
    age = None if time is None else (datetime.now(UTC) - time).total_seconds()
    return text.LAST_CHECK, formats.age(age)
