from libral.payments.v1 import payments_pb2, payments_pb2_grpc

from services.payments.__main__ import build
from services.payments.domain.payments import PaymentState
from tests.services.helpers import eventually
from tests.services.payments.helpers import charge


async def test_the_running_service_completes_refunds_that_were_begun(
    mesh, telegram, payment_service, refund_service, database
):
    paid = await payment_service.record_charge(charge())
    async with database.transaction() as connection:
        await refund_service.begin_refund(connection, paid.id)
    await mesh.start("payments", build, {"LIBRAL_TELEGRAM_TARGET": telegram.target})

    async def refunded() -> bool:
        return (await payment_service.get_payment(paid.id)).state == PaymentState.REFUNDED

    await eventually(refunded)
    assert telegram.refunded == ["charge-1"]


async def test_all_contracts_are_served(mesh, service):
    channel = mesh.channel(service)
    await payments_pb2_grpc.PaymentServiceStub(channel).ListPayments(
        payments_pb2.ListPaymentsRequest()
    )
    await payments_pb2_grpc.LedgerServiceStub(channel).ListAccounts(
        payments_pb2.ListAccountsRequest()
    )
    await payments_pb2_grpc.ReconciliationServiceStub(channel).ListReconciliations(
        payments_pb2.ListReconciliationsRequest()
    )
