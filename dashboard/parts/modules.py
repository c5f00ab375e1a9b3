"""Modules: their states, and what can be done with them."""

import re
from collections.abc import Callable, Coroutine

from nicegui import ui

from dashboard import text
from dashboard.gateway import ACTION_SECONDS, GatewayError, Json
from dashboard.parts.confirm import confirm
from dashboard.parts.shell import SIGN_IN, Visit
from dashboard.sessions import SignedOutError

TONES = {"HEALTHY": "good", "BUSY": "warn", "STARTING": "warn", "ERROR": "bad", "STOPPED": "bad"}
VERBS = {"START": text.START, "STOP": text.STOP, "RESTART": text.RESTART}
NOTES = {"dashboard": text.CONFIRM_SELF, "gateway": text.CONFIRM_GATEWAY}


def module_id(module: Json) -> str:
    return str(module.get("name", "")).removeprefix("modules/")


def module_title(module: Json) -> str:
    return text.MODULE_NAMES.get(module_id(module), module_id(module))


def state_words(module: Json) -> str:
    return text.MODULE_STATES.get(module.get("state", ""), text.STATE_UNKNOWN)


def reason_words(module: Json) -> str:
    """Writes why a module is in its state. What has no Japanese words shows as it was told."""
    reason = str(module.get("reason", ""))
    for form, words in text.MODULE_REASON_FORMS.items():
        if found := re.fullmatch(form, reason):
            return words.format(*found.groups())
    return text.MODULE_REASONS.get(reason, reason)


def state_tone(module: Json) -> str:
    return TONES.get(module.get("state", ""), "")


def confirm_action(
    visit: Visit, module: Json, action: str
) -> Callable[[], Coroutine[None, None, None]]:
    """Makes what asks the operator first, and then acts."""

    async def ask() -> None:
        words = {"module": module_title(module), "action": VERBS[action]}
        question, note = text.CONFIRM_ACTION.format(**words), NOTES.get(module_id(module), "")
        if await confirm(question, VERBS[action], note=note, dangerous=action != "START"):
            await act(visit, module, action)

    return ask


async def act(visit: Visit, module: Json, action: str) -> None:
    """Starts, stops or restarts a module, and says how it went."""
    words = {"module": module_title(module), "action": VERBS[action]}
    try:
        path = f"/v1/modules/{module_id(module)}:{action.lower()}"
        await visit.post(path, {}, ACTION_SECONDS)
    except SignedOutError:
        ui.navigate.to(f"{SIGN_IN}?error=ended")
    except GatewayError as error:
        if error.status == 0 or error.reason in {"GATEWAY_DRAINING", "SERVER_DRAINING"}:
            ui.notify(text.ACTION_SENT.format(**words), type="info")
            return
        ui.notify(text.ACTION_FAILED.format(**words, reason=error.message), type="negative")
    else:
        ui.notify(text.ACTION_DONE.format(**words), type="positive")
