"""The promises that a run is held to, checked in PostgreSQL itself and against the history."""

from collections.abc import Sequence

from tests.faults.promises import chain, effects, logs, quiet, streams, writes
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding


async def check(evidence: Evidence) -> Sequence[Finding]:
    """Checks every promise."""
    return [
        *writes.check(evidence),
        *await effects.check(evidence),
        *chain.check(evidence),
        *streams.check(evidence),
        *await quiet.check(evidence),
        *logs.check(evidence),
    ]
