"""Line charts over the last hour. Everything in them is a number or a word of ours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from dashboard import formats
from dashboard.gateway import Json
from dashboard.parts.shell import Visit

COLOURS = ("#38bdf8", "#a78bfa", "#34d399", "#fbbf24")
FONTS = "Inter, 'Noto Sans JP', sans-serif"
SPAN = timedelta(hours=1)
Line = tuple[str, str, float]
"""A name, a metric and what its values are multiplied by."""


def chart(visit: Visit, lines: Sequence[Line], unit: str, aggregation: str = "AVERAGE") -> Any:
    """Draws a chart. Returns what loads its lines."""
    drawn = ui.echart(options(unit)).style("height: 220px; width: 100%")

    async def load() -> None:
        series: list[Json] = []
        for index, (name, metric, factor) in enumerate(lines):
            query = {"metric": metric, "merge": "true", "aggregation": aggregation}
            found = await visit.get("/v1/metrics:query", query)
            points = read_points(found, factor, visit.zone)
            series.append(line(name, points, COLOURS[index % len(COLOURS)]))
        now = datetime.now(visit.zone)
        drawn.options["xAxis"]["min"] = wall_clock(now - SPAN)
        drawn.options["xAxis"]["max"] = wall_clock(now)
        drawn.options["series"] = series
        drawn.update()

    return load


def read_points(found: Json, factor: float, zone: ZoneInfo) -> list[list[Any]]:
    """Reads the points of a series: the time on the wall clock, and the value."""
    points: list[list[Any]] = []
    for series in found.get("series", [])[:1]:
        for point in series.get("points", []):
            time = formats.parse_time(point.get("time"))
            if time is not None:
                local = time.astimezone(zone)
                points.append([wall_clock(local), round(float(point.get("value", 0)) * factor, 3)])
    return points


def wall_clock(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def line(name: str, points: list[list[Any]], colour: str) -> Json:
    return {
        "name": name,
        "type": "line",
        "showSymbol": len(points) == 1,
        "data": points,
        "color": colour,
        "lineStyle": {"width": 2},
    }


def options(unit: str) -> Json:
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
