from dataclasses import dataclass, field

import grpc
import pytest

from services.kernel.errors import FailedPreconditionError, InvalidArgumentError
from services.telegram.adapters.update_reader import UpdateReader
from services.telegram.domain.chat import (
    Amount,
    ModuleStatus,
    RefundedPayment,
    RegisteredUser,
    SuccessfulPayment,
)
from services.telegram.service.update_handler import UpdateHandler
from tests.fakes import botapi


@dataclass
class FakeClients:
    """Clients of users, payments and metrics. Registration raises `failure` if it is set."""

    known: set[int] = field(default_factory=set)
    payments: list = field(default_factory=list)
    refunds: list = field(default_factory=list)
    states: list[ModuleStatus] | None = None
    failure: Exception | None = None

    async def register_user(self, sender, seen) -> RegisteredUser:
        if self.failure is not None:
            raise self.failure
        created = sender.telegram_id not in self.known
        self.known.add(sender.telegram_id)
        return RegisteredUser(f"users/{sender.telegram_id}", created)

    async def record_payment(self, telegram_id, user_name, paid, time) -> Amount:
        self.payments.append((telegram_id, user_name, paid))
        return Amount(paid.currency, paid.amount, 0)

    async def record_refund(self, telegram_id, refund, time) -> None:
        self.refunds.append((telegram_id, refund))

    async def list_module_states(self):
        return self.states


@pytest.fixture
def services() -> FakeClients:
    return FakeClients()


@pytest.fixture
def handler(bot_api, services) -> UpdateHandler:
    return UpdateHandler(UpdateReader(bot_api.bot), bot_api, services, services, services)


@pytest.fixture
def texts(api):
    return lambda: [call["text"] for call in api.calls_of("sendMessage")]


def anonymous(update: dict, **changes) -> dict:
    """Return an update whose message has no sender."""
    del update["message"]["from"]
    update["message"] |= changes
    return update


async def test_start_registers_and_welcomes(handler, services, texts):
    for number in (1, 2):
        await handler.handle_update(botapi.command_update(number, "/start"))
    assert services.known == {42}
    assert texts() == [
        "花子 山田さん、ようこそ。ご登録ありがとうございます。",
        "花子 山田さん、おかえりなさい。",
    ]


async def test_a_payment_is_recorded_for_its_user_and_confirmed(handler, services, texts):
    await handler.handle_update(botapi.payment_update(1, "charge-1", 100))
    paid = SuccessfulPayment("XTR", 100, "charge-1", "", "order-1")
    assert services.payments == [(42, "users/42", paid)]
    assert texts() == ["お支払いを受け付けました：100 ⭐\nありがとうございます。"]


async def test_a_refund_is_recorded_for_the_chat_without_a_reply(handler, services, texts):
    await handler.handle_update(anonymous(botapi.refund_update(1, "charge-1", 100)))
    assert services.refunds == [(42, RefundedPayment("XTR", 100, "charge-1"))]
    assert (services.known, texts()) == (set(), [])


async def test_status_replies_with_the_states_or_unknown(handler, services, texts):
    await handler.handle_update(botapi.command_update(1, "/status"))
    services.states = [ModuleStatus("users", "HEALTHY")]
    await handler.handle_update(anonymous(botapi.command_update(2, "/status")))
    assert services.known == {42}
    assert texts() == [
        "稼働状態を取得できませんでした。しばらくしてからもう一度お試しください。",
        "サービスの稼働状態\nユーザー：正常",
    ]


async def test_other_messages_register_people_only(handler, services, texts):
    await handler.handle_update(botapi.message_update(1, 1, text="こんにちは"))
    bot = botapi.message_update(2, 2, text="beep")
    bot["message"]["from"]["is_bot"] = True
    await handler.handle_update(bot)
    await handler.handle_update(anonymous(botapi.message_update(3, 3, text="channel")))
    assert (services.known, texts()) == ({1}, [])


@pytest.mark.parametrize(
    "update", [botapi.command_update(1, "/start"), botapi.payment_update(1, "charge-1", 100)]
)
async def test_without_a_sender_nothing_is_recorded(handler, services, texts, update):
    await handler.handle_update(anonymous(update))
    assert (services.known, services.payments, texts()) == (set(), [], [])


@pytest.mark.parametrize(
    ("update", "ok", "problem"),
    [
        (botapi.pre_checkout_update(1), "true", None),
        (botapi.pre_checkout_update(1, amount=0), "false", "このお支払いは受け付けられません。"),
        (botapi.pre_checkout_update(1, payload=""), "false", "このお支払いは受け付けられません。"),
    ],
)
async def test_a_pre_checkout_query_is_answered(handler, api, update, ok, problem):
    await handler.handle_update(update)
    (call,) = api.calls_of("answerPreCheckoutQuery")
    assert (call["pre_checkout_query_id"], call["ok"]) == ("query-1", ok)
    assert call.get("error_message") == problem


async def test_a_refused_response_is_an_error(handler, api):
    api.failures["answerPreCheckoutQuery"] = (400, "Bad Request: query is too old")
    with pytest.raises(FailedPreconditionError):
        await handler.handle_update(botapi.pre_checkout_update(1))


async def test_a_lost_reply_is_not_an_error(handler, services, api):
    api.failures["sendMessage"] = (500, "Internal Server Error")
    await handler.handle_update(botapi.payment_update(1, "charge-1", 100))
    assert len(services.payments) == 1


async def test_errors_of_services_are_raised(handler, services, texts):
    services.failure = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata()
    )
    with pytest.raises(grpc.aio.AioRpcError):
        await handler.handle_update(botapi.payment_update(1, "charge-1", 100))
    assert (services.payments, texts()) == ([], [])


async def test_unknown_and_malformed_updates(handler, services):
    await handler.handle_update({"update_id": 1, "something_new": {"id": "x"}})
    with pytest.raises(InvalidArgumentError):
        await handler.handle_update({"update_id": 2, "message": {"message_id": "x"}})
    assert services == FakeClients()
