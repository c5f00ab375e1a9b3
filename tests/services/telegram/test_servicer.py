import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.telegram.v1 import telegram_pb2
from libral.users.v1 import users_pb2, users_pb2_grpc

from services.kernel.clock import FixedClock
from services.telegram import workers
from services.telegram.__main__ import build
from services.telegram.service.update_handler import UpdateHandler
from tests.fakes import botapi
from tests.services.helpers import eventually, refused
from tests.services.telegram.helpers import rows

Bot = telegram_pb2.Bot


@pytest.fixture
def all_users(mesh, users):
    stub = users_pb2_grpc.UserServiceStub(mesh.channel(users))

    async def customers() -> list:
        found = await stub.ListUsers(users_pb2.ListUsersRequest())
        return [user for user in found.users if user.telegram_id]

    return customers


@pytest.fixture
def all_payments(mesh, payments):
    stub = payments_pb2_grpc.PaymentServiceStub(mesh.channel(payments))

    async def listed() -> list:
        return list((await stub.ListPayments(payments_pb2.ListPaymentsRequest())).payments)

    return listed


@pytest.fixture
def handled(service):
    """Return a function that waits until a number of updates are done or failed."""

    async def wait(number: int) -> None:
        async def holds() -> bool:
            return (
                len(
                    await rows(
                        service.kernel.database, "SELECT id FROM updates WHERE state <> 'pending'"
                    )
                )
                == number
            )

        await eventually(holds)

    return wait


async def test_start_registers_the_sender_once(post, handled, all_users, api):
    for number in (1, 2, 2):
        await post(botapi.command_update(number, "/start"))
    await handled(2)
    (user,) = await all_users()
    assert (user.telegram_id, user.display_name, user.telegram_username) == (
        42,
        "花子 山田",
        "user42",
    )
    replies = [call["text"] for call in api.calls_of("sendMessage")]
    assert replies == [
        "花子 山田さん、ようこそ。ご登録ありがとうございます。",
        "花子 山田さん、おかえりなさい。",
    ]


async def test_stars_are_recorded_once_however_they_arrive(
    post, handled, all_users, all_payments, api
):
    later, earlier = (
        botapi.payment_update(12, "charge-2", 250),
        botapi.payment_update(11, "charge-1", 100),
    )
    await asyncio.gather(*(post(update) for update in (later, earlier, later, earlier, later)))
    await post(botapi.payment_update(13, "charge-1", 100))
    await handled(3)
    found = {one.telegram_charge_id: one.amount for one in await all_payments()}
    assert {charge: (a.units, a.nanos, a.currency_code) for charge, a in found.items()} == {
        "charge-1": (100, 0, "XTR"),
        "charge-2": (250, 0, "XTR"),
    }
    (user,) = await all_users()
    assert {one.user for one in await all_payments()} == {user.name}
    assert "お支払いを受け付けました：100 ⭐\nありがとうございます。" in [
        call["text"] for call in api.calls_of("sendMessage")
    ]


async def test_a_refund_that_comes_before_its_payment(post, handled, all_payments):
    await post(botapi.refund_update(20, "charge-1", 100))
    await handled(1)
    await post(botapi.payment_update(21, "charge-1", 100))
    await handled(2)
    (payment,) = await all_payments()
    assert payment.state == payments_pb2.Payment.REFUNDED


async def test_a_pre_checkout_query_is_answered(post, handled, api):
    await post(botapi.pre_checkout_update(30))
    await post(botapi.pre_checkout_update(31, payload=""))
    await handled(2)
    responses = {
        call["pre_checkout_query_id"]: call for call in api.calls_of("answerPreCheckoutQuery")
    }
    assert responses["query-30"]["ok"] == "true"
    assert responses["query-31"]["ok"] == "false"
    assert responses["query-31"]["error_message"] == "このお支払いは受け付けられません。"


async def test_status_shows_the_module_states(post, handled, api):
    await post(botapi.command_update(40, "/status"))
    await handled(1)
    (reply,) = api.calls_of("sendMessage")
    assert reply["text"] == "サービスの稼働状態\nユーザー：正常\n決済：停止"


