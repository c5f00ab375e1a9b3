"""Japanese names and states of modules, and the actions on them."""

from collections.abc import Callable, Coroutine

from nicegui import ui

from dashboard import formats, text
from dashboard.api.http import GatewayError
from dashboard.api.modules import Module
from dashboard.context import PageContext, go_to_sign_in
from dashboard.parts.confirm import confirm
from dashboard.sessions import SignedOutError

TONES = {"HEALTHY": "good", "BUSY": "warn", "STARTING": "warn", "ERROR": "bad", "STOPPED": "bad"}
VERBS = {"START": text.modules.START, "STOP": text.modules.STOP, "RESTART": text.modules.RESTART}
NOTES = {"dashboard": text.modules.CONFIRM_SELF, "gateway": text.modules.CONFIRM_GATEWAY}
DRAINING = frozenset({"GATEWAY_DRAINING", "SERVER_DRAINING"})


def module_title(module: Module) -> str:
    return text.common.MODULE_NAMES.get(module.id, module.id)


def state_words(module: Module | None) -> str:
    return formats.enum(text.modules.STATES, module.state if module else "")


def state_tone(module: Module | None) -> str:
    return TONES.get(module.state, "") if module else ""


def reason_words(module: Module | None) -> str:
    """Return the reason of a module's state: the gateway's message, or else the code."""
    return (module.reason.message or module.reason.code) if module else ""


def confirm_action(
    page: PageContext, module: Module, action: str
) -> Callable[[], Coroutine[None, None, None]]:
    """Return a button handler that acts after the operator's confirmation."""

    async def ask() -> None:
        words = {"module": module_title(module), "action": VERBS[action]}
        question, note = text.modules.CONFIRM_ACTION.format(**words), NOTES.get(module.id, "")
        if await confirm(question, VERBS[action], note=note, dangerous=action != "START"):
            await act_on_module(page, module, action)

    return ask


async def act_on_module(page: PageContext, module: Module, action: str) -> None:
    """Start, stop or restart a module and show the result.

    A gateway or service that is restarting cannot respond, so a lost response is not a failure.
    """
    words = {"module": module_title(module), "action": VERBS[action]}
    try:
        await page.api.change_module(module.id, action)
    except SignedOutError:
        go_to_sign_in()
    except GatewayError as error:
        if error.status == 0 or error.reason in DRAINING:
            ui.notify(text.modules.ACTION_SENT.format(**words), type="info")
            return
        message = text.modules.ACTION_FAILED.format(**words, reason=error.message)
        ui.notify(message, type="negative")
    else:
        ui.notify(text.modules.ACTION_DONE.format(**words), type="positive")
