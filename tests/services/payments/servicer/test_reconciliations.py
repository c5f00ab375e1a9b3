from uuid import uuid4

import grpc
import pytest
from libral.payments.v1 import payments_pb2, payments_pb2_grpc
from libral.telegram.v1 import telegram_pb2

from tests.services.helpers import refused


@pytest.fixture
def users_target(operator) -> str:
    return operator.users_target


@pytest.fixture
def reconciliations(mesh, service):
    return payments_pb2_grpc.ReconciliationServiceStub(mesh.channel(service))


@pytest.fixture
def create(mesh, service, operator):
    """Call CreateReconciliation as an operator."""
    stub = payments_pb2_grpc.ReconciliationServiceStub(mesh.anonymous_channel(service))

    def call(request_id: str = ""):
        request = payments_pb2.CreateReconciliationRequest(request_id=request_id)
        return stub.CreateReconciliation(request, metadata=operator.metadata)

    return call


async def test_a_reconciliation_is_made_once_and_listed(create, reconciliations, telegram):
    telegram.statement = [telegram_pb2.StarTransaction(id="a", amount=5, incoming=True)]
    request_id = str(uuid4())
    made = await create(request_id)
    assert await create(request_id) == made
    (difference,) = made.differences
    assert (difference.transaction_id, difference.telegram_amount) == ("a", 5)
    listed = await reconciliations.ListReconciliations(payments_pb2.ListReconciliationsRequest())
    assert list(listed.reconciliations) == [made]


async def test_reconciliations_in_pages(create, reconciliations):
    names = [(await create()).name for _ in range(3)]
    request = payments_pb2.ListReconciliationsRequest(page_size=2)
    first = await reconciliations.ListReconciliations(request)
    request.page_token = first.next_page_token
    second = await reconciliations.ListReconciliations(request)
    found = [one.name for one in (*first.reconciliations, *second.reconciliations)]
    assert found == names[::-1]
    assert second.next_page_token == ""


async def test_a_statement_that_is_not_to_be_had(create, telegram):
    telegram.failure = grpc.StatusCode.FAILED_PRECONDITION
    with refused("FAILED_PRECONDITION", "STATEMENT_UNAVAILABLE"):
        await create()