async def test_a_message_updates_the_sender_without_a_reply(post, handled, all_users, api):
    await post(botapi.message_update(50, text="こんにちは"))
    await handled(1)
    (user,) = await all_users()
    assert user.HasField("last_seen_time")
    assert not api.calls_of("sendMessage")


async def test_an_update_of_an_unknown_kind_is_kept(post, handled, service):
    await post({"update_id": 60, "something_new": {"id": "x"}})
    await handled(1)
    assert await rows(service.kernel.database, "SELECT state, kind FROM updates") == [
        ("done", "something_new")
    ]


async def test_a_forged_webhook_writes_nothing(post, service):
    for secret in ("", "wrong"):
        with refused("UNAUTHENTICATED", "WEBHOOK_SECRET_WRONG"):
            await post(botapi.command_update(1, "/start"), secret=secret)
    with refused("INVALID_ARGUMENT", fields=["update_id"]):
        await post(b"{}")
    assert await rows(service.kernel.database, "SELECT id FROM updates") == []


async def test_a_malformed_update_fails_and_the_next_is_handled(post, handled, service, all_users):
    await post({"update_id": 70, "message": {"message_id": "x", "chat": {"id": 42}}})
    await post(botapi.command_update(71, "/start"))
    await handled(2)
    assert [
        row.state
        for row in await rows(service.kernel.database, "SELECT state FROM updates ORDER BY id")
    ] == [
        "failed",
        "done",
    ]
    assert len(await all_users()) == 1
    (event,) = await rows(
        service.kernel.database, "SELECT type, subject FROM outbox WHERE type = 'telegram.failed'"
    )
    assert event.subject == "updates/70"


async def test_an_update_is_retried_while_a_service_is_unavailable(
    mesh, users, environment, post_to, monkeypatch, all_payments, payments
):
    environment = environment | {"LIBRAL_PAYMENTS_TARGET": "127.0.0.1:9"}
    target = f"127.0.0.1:{users.port}"
    telegram_service = await mesh.start("telegram", build, environment, users_target=target)
    await post_to(telegram_service)(botapi.payment_update(80, "charge-1", 100))

    async def tried() -> bool:
        found = await rows(
            telegram_service.kernel.database, "SELECT error FROM updates WHERE state = 'pending'"
        )
        return bool(found) and found[0].error.startswith("UNAVAILABLE")

    await eventually(tried)
    assert await all_payments() == []


async def test_a_clock_set_back_does_not_delay_an_update(mesh, environment, post_to, monkeypatch):
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.05)
    clock = FixedClock(datetime.now(UTC) + timedelta(hours=1))
    service = await mesh.start(
        "telegram", build, environment, users_target="127.0.0.1:9", clock=clock
    )
    await post_to(service)(botapi.command_update(1, "/start"))

    async def postponed() -> bool:
        return bool(await rows(service.kernel.database, "SELECT id FROM updates WHERE error <> ''"))

    await eventually(postponed)
    clock.time = datetime.now(UTC)

    async def tried_again() -> bool:
        query = "SELECT id FROM updates WHERE due_time < now() + interval '31 seconds'"
        return bool(await rows(service.kernel.database, query))

    await eventually(tried_again)


async def test_a_slow_update_holds_up_no_other_chat(post, handled, service, monkeypatch):
    handle = UpdateHandler.handle_update

    async def handle_slowly(self, body) -> None:
        await asyncio.sleep(3600 * (body["update_id"] == 100))
        await handle(self, body)

    monkeypatch.setattr(UpdateHandler, "handle_update", handle_slowly)
    for number in range(100, 120):
        await post(botapi.command_update(number, "/start", number))
    await handled(19)
    [left] = await rows(service.kernel.database, "SELECT id FROM updates WHERE state = 'pending'")
    assert left.id == 100


async def test_a_failed_reply_is_ignored(post, handled, all_users, api):
    api.failures["sendMessage"] = (403, "Forbidden: bot was blocked by the user")
    await post(botapi.command_update(90, "/start"))
    await handled(1)
    assert len(await all_users()) == 1


