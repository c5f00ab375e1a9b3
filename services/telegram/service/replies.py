"""The reply texts of the bot."""

from collections.abc import Sequence

from services.telegram import text
from services.telegram.domain.bot import STARS
from services.telegram.domain.chat import Amount, ModuleStatus


def welcome_reply(name: str, *, created: bool) -> str:
    return (text.WELCOME if created else text.WELCOME_BACK).format(name=name)


def payment_reply(amount: Amount) -> str:
    return text.PAID.format(amount=format_amount(amount))


def status_reply(states: Sequence[ModuleStatus] | None) -> str:
    if states is None:
        return text.STATUS_UNKNOWN
    return "\n".join([text.STATUS, *map(status_line, states)])


def status_line(one: ModuleStatus) -> str:
    name = text.MODULES.get(one.module, one.module)
    return f"{name}：{text.STATES.get(one.state, text.STATE_UNKNOWN)}"


def format_amount(amount: Amount) -> str:
    """Format an amount without rounding."""
    if amount.currency == STARS:
        return f"{amount.units:,} ⭐"
    fraction = f"{abs(amount.nanos):09d}".rstrip("0")
    return f"{amount.units:,}{'.' * bool(fraction)}{fraction} {amount.currency}"
