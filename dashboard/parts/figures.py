"""Figures: tiles with their trend, source and age, and lists of facts."""

from collections.abc import Callable, Sequence

from nicegui import ui

from dashboard import formats, text
from dashboard.gateway import GatewayError, Json
from dashboard.parts.shell import Visit, box
from dashboard.sessions import SignedOutError
from dashboard.view import Sample

WIDTH, HEIGHT, MARGIN = 300.0, 40.0, 3.0
TREND_SECONDS = 30.0
TREND_STEPS = 60


class Tile:
    """A figure that is live: its value, trend, source and age. Stale, it says so."""

    def __init__(
        self, visit: Visit, name: str, metric: str, show: Callable[[float], str], note: str = ""
    ) -> None:
        self._visit = visit
        self._metric = metric
        self._show = show
        self._note = note
        with box("tile", "section"):
            ui.label(name).classes("name")
            self._value = ui.label(text.NO_DATA).classes("value none")
            self._trend = ui.html("", sanitize=False).classes("spark")
            self._source = ui.label().classes("note")
        visit.follow(self.refresh)
        ui.timer(TREND_SECONDS, self.load_trend)

    def refresh(self) -> None:
        view = self._visit.hub.view
        sample = view.sample(self._metric)
        self._value.text = text.NO_DATA if sample is None else self._show(sample.value)
        self._value.classes(replace="value none" if sample is None else "value")
        self._source.text = self._describe(view.samples.get(self._metric))

    def _describe(self, sample: Sample | None) -> str:
        if sample is None:
            return self._note
        source = text.SOURCES.get(sample.source, sample.source)
        return "・".join(filter(None, (self._note, source, formats.age(sample.age()))))

    async def load_trend(self) -> None:
        try:
            query = {"metric": self._metric, "merge": "true"}
            found = await self._visit.get("/v1/metrics:query", query)
        except (GatewayError, SignedOutError):
            return
        series: list[Json] = found.get("series", [])[:1]
        points: list[Json] = series[0].get("points", []) if series else []
        values = [float(point.get("value", 0)) for point in points]
        self._trend.set_content(sparkline(values))


def sparkline(points: Sequence[float]) -> str:
    """Draws a trend as SVG. The last point is at the right edge."""
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
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
        f'aria-label="{text.LAST_HOUR}"><polyline points="{" ".join(places)}" fill="none" '
        'stroke="#38bdf8" stroke-width="1.6" vector-effect="non-scaling-stroke"/></svg>'
    )


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Lists names and values."""
    with box("facts"):
        for name, value in pairs:
            with box("fact"):
                ui.label(name)
                ui.label(value)


def badge(words: str, tone: str = "") -> ui.label:
    """A state in a word. Tones: good, warn, bad or none."""
    return ui.label(words).classes(f"badge {tone}")


def plain_tile(name: str, value: str, note: str = "") -> None:
    """A figure as it was when the page was opened."""
    with box("tile", "section"):
        ui.label(name).classes("name")
        ui.label(value).classes("value none" if value == text.NO_DATA else "value")
        ui.label(note).classes("note")
