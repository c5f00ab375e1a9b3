"""Line charts over the last hour. They contain only numbers and texts of the dashboard."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from dashboard.api.metrics import Series
from dashboard.context import PageContext

COLOURS = ("#38bdf8", "#a78bfa", "#34d399", "#fbbf24")
FONTS = "Inter, 'Noto Sans JP', sans-serif"
SPAN = timedelta(hours=1)
Options = dict[str, Any]


@dataclass(frozen=True)
class ChartLine:
    """A line of a chart: its name, its metric, and the factor applied to values."""

    name: str
    metric: str
    factor: float = 1.0


def draw_chart(
    page: PageContext, lines: Sequence[ChartLine], unit: str, aggregation: str = "AVERAGE"
) -> Callable[[], Awaitable[None]]:
    """Draw a chart. Return the function that loads its lines."""
    drawn = ui.echart(chart_options(unit)).style("height: 220px; width: 100%")

    async def load() -> None:
        series: list[Options] = []
        for index, line in enumerate(lines):
            found = await page.api.query_metric(line.metric, aggregation=aggregation)
            points = chart_points(found, line.factor, page.zone)
            series.append(line_options(line.name, points, COLOURS[index % len(COLOURS)]))
        now = datetime.now(page.zone)
        drawn.options["xAxis"]["min"] = wall_clock(now - SPAN)
        drawn.options["xAxis"]["max"] = wall_clock(now)
        drawn.options["series"] = series
        drawn.update()

    return load


def chart_points(found: Sequence[Series], factor: float, zone: ZoneInfo) -> list[list[Any]]:
    """Return the points of the first series as local times and scaled values."""
    return [
        [wall_clock(time.astimezone(zone)), round(value * factor, 3)]
        for series in found[:1]
        for time, value in series.points
    ]


def wall_clock(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def line_options(name: str, points: list[list[Any]], colour: str) -> Options:
    return {
        "name": name,
        "type": "line",
        "showSymbol": len(points) == 1,
        "data": points,
        "color": colour,
        "lineStyle": {"width": 2},
    }


def chart_options(unit: str) -> Options:
    muted = {"color": "#94a3b8", "fontFamily": FONTS}
    return {
        "grid": {"left": 8, "right": 12, "top": 34, "bottom": 4, "containLabel": True},
        "legend": {"textStyle": muted, "top": 0, "right": 0},
        "tooltip": {"trigger": "axis"},
        "animation": False,
        "textStyle": {"fontFamily": FONTS},
        "xAxis": {
            "type": "time",
            "axisLabel": {**muted, "formatter": "{HH}:{mm}", "hideOverlap": True},
        },
        "yAxis": {
            "type": "value",
            "name": unit,
            "nameTextStyle": muted,
            "axisLabel": muted,
            "splitLine": {"lineStyle": {"color": "#1c2638"}},
        },
        "series": [],
    }
