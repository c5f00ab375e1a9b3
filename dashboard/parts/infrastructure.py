"""Host, database, cache and bot as names and values. A missing value is データなし."""

from collections.abc import Sequence
from datetime import datetime

from dashboard import formats, text
from dashboard.api.infrastructure import Bot, CacheServer, DatabaseServer, Host

Facts = Sequence[tuple[str, str]]


def host_facts(host: Host) -> Facts:
    loads = " / ".join(formats.decimal(load) for load in host.loads)
    return [
        (text.infrastructure.HOST_NAME, host.hostname or text.common.NO_DATA),
        (text.infrastructure.PLATFORM, host.platform or text.common.NO_DATA),
        (text.infrastructure.CORES, formats.integer(host.core_count)),
        (text.infrastructure.CPU, formats.percent(host.cpu_utilization)),
        (
            text.infrastructure.MEMORY_USED,
            used_of_total(host.memory_used_bytes, host.memory_total_bytes),
        ),
        (text.infrastructure.DISK, used_of_total(host.disk_used_bytes, host.disk_total_bytes)),
        (text.infrastructure.NETWORK_IN, formats.data_rate(host.network_receive_rate)),
        (text.infrastructure.NETWORK_OUT, formats.data_rate(host.network_transmit_rate)),
        (text.infrastructure.LOAD, loads),
        uptime_fact(host.boot_time),
        last_check_fact(host.measure_time),
    ]


def database_facts(database: DatabaseServer) -> Facts:
    return [
        (text.common.STATE, reachability_words(database)),
        (text.common.VERSION, database.version or text.common.NO_DATA),
        (text.infrastructure.CONNECTIONS, connection_words(database)),
        (text.infrastructure.SIZE, formats.data_size(database.size_bytes)),
        (text.infrastructure.QUERIES, formats.decimal(database.query_rate)),
        (text.infrastructure.TRANSACTIONS, formats.decimal(database.transaction_rate)),
        (text.infrastructure.CACHE_HIT, formats.percent(database.cache_hit_ratio)),
        (text.infrastructure.REPLICATION, replication_words(database)),
        uptime_fact(database.start_time),
        last_check_fact(database.measure_time),
    ]


def cache_facts(cache: CacheServer) -> Facts:
    software = text.infrastructure.CACHE_NAMES.get(cache.software, "")
    name = " ".join(filter(None, (software, cache.version)))
    return [
        (text.common.STATE, reachability_words(cache)),
        (text.common.VERSION, name or text.common.NO_DATA),
        (text.infrastructure.MEMORY_USED, formats.data_size(cache.memory_used_bytes)),
        (text.infrastructure.CLIENTS, formats.integer(cache.client_count)),
        (text.infrastructure.CHANNELS, formats.integer(cache.pubsub_channel_count)),
        (text.infrastructure.CACHE_HIT, formats.percent(cache.hit_ratio)),
        (text.infrastructure.COMMANDS, formats.decimal(cache.command_rate)),
        (text.infrastructure.KEYS, formats.integer(cache.key_count)),
        uptime_fact(cache.start_time),
        last_check_fact(cache.measure_time),
    ]


def bot_facts(bot: Bot) -> Facts:
    state = formats.enum(text.infrastructure.BOT_STATES, bot.state)
    return [
        (text.common.STATE, state if bot.state else text.common.NO_DATA),
        (text.infrastructure.BOT_NAME, f"@{bot.username}" if bot.username else text.common.NONE),
        (text.infrastructure.PENDING_UPDATES, formats.integer(bot.pending_update_count)),
        (text.infrastructure.FAILED_UPDATES, formats.integer(bot.failed_update_count)),
        (text.infrastructure.LAST_UPDATE, formats.age_of(bot.last_update_time)),
    ]


def used_of_total(part: int | None, whole: int | None) -> str:
    if part is None or whole is None:
        return text.common.NO_DATA
    return f"{formats.data_size(part)} / {formats.data_size(whole)}"


def connection_words(database: DatabaseServer) -> str:
    if database.connections is None:
        return text.common.NO_DATA
    most = database.max_connections
    return f"{database.connections} / {text.common.NO_DATA if most is None else most}"


def reachability_words(server: DatabaseServer | CacheServer) -> str:
    if server.measure_time is None:
        return text.common.NO_DATA
    return text.common.CONNECTED if server.reachable else text.common.UNREACHABLE


def replication_words(database: DatabaseServer) -> str:
    count = database.replica_count
    if count is None:
        return text.common.NO_DATA
    if count == 0:
        return text.infrastructure.NO_REPLICAS
    replicas = text.infrastructure.REPLICAS.format(count=count)
    lag = formats.milliseconds(database.replication_lag)
    return f"{replicas}・{text.infrastructure.REPLICATION_LAG.format(lag=lag)}"


def uptime_fact(start: datetime | None) -> tuple[str, str]:
    return text.common.UPTIME, formats.duration(formats.seconds_since(start))


def last_check_fact(time: datetime | None) -> tuple[str, str]:
    return text.common.LAST_CHECK, formats.age_of(time)
