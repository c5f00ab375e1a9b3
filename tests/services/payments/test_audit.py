"""The audit trail of refunds and reconciliations, written with the change that it records."""

from uuid import uuid4

import grpc
import pytest
from libral.payments.v1 import payments_pb2, payments_pb2_grpc

from services.payments.domain.payments import PaymentState
from tests.services.helpers import AuditTrail, audited_methods, refused
from tests.services.payments.helpers import rows, stars


@pytest.fixture
def users_target(operator) -> str:
    return operator.users_target


@pytest.fixture
async def trail(service) -> AuditTrail:
    trail = AuditTrail(service)
    await trail.all()
    return trail


async def test_each_audited_method_is_recorded_once(
    mesh, service, payments, refund, trail, operator, telegram
):
    paid = await payments.RecordTelegramPayment(stars())
    assert await trail.all() == []
    _, event = await trail.of(refund(paid.name))
    assert (event.subject, event.actor) == (paid.name, operator.name)
    assert event.data["session"] == operator.session
    stub = payments_pb2_grpc.ReconciliationServiceStub(mesh.anonymous_channel(service))
    request = payments_pb2.CreateReconciliationRequest(request_id=str(uuid4()))
    made, event = await trail.of(stub.CreateReconciliation(request, metadata=operator.metadata))
    assert (event.subject, event.actor) == (made.name, operator.name)
    package = "libral.payments.v1"
    services = ("PaymentService", "LedgerService", "ReconciliationService")
    assert trail.methods == audited_methods(*(f"{package}.{service}" for service in services))


async def test_a_refund_that_is_left_begun_has_its_record(
    payments, refund, service, trail, telegram
):
    """The first record is written with the change, the second has the reason of the failure."""
    paid = await payments.RecordTelegramPayment(stars())
    telegram.failure = grpc.StatusCode.UNAVAILABLE
    with refused("UNAVAILABLE", "PEER_UNAVAILABLE"):
        await refund(paid.name)
    (payment,) = await rows(
        service.kernel.database, "SELECT state, xmin::text::bigint AS by FROM payments.payments"
    )
    begun, failed = await trail.all()
    assert payment.state == PaymentState.REFUND_PENDING
    assert payment.by == begun.transaction_id
    assert [event.data["reason"] for event in (begun, failed)] == ["", "PEER_UNAVAILABLE"]


async def test_a_repeated_refund_is_recorded_once(payments, refund, trail, telegram):
    paid = await payments.RecordTelegramPayment(stars())
    request_id = str(uuid4())
    _, first = await trail.of(refund(paid.name, request_id))
    _, again = await trail.of(refund(paid.name, request_id))
    assert "repeated" not in first.data
    assert again.data["repeated"] is True
    assert telegram.refunded == ["charge-1"]


async def test_a_refund_that_may_not_be_is_one_failure(payments, refund, trail):
    name = f"payments/{uuid4()}"
    event = await trail.of_failure(refund(name), "NOT_FOUND", "PAYMENT_NOT_FOUND")
    assert event.subject == name