async def test_the_bot_reports_its_state(telegram, api, service):
    async def connected() -> bool:
        return (await telegram.GetBot(telegram_pb2.GetBotRequest())).state == Bot.CONNECTED

    await eventually(connected)
    bot = await telegram.GetBot(telegram_pb2.GetBotRequest())
    assert (bot.username, bot.telegram_id) == ("libral_bot", 123456)
    assert not bot.HasField("last_update_time")


async def test_without_a_token_the_bot_is_unconfigured(mesh, post_to):
    targets = {"LIBRAL_PAYMENTS_TARGET": "127.0.0.1:9", "LIBRAL_METRICS_TARGET": "127.0.0.1:9"}
    service = await mesh.start("telegram", build, targets)
    from libral.telegram.v1 import telegram_pb2_grpc  # noqa: PLC0415

    stub = telegram_pb2_grpc.TelegramServiceStub(mesh.channel(service))
    bot = await stub.GetBot(telegram_pb2.GetBotRequest())
    assert bot.state == Bot.UNCONFIGURED
    with refused("FAILED_PRECONDITION", "BOT_UNCONFIGURED"):
        await post_to(service)(botapi.command_update(1, "/start"))
    with refused("FAILED_PRECONDITION", "BOT_UNCONFIGURED"):
        await stub.SendMessage(telegram_pb2.SendMessageRequest(chat_id=1, text="x"))


async def test_a_message_is_sent(telegram, api):
    request = telegram_pb2.SendMessageRequest(chat_id=42, text="<b>hi</b>")
    sent = await telegram.SendMessage(request)
    assert sent.chat_id == 42
    assert sent.message_id > 0
    (call,) = api.calls_of("sendMessage")
    assert call["text"] == "<b>hi</b>"
    assert "parse_mode" not in call
    with refused("INVALID_ARGUMENT", fields=["chat_id", "text"]):
        await telegram.SendMessage(telegram_pb2.SendMessageRequest())


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        ((400, "Bad Request: chat not found"), "FAILED_PRECONDITION", "TELEGRAM_REFUSED"),
        ((401, "Unauthorized"), "FAILED_PRECONDITION", "BOT_TOKEN_REFUSED"),
        ((500, "Internal Server Error"), "UNAVAILABLE", "TELEGRAM_UNAVAILABLE"),
    ],
)
async def test_what_telegram_refuses(telegram, api, failure, code, reason):
    api.failures["sendMessage"] = failure
    with refused(code, reason):
        await telegram.SendMessage(telegram_pb2.SendMessageRequest(chat_id=42, text="x"))


async def test_an_invoice_has_the_price_in_whole_stars(telegram, api):
    invoice = telegram_pb2.Invoice(title="本", description="良い本", payload="order-1", stars=100)
    made = await telegram.CreateInvoice(telegram_pb2.CreateInvoiceRequest(invoice=invoice))
    assert made.link == "https://t.me/$made-up"
    (call,) = api.calls_of("createInvoiceLink")
    assert call["currency"] == "XTR"
    assert json.loads(call["prices"]) == [{"label": "本", "amount": 100}]
    assert call.get("provider_token", "") == ""


async def test_a_refund_that_was_made_already_succeeds(telegram, api):
    request = telegram_pb2.RefundStarsRequest(telegram_id=42, telegram_charge_id="charge-1")
    await telegram.RefundStars(request)
    await telegram.RefundStars(request)
    assert api.refunded == {"charge-1"}


async def test_the_statement(telegram, api):
    api.transactions = [
        {
            "id": "charge-1",
            "amount": 100,
            "date": 1_767_225_600,
            "source": {
                "type": "user",
                "transaction_type": "invoice_payment",
                "user": botapi.make_user(),
            },
        },
        {"id": "out", "amount": 50, "date": 1_767_225_601, "receiver": {"type": "other"}},
    ]
    found = await telegram.ListStarTransactions(telegram_pb2.ListStarTransactionsRequest())
    assert [(one.id, one.amount, one.incoming, one.telegram_id) for one in found.transactions] == [
        ("charge-1", 100, True, 42),
        ("out", 50, False, 0),
    ]
