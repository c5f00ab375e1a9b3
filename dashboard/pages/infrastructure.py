"""インフラ: the host, PostgreSQL, Valkey and the Telegram bot, with charts of the last hour."""

from nicegui import ui

from dashboard import paths, text
from dashboard.api.client import if_available
from dashboard.api.infrastructure import Bot, Infrastructure
from dashboard.context import PageContext
from dashboard.page import page
from dashboard.parts.charts import ChartLine, draw_chart
from dashboard.parts.infrastructure import bot_facts, cache_facts, database_facts, host_facts
from dashboard.parts.layout import page_frame, panel
from dashboard.parts.widgets import box, facts

RELOAD_SECONDS = 5.0
CHART_SECONDS = 30.0
MEBI = 1 / 1024**2
USAGE = (
    ChartLine(text.infrastructure.CPU, "system.cpu.utilization", 100),
    ChartLine(text.infrastructure.MEMORY, "system.memory.utilization", 100),
)
TRAFFIC = (
    ChartLine(text.infrastructure.RECEIVE, "system.network.receive", MEBI),
    ChartLine(text.infrastructure.TRANSMIT, "system.network.transmit", MEBI),
)


@page(paths.INFRASTRUCTURE)
def infrastructure(page: PageContext) -> None:
    with page_frame(page, paths.INFRASTRUCTURE) as problem:
        panels = box("panels")

        async def load() -> None:
            found = await if_available(page.api.get_infrastructure())
            bot = await if_available(page.api.get_bot())
            panels.clear()
            with panels:
                show_facts(found or Infrastructure.parse({}), bot or Bot.parse({}))

        with box("panels"):
            title = f"{text.infrastructure.CPU}・{text.infrastructure.MEMORY}"
            with panel(title, note=text.common.LAST_HOUR):
                usage = draw_chart(page, USAGE, "%")
            with panel(text.infrastructure.NETWORK, note=text.common.LAST_HOUR):
                traffic = draw_chart(page, TRAFFIC, "MiB/s")

        async def load_charts() -> None:
            await usage()
            await traffic()

        page.load(load)
        page.load(load_charts, problem)
        ui.timer(RELOAD_SECONDS, lambda: page.load(load), immediate=False)
        ui.timer(CHART_SECONDS, lambda: page.load(load_charts, problem), immediate=False)


def show_facts(found: Infrastructure, bot: Bot) -> None:
    with panel(text.infrastructure.HOST):
        facts(host_facts(found.host))
    with panel(text.infrastructure.DATABASE):
        facts(database_facts(found.database))
    with panel(text.infrastructure.CACHE):
        facts(cache_facts(found.cache))
    with panel(text.infrastructure.BOT):
        facts(bot_facts(bot))
