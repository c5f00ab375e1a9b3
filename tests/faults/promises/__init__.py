"""The promises that a run must keep, checked against PostgreSQL and the history."""

from collections.abc import Sequence

from tests.faults.promises import chain, effects, logs, quiet, search, streams, writes
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding


async def check(evidence: Evidence) -> Sequence[Finding]:
    """Check every promise."""
    return [
        *writes.check(evidence),
        *await effects.check(evidence),
        *await chain.check(evidence),
        *await search.check(evidence),
        *streams.check(evidence),
        *await quiet.check(evidence),
        *logs.check(evidence),
    ]
