"""A fake Bot API, and updates as Telegram sends them.

Messages have the format of Bot API 10.3 (https://core.telegram.org/bots/api).

`python -m tests.fakes.botapi` serves it on all addresses, for use in a container.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from itertools import count

from aiohttp import web

TOKEN = "123456:abcdefghijklmnopqrstuvwxyz012345678"
SECRET = "a-secret-of-the-webhook"
PORT = 8082
BOT = {"id": 123456, "is_bot": True, "first_name": "Libral", "username": "libral_bot"}


class FakeBotApi:
    """Implements the methods that the telegram service calls.

    `calls` records all calls. `failures` maps a method to the status and description that it
    returns.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict]] = []
        self.failures: dict[str, tuple[int, str]] = {}
        self.transactions: list[dict] = []
        self.refunded: set[str] = set()
        self._messages = count(1)
        self.url = ""

    def calls_of(self, method: str) -> list[dict]:
        return [arguments for name, arguments in self.calls if name == method]

    async def handle_request(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = dict(await request.post())
        self.calls.append((method, arguments))
        if request.match_info["token"] != TOKEN:
            return error_response(401, "Unauthorized")
        if method in self.failures:
            return error_response(*self.failures[method])
        try:
            return web.json_response(
                {"ok": True, "result": getattr(self, f"do_{method}")(arguments)}
            )
        except ValueError as error:
            return error_response(400, f"Bad Request: {error}")

    def do_getMe(self, arguments: dict):  # noqa: N802 - Telegram's name
        return BOT

    def do_sendMessage(self, arguments: dict):  # noqa: N802 - Telegram's name
        return {
            "message_id": next(self._messages),
            "date": int(time.time()),
            "chat": {"id": int(arguments["chat_id"]), "type": "private"},
            "text": arguments["text"],
        }

    def do_answerPreCheckoutQuery(self, arguments: dict):  # noqa: N802 - Telegram's name
        return True

    def do_createInvoiceLink(self, arguments: dict):  # noqa: N802 - Telegram's name
        return "https://t.me/$made-up"

    def do_refundStarPayment(self, arguments: dict):  # noqa: N802 - Telegram's name
        charge = arguments["telegram_payment_charge_id"]
        if charge in self.refunded:
            raise ValueError("CHARGE_ALREADY_REFUNDED")
        self.refunded.add(charge)
        return True

    def do_getStarTransactions(self, arguments: dict):  # noqa: N802 - Telegram's name
        offset, limit = int(arguments["offset"]), int(arguments["limit"])
        return {"transactions": self.transactions[offset : offset + limit]}


def error_response(status: int, description: str) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(body, status=status)


@asynccontextmanager
async def serve_bot_api(host: str = "127.0.0.1", port: int = 0):
    """Serve a fake Bot API within the context. Port 0 selects a free port."""
    api = FakeBotApi()
    application = web.Application()
    application.router.add_post("/bot{token}/{method}", api.handle_request)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    port = runner.addresses[0][1]
    api.url = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()


def make_user(telegram_id: int = 42, name: str = "花子") -> dict:
    return {
        "id": telegram_id,
        "is_bot": False,
        "first_name": name,
        "last_name": "山田",
        "username": f"user{telegram_id}",
        "language_code": "ja",
    }


def message_update(update_id: int, telegram_id: int = 42, **fields) -> dict:
    """Return an update with a message in a private chat."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "from": make_user(telegram_id),
            "chat": {"id": telegram_id, "type": "private", "first_name": "花子"},
            "date": int(time.time()),
            **fields,
        },
    }


def command_update(update_id: int, text: str, telegram_id: int = 42) -> dict:
    """Return an update with a command, such as `/start`."""
    length = len(text.split(maxsplit=1)[0])
    entities = [{"type": "bot_command", "offset": 0, "length": length}]
    return message_update(update_id, telegram_id, text=text, entities=entities)


def payment_update(
    update_id: int, charge: str, amount: int, telegram_id: int = 42, **fields
) -> dict:
    """Return an update with a SuccessfulPayment in Stars."""
    payment = {
        "currency": "XTR",
        "total_amount": amount,
        "invoice_payload": "order-1",
        "telegram_payment_charge_id": charge,
        "provider_payment_charge_id": "",
    }
    return message_update(update_id, telegram_id, successful_payment=payment | fields)


def refund_update(update_id: int, charge: str, amount: int, telegram_id: int = 42) -> dict:
    """Return an update with a RefundedPayment."""
    payment = {
        "currency": "XTR",
        "total_amount": amount,
        "invoice_payload": "order-1",
        "telegram_payment_charge_id": charge,
    }
    return message_update(update_id, telegram_id, refunded_payment=payment)


def pre_checkout_update(
    update_id: int, amount: int = 100, telegram_id: int = 42, payload: str = "order-1"
) -> dict:
    """Return an update with a PreCheckoutQuery."""
    return {
        "update_id": update_id,
        "pre_checkout_query": {
            "id": f"query-{update_id}",
            "from": make_user(telegram_id),
            "currency": "XTR",
            "total_amount": amount,
            "invoice_payload": payload,
        },
    }


async def main() -> None:
    async with serve_bot_api("0.0.0.0", PORT):  # noqa: S104 - it runs in its own container
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
