"""Tiles with a live value, its trend, source and age.

A `TileDefinition` names the metric of a tile. `pages/registry.py` collects the metrics of all
tiles, and the connection of a session subscribes to them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from dashboard import formats, text
from dashboard.api.http import GatewayError
from dashboard.api.metrics import Sample
from dashboard.context import PageContext
from dashboard.parts.widgets import box
from dashboard.sessions import SignedOutError

WIDTH, HEIGHT, MARGIN = 300.0, 40.0, 3.0
TREND_SECONDS = 30.0
TREND_STEPS = 60


@dataclass(frozen=True)
class TileDefinition:
    """A tile of a page: its name, its metric, and the format of its value."""

    name: str
    metric: str
    show: Callable[[float], str]
    note: str = ""

    def draw(self, page: PageContext) -> None:
        LiveTile(page, self)


class LiveTile:
    """A tile on an open page. A stale value is shown as データなし."""

    def __init__(self, page: PageContext, tile: TileDefinition) -> None:
        self._page = page
        self._tile = tile
        with box("tile", "section"):
            ui.label(tile.name).classes("name")
            self._value = ui.label(text.common.NO_DATA).classes("value none")
            self._trend = ui.html("", sanitize=False).classes("spark")
            self._source = ui.label().classes("note")
        page.follow(self.refresh)
        ui.timer(TREND_SECONDS, self.load_trend)

    def refresh(self) -> None:
        state = self._page.state
        sample = state.sample(self._tile.metric)
        self._value.text = text.common.NO_DATA if sample is None else self._tile.show(sample.value)
        self._value.classes(replace="value none" if sample is None else "value")
        self._source.text = self._describe(state.samples.get(self._tile.metric))

    def _describe(self, sample: Sample | None) -> str:
        if sample is None:
            return self._tile.note
        source = text.overview.SOURCES.get(sample.source, sample.source)
        return "・".join(filter(None, (self._tile.note, source, formats.age(sample.age))))

    async def load_trend(self) -> None:
        try:
            series = await self._page.api.query_metric(self._tile.metric)
        except (GatewayError, SignedOutError):
            return
        points = series[0].points if series else ()
        self._trend.set_content(sparkline([value for _, value in points]))


def sparkline(points: Sequence[float]) -> str:
    """Return a trend as SVG. The last point is at the right edge."""
    if len(points) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    step = WIDTH / (TREND_STEPS - 1)
    left = WIDTH - step * (len(points) - 1)
    scale = (HEIGHT - 2 * MARGIN) / span
    places = [
        f"{left + step * index:.1f},{HEIGHT - MARGIN - (value - low) * scale:.1f}"
        for index, value in enumerate(points)
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text.common.LAST_HOUR}"><polyline points="{" ".join(places)}" fill="none" '
        'stroke="#38bdf8" stroke-width="1.6" vector-effect="non-scaling-stroke"/></svg>'
    )
