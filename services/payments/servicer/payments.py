"""PaymentService."""

from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kernel.clock import Clock
from services.kernel.errors import invalid
from services.kernel.messages import (
    parse_uuid_name,
    read_timestamp,
    require_timestamp,
    timestamp,
)
from services.kernel.money import EXPONENTS
from services.kernel.rpc.idempotency import IdempotencyStore
from services.payments.domain.payments import TEXT_MAX, Charge, PaymentFilter, Refund
from services.payments.service.payments import PaymentService
from services.payments.service.refunds import RefundService
from services.payments.servicer.messages import (
    Context,
    cursor_of,
    early_refund_message,
    payment_message,
    subscription_message,
    time_cursor,
    time_page,
    total_message,
)

PAYMENTS = "payments"


class PaymentServicer(payments_pb2_grpc.PaymentServiceServicer):
    """Serves payments, refunds and subscriptions."""

    def __init__(
        self,
        payments: PaymentService,
        refunds: RefundService,
        idempotency: IdempotencyStore,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._idempotency = idempotency
        self._clock = clock

    async def GetPayment(
        self, request: payments_pb2.GetPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        return payment_message(
            await self._payments.get_payment(parse_uuid_name(request.name, PAYMENTS))
        )

    async def ListPayments(
        self, request: payments_pb2.ListPaymentsRequest, context: Context
    ) -> payments_pb2.ListPaymentsResponse:
        page, wanted = time_page(request), read_filter(request)
        found = await self._payments.list_payments(wanted, time_cursor(page), page.limit)
        payments, token = page.split_page(found, cursor_of)
        return payments_pb2.ListPaymentsResponse(
            payments=map(payment_message, payments), next_page_token=token
        )

    async def RefundPayment(
        self, request: payments_pb2.RefundPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        payment_id = parse_uuid_name(request.name, PAYMENTS)
        if not 0 < len(request.reason) <= TEXT_MAX:
            raise invalid("reason", "Use 1 to 256 characters.")

        async def begin(connection: AsyncConnection) -> payments_pb2.Payment:
            return payment_message(await self._refunds.begin_refund(connection, payment_id))

        # Telegram is called outside of the transaction. A repeated request continues a refund
        # that was begun.
        await self._idempotency.run_once(request, payments_pb2.Payment, begin)
        return payment_message(await self._refunds.complete_refund(payment_id))

    async def GetPaymentStats(
        self, request: payments_pb2.GetPaymentStatsRequest, context: Context
    ) -> payments_pb2.PaymentStats:
        stats = await self._payments.read_stats()
        return payments_pb2.PaymentStats(
            totals=map(total_message, stats.totals),
            today=map(total_message, stats.today),
            time_zone=stats.time_zone,
            measure_time=timestamp(stats.measure_time),
        )

    async def ListSubscriptions(
        self, request: payments_pb2.ListSubscriptionsRequest, context: Context
    ) -> payments_pb2.ListSubscriptionsResponse:
        page, now = time_page(request), self._clock.now()
        found = await self._payments.list_subscriptions(time_cursor(page), page.limit)
        shown, token = page.split_page(found, cursor_of)
        return payments_pb2.ListSubscriptionsResponse(
            subscriptions=[subscription_message(one, now) for one in shown],
            next_page_token=token,
        )

    async def RecordTelegramPayment(
        self, request: payments_pb2.RecordTelegramPaymentRequest, context: Context
    ) -> payments_pb2.Payment:
        return payment_message(await self._payments.record_charge(read_charge(request)))

    async def RecordTelegramRefund(
        self, request: payments_pb2.RecordTelegramRefundRequest, context: Context
    ) -> payments_pb2.Payment:
        refund = read_refund(request)
        payment = await self._payments.record_refund(refund)
        return early_refund_message(refund) if payment is None else payment_message(payment)


def read_filter(request: payments_pb2.ListPaymentsRequest) -> PaymentFilter:
    if request.currency_code and request.currency_code not in EXPONENTS:
        raise invalid("currency_code", "It is not a known currency.")
    return PaymentFilter(
        state=request.state,
        currency=request.currency_code,
        user_name=request.user,
        charge_id_prefix=request.query,
        start_time=read_timestamp(request, "start_time"),
        end_time=read_timestamp(request, "end_time"),
    )


def read_charge(request: payments_pb2.RecordTelegramPaymentRequest) -> Charge:
    return Charge(
        telegram_id=request.telegram_id,
        user_name=request.user,
        currency=request.currency_code,
        amount=request.total_amount,
        charge_id=request.telegram_charge_id,
        provider_charge_id=request.provider_charge_id,
        payload=request.invoice_payload,
        pay_time=require_timestamp(request, "pay_time"),
        subscription_expire_time=read_timestamp(request, "subscription_expire_time"),
        recurring=request.recurring,
    )


def read_refund(request: payments_pb2.RecordTelegramRefundRequest) -> Refund:
    return Refund(
        telegram_id=request.telegram_id,
        currency=request.currency_code,
        amount=request.total_amount,
        charge_id=request.telegram_charge_id,
        refund_time=require_timestamp(request, "refund_time"),
    )
