"""The log itself: positions without gaps, ids once, and a chain that holds."""

import asyncio
import os
import sys
from collections import Counter
from itertools import pairwise

from services.events.domain.entries import GENESIS, Head
from services.events.domain.verification import find_defect
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, Violation


async def check(evidence: Evidence) -> list[Finding]:
    return [
        positions(evidence),
        ids(evidence),
        times(evidence),
        hashes(evidence),
        await verified(evidence),
    ]


def positions(evidence: Evidence) -> Finding:
    finding = Finding("positions are 1 to the head, each once", len(evidence.entries))
    for expected, entry in enumerate(evidence.entries, 1):
        if entry.position != expected:
            finding.violations.append(Violation("log", f"{entry.position} is in place {expected}"))
            break
    if evidence.head.position != len(evidence.entries):
        text = f"the head is {evidence.head.position}, and there are {len(evidence.entries)}"
        finding.violations.append(Violation("log", text))
    return finding


def ids(evidence: Evidence) -> Finding:
    counts = Counter(entry.id for entry in evidence.entries)
    found = [Violation(str(key), f"{n} times") for key, n in counts.items() if n > 1]
    return Finding("an event is in the log once", len(evidence.entries), found)


def times(evidence: Evidence) -> Finding:
    """Whatever clocks do, time does not run backwards in the log."""
    finding = Finding("time in the log never runs backwards", len(evidence.entries))
    for before, entry in pairwise(evidence.entries):
        if entry.append_time < before.append_time:
            text = f"{entry.position} is older than the event before it"
            finding.violations.append(Violation("log", text))
    return finding


def hashes(evidence: Evidence) -> Finding:
    finding = Finding("each event is hashed onto the one before", len(evidence.entries))
    defect = find_defect(Head(0, GENESIS), evidence.entries)
    if defect is not None:
        finding.violations.append(Violation("log", f"{defect.position}: {defect.problem}"))
    if evidence.entries and evidence.entries[-1].hash != evidence.head.hash:
        finding.violations.append(Violation("log", "the head has another hash"))
    return finding


async def verified(evidence: Evidence) -> Finding:
    """`libral events verify` finds log, ids and checkpoints sound."""
    finding = Finding("`libral events verify` finds the log sound", len(evidence.entries))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "events", "verify"),
        env=os.environ | {"LIBRAL_HOME": str(evidence.mesh.home.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    if process.returncode:
        finding.violations.append(Violation("log", " ".join(told.decode().split())))
    return finding
