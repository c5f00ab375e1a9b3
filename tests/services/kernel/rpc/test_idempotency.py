"""A request id makes work happen once for its caller, whatever is repeated when."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from libral.payments.v1 import payments_pb2
from sqlalchemy import MetaData

from services.kernel.calls import Audit, Call, Caller, enter_call
from services.kernel.clock import FixedClock
from services.kernel.database import migrate
from services.kernel.database.database import Database
from services.kernel.database.tables import KernelTables
from services.kernel.errors import AlreadyExistsError, InvalidArgumentError
from services.kernel.rpc.idempotency import KEPT, Answers

Request, Answer = payments_pb2.RefundPaymentRequest, payments_pb2.Payment


class Work:
    """Counts how often it ran, and answers with that."""

    def __init__(self) -> None:
        self.ran = 0
        self.fails = False

    async def __call__(self, _connection) -> Answer:
        self.ran += 1
        if self.fails:
            raise RuntimeError
        return Answer(name=f"payments/{self.ran}")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
async def answers(database_url, clock):
    await migrate.run("payments", database_url)
    database = Database(database_url)
    yield Answers(database, KernelTables.of(MetaData(schema="payments")), clock)
    await database.close()


def request(request_id: str, reason: str = "a") -> Request:
    return Request(name="payments/1", reason=reason, request_id=request_id)


def serve(caller: str = "users/1") -> Audit:
    audit = Audit()
    enter_call(Call("/x/Refund", "r", Caller(subject=caller), audit))
    return audit


async def test_a_repeat_gets_the_first_answer_and_is_marked(answers):
    work, asked = Work(), request(str(uuid4()))
    first = serve()
    answer = await answers.once(asked, Answer, work)
    repeated = serve()
    assert await answers.once(asked, Answer, work) == answer
    assert (work.ran, first.repeated, repeated.repeated) == (1, False, True)
    assert repeated.subject == "payments/1"


async def test_repeats_at_once_run_once(answers):
    work, asked = Work(), request(str(uuid4()))
    serve()
    found = await asyncio.gather(*(answers.once(asked, Answer, work) for _ in range(4)))
    assert work.ran == 1
    assert len({one.name for one in found}) == 1


async def test_work_that_failed_runs_again(answers):
    work, asked = Work(), request(str(uuid4()))
    serve()
    work.fails = True
    with pytest.raises(RuntimeError):
        await answers.once(asked, Answer, work)
    work.fails = False
    assert (await answers.once(asked, Answer, work)).name == "payments/2"


async def test_the_id_belongs_to_its_arguments_and_its_caller(answers):
    work, request_id = Work(), str(uuid4())
    serve()
    await answers.once(request(request_id), Answer, work)
    with pytest.raises(AlreadyExistsError) as reused:
        await answers.once(request(request_id, "b"), Answer, work)
    assert reused.value.reason == "REQUEST_ID_REUSED"
    serve("users/2")
    await answers.once(request(request_id, "b"), Answer, work)
    assert work.ran == 2


async def test_requests_without_an_id_all_run_and_a_bad_id_is_refused(answers):
    work = Work()
    serve()
    for _ in range(2):
        await answers.once(request(""), Answer, work)
    assert work.ran == 2
    with pytest.raises(InvalidArgumentError, match="request_id"):
        await answers.once(request("nonsense"), Answer, work)


async def test_answers_are_kept_for_a_week(answers, clock):
    work, asked = Work(), request(str(uuid4()))
    serve()
    await answers.once(asked, Answer, work)
    clock.time += KEPT
    await answers.forget_old()
    await answers.once(asked, Answer, work)
    assert work.ran == 1
    clock.time += timedelta(seconds=1)
    await answers.forget_old()
    await answers.once(asked, Answer, work)
    assert work.ran == 2
