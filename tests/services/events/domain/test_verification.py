from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.checkpoints import Checkpoint
from services.events.domain.entries import Head, chain_entries
from services.events.domain.verification import (
    PROBLEMS,
    ChainVerifier,
    Defect,
    DefectCode,
    find_defect,
)
from tests.services.events.helpers import MORNING as TIME
from tests.services.events.helpers import SAMPLE, make_chain


def test_chain_goes_on_from_its_head():
    first, head = chain_entries(Head(), [SAMPLE], TIME)
    second, _ = chain_entries(head, [SAMPLE._replace(id=UUID(int=2))], TIME)
    assert find_defect(Head(), [*first, *second]) is None


@given(st.integers(1, 20), st.data())
def test_any_edit_is_found(length, data):
    log = make_chain(length)
    at = data.draw(st.integers(0, length - 1))
    column, value = data.draw(
        st.sampled_from(
            [
                ("type", "user.deleted"),
                ("subject", "users/2"),
                ("data", '{"a":1}'),
                ("level", 4),
                ("actor", "users/9"),
                ("time", datetime(2025, 1, 1, tzinfo=UTC)),
                ("hash", bytes(32)),
            ]
        )
    )
    log[at] = log[at]._replace(**{column: value})
    defect = find_defect(Head(), log)
    assert defect is not None
    assert defect.position == at + 1


@given(st.integers(2, 20), st.data())
def test_a_deletion_is_found(length, data):
    log = make_chain(length)
    at = data.draw(st.integers(0, length - 2))
    del log[at]
    defect = find_defect(Head(), log)
    assert defect is not None
    assert defect.position == at + 1


def head_of(log) -> Head:
    return Head(log[-1].position, log[-1].hash)


def check(log, head=None, points=(), floor=None) -> Defect | None:
    """Verify a log in two batches."""
    verifier = ChainVerifier(floor or Head(), points)
    return (
        verifier.verify_floor()
        or verifier.verify_entries(log[:2])
        or verifier.verify_entries(log[2:])
        or verifier.verify_head(head or head_of(log))
    )


def test_a_sound_log_has_no_defect():
    log = make_chain(5)
    points = [
        Checkpoint(Head(3, log[2].hash), Head(), TIME),
        Checkpoint(head_of(log), Head(), TIME),
    ]
    verifier = ChainVerifier(Head(), points)
    assert verifier.verify_floor() is None
    assert verifier.verify_entries(log) is None
    assert verifier.verify_head(head_of(log)) is None
    assert verifier.checked == 5


LOG = make_chain(5)
HEAD = head_of(LOG)
OTHER = bytes(32)


@pytest.mark.parametrize(
    ("log", "arguments", "position", "code"),
    [
        (LOG[:1] + LOG[2:], {"head": HEAD}, 2, DefectCode.MISSING),
        (LOG[:4], {"head": HEAD}, 5, DefectCode.MISSING),
        (LOG[:3] + LOG[2:], {}, 3, DefectCode.ADDED),
        (LOG, {"head": head_of(LOG[:4])}, 5, DefectCode.ADDED),
        ([*LOG[:3], LOG[3]._replace(subject="x"), LOG[4]], {}, 4, DefectCode.ALTERED),
        (LOG, {"head": Head(5, OTHER)}, 5, DefectCode.HEAD_MISMATCH),
        (
            LOG,
            {"points": [Checkpoint(Head(3, OTHER), Head(), TIME)]},
            3,
            DefectCode.CHECKPOINT_MISMATCH,
        ),
        (
            LOG[3:],
            {"floor": Head(3, LOG[2].hash), "points": [Checkpoint(Head(3, OTHER), Head(), TIME)]},
            3,
            DefectCode.CHECKPOINT_MISMATCH,
        ),
        (
            LOG[:4],
            {"points": [Checkpoint(HEAD, Head(), TIME)]},
            5,
            DefectCode.MISSING_SINCE_CHECKPOINT,
        ),
        (
            LOG,
            {"points": [Checkpoint(HEAD, Head(2, LOG[1].hash), TIME)]},
            1,
            DefectCode.RESTORED,
        ),
    ],
)
def test_each_defect_has_its_code_and_position(log, arguments, position, code):
    assert check(log, **arguments) == Defect(position, code)


def test_a_defect_before_a_mismatch_is_found_first():
    log = [LOG[0], LOG[1]._replace(subject="x"), *LOG[2:]]
    assert check(log, points=[Checkpoint(Head(3, OTHER), Head(), TIME)]) == Defect(
        2, DefectCode.ALTERED
    )
    assert check(log, points=[Checkpoint(Head(1, OTHER), Head(), TIME)]) == Defect(
        1, DefectCode.CHECKPOINT_MISMATCH
    )


def test_each_code_has_a_problem_of_its_own():
    assert set(PROBLEMS) == set(DefectCode)
    assert len(set(PROBLEMS.values())) == len(DefectCode)
