"""The check of the log's hash chain, range after range, while the operator watches."""

from nicegui import ui

from dashboard import formats, text
from dashboard.gateway import GatewayError
from dashboard.parts.figures import badge
from dashboard.parts.shell import SIGN_IN, Visit, box
from dashboard.sessions import SignedOutError

RANGE = 10_000


class ChainCheck:
    """A button that checks all of the log, or as much of it until one has enough."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._running = False
        ui.label(text.CHAIN_LEAD).classes("muted")
        with box("toolbar"):
            self._button = ui.button(text.VERIFY, on_click=self._press)
            self._button.props("outline dense no-caps")
            self._button.set_enabled(visit.session.can_operate)
            self._result = badge("").props("role=status")
            self._result.visible = False
        self._bar = ui.linear_progress(0, show_value=False).props("rounded")
        self._bar.visible = False
        if not visit.session.can_operate:
            ui.label(text.NO_CONTROL).classes("muted")
        ui.context.client.on_delete(self._stop)

    def _stop(self) -> None:
        self._running = False

    async def _press(self) -> None:
        if self._running:
            self._stop()
            return
        self._running = True
        self._button.text = text.ABORT
        words, tone = await self._run()
        if self._bar.is_deleted:
            return
        self._running = False
        self._button.text = text.VERIFY
        self._bar.visible = False
        self._say(words, tone)

    async def _run(self) -> tuple[str, str]:
        """Checks range after range. Gives the words and the tone of what came of it."""
        checked, start = 0, 0
        try:
            stats = await self._visit.get("/v1/events:stats")
            head = int(stats.get("headPosition", 0))
            while self._running:
                found = await self._visit.get("/v1/events:verify", {"start": start, "count": RANGE})
                if not found.get("valid"):
                    return defect_words(found), "bad"
                checked += int(found.get("checkedCount", 0))
                start = int(found.get("nextStart", 0))
                if not start:
                    return text.VERIFIED.format(count=formats.integer(checked)), "good"
                self._progress(checked, checked + max(head - start + 1, 0))
        except SignedOutError:
            ui.navigate.to(f"{SIGN_IN}?error=ended")
            return text.VERIFY_ABORTED.format(count=formats.integer(checked)), ""
        except GatewayError as error:
            count = formats.integer(checked)
            return text.VERIFY_FAILED.format(count=count, reason=error.message), "warn"
        return text.VERIFY_ABORTED.format(count=formats.integer(checked)), ""

    def _progress(self, checked: int, total: int) -> None:
        if not self._running:
            return
        self._bar.visible = True
        self._bar.value = checked / total
        counts = {"count": formats.integer(checked), "total": formats.integer(total)}
        self._say(text.VERIFYING.format(**counts), "")

    def _say(self, words: str, tone: str) -> None:
        self._result.text = words
        self._result.classes(replace=f"badge {tone}")
        self._result.visible = True


def defect_words(found: dict[str, object]) -> str:
    problem = str(found.get("problem", ""))
    position = formats.integer(found.get("firstBadPosition"))
    return text.DEFECT.format(position=position, problem=text.DEFECTS.get(problem, problem))
