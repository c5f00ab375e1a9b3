"""PaymentService."""

from datetime import datetime
from zoneinfo import ZoneInfo

from google.type.money_pb2 import Money
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import new_id
from services.kernel.errors import NotFoundError, invalid
from services.kernel.messages import page_size
from services.kernel.money import EXPONENTS
from services.kernel.server import Kernel
from services.payments import storage
from services.payments.domain import (
    STARS,
    TEXT_MAX,
    Payment,
    State,
    check_record,
    check_transition,
)
from services.payments.servicer.messages import (
    Context,
    money,
    next_token,
    parse_name,
    payment_message,
    read_time,
    require_time,
    stamp,
    subscription_message,
    time_cursor,
)
from services.payments.worker import Bookkeeper


class PaymentServicer(payments_pb2_grpc.PaymentServiceServicer):
    """Serves payments."""

    def __init__(self, kernel: Kernel, bookkeeper: Bookkeeper, zone: ZoneInfo) -> None:
        self._kernel = kernel
        self._database = kernel.database
        self._bookkeeper = bookkeeper
        self._zone = zone

    async def GetPayment(
        self, request: payments_pb2.GetPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        payment_id = parse_name(request.name)
        async with self._database.reading() as connection:
            payment = await storage.find_payment(connection, id=payment_id)
        if payment is None:
            raise NotFoundError("payment", request.name)
        return payment_message(payment)

    async def ListPayments(
        self, request: payments_pb2.ListPaymentsRequest, context: Context
    ) -> payments_pb2.ListPaymentsResponse:
        size, before = page_size(request), time_cursor(request)
        if request.currency_code and request.currency_code not in EXPONENTS:
            raise invalid("currency_code", "It is no currency that is known here.")
        wanted = storage.Filter(
            state=request.state,
            currency=request.currency_code,
            user_name=request.user,
            query=request.query,
            start_time=read_time(request, "start_time"),
            end_time=read_time(request, "end_time"),
        )
        async with self._database.reading() as connection:
            payments = await storage.list_payments(connection, wanted, before, size + 1)
        response = payments_pb2.ListPaymentsResponse(payments=map(payment_message, payments[:size]))
        if len(payments) > size:
            last = payments[size - 1]
            response.next_page_token = next_token(request, last.create_time, last.id)
        return response

    async def RefundPayment(
        self, request: payments_pb2.RefundPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        payment_id = parse_name(request.name)
        if not 0 < len(request.reason) <= TEXT_MAX:
            raise invalid("reason", "Use 1 to 256 characters.")

        async def begin(connection: AsyncConnection) -> payments_pb2.Payment:
            payment = await storage.find_payment(connection, lock=True, id=payment_id)
            if payment is None:
                raise NotFoundError("payment", request.name)
            if payment.currency != STARS:
                raise invalid("name", "Only payments in Stars can be refunded here.")
            check_transition(payment.state, State.REFUND_PENDING)
            now = self._kernel.clock.now()
            state = int(State.REFUND_PENDING)
            begun = await storage.change_payment(connection, payment.id, now, state=state)
            return payment_message(begun)

        await self._kernel.answers.once(request, payments_pb2.Payment, begin)
        async with self._database.reading() as connection:
            begun = await storage.find_payment(connection, id=payment_id)
        if begun is not None and begun.state == State.REFUND_PENDING:
            begun = await self._bookkeeper.finish_refund(begun)
        if begun is None:
            raise NotFoundError("payment", request.name)
        return payment_message(begun)

    async def GetPaymentStats(
        self, request: payments_pb2.GetPaymentStatsRequest, context: Context
    ) -> payments_pb2.PaymentStats:
        now = self._kernel.clock.now()
        today = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._database.reading() as connection:
            totals = await storage.sum_payments(connection, None)
            todays = await storage.sum_payments(connection, today)
        return payments_pb2.PaymentStats(
            totals=[total_message(*one) for one in totals],
            today=[total_message(*one) for one in todays],
            time_zone=self._zone.key,
            measure_time=stamp(now),
        )

    async def ListSubscriptions(
        self, request: payments_pb2.ListSubscriptionsRequest, context: Context
    ) -> payments_pb2.ListSubscriptionsResponse:
        size, before = page_size(request), time_cursor(request)
        now = self._kernel.clock.now()
        async with self._database.reading() as connection:
            found = await storage.list_subscriptions(connection, before, size + 1)
        response = payments_pb2.ListSubscriptionsResponse(
            subscriptions=[subscription_message(one, now) for one in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = next_token(request, last.create_time, last.id)
        return response

    async def RecordTelegramPayment(
        self, request: payments_pb2.RecordTelegramPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        now = self._kernel.clock.now()
        told = Payment(
            id=new_id(self._kernel.clock),
            user_name=request.user,
            telegram_id=request.telegram_id,
            currency=request.currency_code,
            amount=request.total_amount,
            state=State.COMPLETED,
            charge_id=request.telegram_charge_id,
            provider_charge_id=request.provider_charge_id,
            payload=request.invoice_payload,
            pay_time=require_time(request, "pay_time"),
            create_time=now,
            update_time=now,
            subscription_expire_time=read_time(request, "subscription_expire_time"),
            recurring=request.recurring,
        )
        check_record(told)
        async with self._database.transaction() as connection:
            payment = await self._bookkeeper.record(connection, told)
        return payment_message(payment)

    async def RecordTelegramRefund(
        self, request: payments_pb2.RecordTelegramRefundRequest, context: Context
    ) -> payments_pb2.Payment:
        refund_time = require_time(request, "refund_time")
        check_record(self._as_payment(request, refund_time))
        async with self._database.transaction() as connection:
            await storage.keep_early_refund(
                connection,
                charge_id=request.telegram_charge_id,
                currency=request.currency_code,
                amount=request.total_amount,
                telegram_id=request.telegram_id,
                refund_time=refund_time,
            )
            payment = await storage.find_payment(
                connection, lock=True, charge_id=request.telegram_charge_id
            )
            if payment is None:
                return payments_pb2.Payment(
                    telegram_charge_id=request.telegram_charge_id,
                    amount=money(request.total_amount, request.currency_code),
                    refund_time=stamp(refund_time),
                )
            await storage.take_early_refund(connection, request.telegram_charge_id)
            payment = await self._bookkeeper.refunded(connection, payment, refund_time)
        return payment_message(payment)

    def _as_payment(
        self, request: payments_pb2.RecordTelegramRefundRequest, time: datetime
    ) -> Payment:
        """A refund has the fields of the payment that it undoes, and the same rules."""
        return Payment(
            id=new_id(self._kernel.clock),
            user_name="",
            telegram_id=request.telegram_id,
            currency=request.currency_code,
            amount=request.total_amount,
            state=State.REFUNDED,
            charge_id=request.telegram_charge_id,
            provider_charge_id="",
            payload="",
            pay_time=time,
            create_time=time,
            update_time=time,
        )


def total_message(
    state: State, currency: str, count: int, amount: int
) -> payments_pb2.PaymentStats.Total:
    total: Money = money(amount, currency)
    return payments_pb2.PaymentStats.Total(
        state=payments_pb2.Payment.State.ValueType(state), count=count, amount=total
    )
