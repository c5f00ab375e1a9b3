"""Verification of the log's hash chain, range by range, with progress."""

from nicegui import ui

from dashboard import formats, text
from dashboard.api.http import GatewayError
from dashboard.api.verification import Verification
from dashboard.context import PageContext, go_to_sign_in
from dashboard.parts.widgets import badge, box
from dashboard.sessions import SignedOutError

RANGE = 10_000


class ChainCheckPanel:
    """A button that verifies the whole log until it is pressed again or finds a defect."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._running = False
        ui.label(text.verification.CHAIN_LEAD).classes("muted")
        with box("toolbar"):
            self._button = ui.button(text.verification.VERIFY, on_click=self._press)
            self._button.props("outline dense no-caps")
            self._button.set_enabled(page.session.can_operate)
            self._result = badge("").props("role=status")
            self._result.visible = False
        self._bar = ui.linear_progress(0, show_value=False).props("rounded")
        self._bar.visible = False
        if not page.session.can_operate:
            ui.label(text.common.NO_CONTROL).classes("muted")
        ui.context.client.on_delete(self._stop)

    def _stop(self) -> None:
        self._running = False

    async def _press(self) -> None:
        if self._running:
            self._stop()
            return
        self._running = True
        self._button.text = text.verification.ABORT
        words, tone = await self._run()
        if self._bar.is_deleted:
            return
        self._running = False
        self._button.text = text.verification.VERIFY
        self._bar.visible = False
        self._show(words, tone)

    async def _run(self) -> tuple[str, str]:
        """Verify range by range. Return the text and the tone of the result."""
        checked, start = 0, 0
        try:
            head = (await self._page.api.get_event_stats()).head_position or 0
            while self._running:
                found = await self._page.api.verify_events(start, RANGE)
                if not found.valid:
                    return defect_words(found), "bad"
                checked += found.checked_count
                start = found.next_start
                if not start:
                    words = text.verification.VERIFIED
                    return words.format(count=formats.integer(checked)), "good"
                self._progress(checked, checked + max(head - start + 1, 0))
        except SignedOutError:
            go_to_sign_in()
        except GatewayError as error:
            words = text.verification.VERIFY_FAILED
            return words.format(count=formats.integer(checked), reason=error.message), "warn"
        return text.verification.VERIFY_ABORTED.format(count=formats.integer(checked)), ""

    def _progress(self, checked: int, total: int) -> None:
        if not self._running:
            return
        self._bar.visible = True
        self._bar.value = checked / total
        counts = {"count": formats.integer(checked), "total": formats.integer(total)}
        self._show(text.verification.VERIFYING.format(**counts), "")

    def _show(self, words: str, tone: str) -> None:
        self._result.text = words
        self._result.classes(replace=f"badge {tone}")
        self._result.visible = True


def defect_words(found: Verification) -> str:
    """Return the position and reason of a defect: the gateway's message, or else the code."""
    problem = found.defect.message or found.defect.code or text.common.UNKNOWN
    position = formats.integer(found.first_bad_position)
    return text.verification.DEFECT.format(position=position, problem=problem)
