"""Promises of the log itself: gap-free positions, unique ids, and a valid hash chain."""

import asyncio
import os
import sys
from collections import Counter
from itertools import pairwise

from services.events.domain.entries import GENESIS, Head
from services.events.domain.verification import find_defect
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, PromiseViolation


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
            finding.violations.append(
                PromiseViolation("log", f"{entry.position} is in place {expected}")
            )
            break
    if evidence.head.position != len(evidence.entries):
        text = f"the head is {evidence.head.position}, and there are {len(evidence.entries)}"
        finding.violations.append(PromiseViolation("log", text))
    return finding


def ids(evidence: Evidence) -> Finding:
    counts = Counter(entry.id for entry in evidence.entries)
    found = [PromiseViolation(str(key), f"{n} times") for key, n in counts.items() if n > 1]
    return Finding("an event is in the log once", len(evidence.entries), found)


def times(evidence: Evidence) -> Finding:
    """Check that append times never decrease, whatever the clocks do."""
    finding = Finding("time in the log never runs backwards", len(evidence.entries))
    for before, entry in pairwise(evidence.entries):
        if entry.append_time < before.append_time:
            text = f"{entry.position} is older than the event before it"
            finding.violations.append(PromiseViolation("log", text))
    return finding


def hashes(evidence: Evidence) -> Finding:
    finding = Finding("each event is hashed onto the one before", len(evidence.entries))
    defect = find_defect(Head(0, GENESIS), evidence.entries)
    if defect is not None:
        finding.violations.append(PromiseViolation("log", f"{defect.position}: {defect.problem}"))
    if evidence.entries and evidence.entries[-1].hash != evidence.head.hash:
        finding.violations.append(PromiseViolation("log", "the head has another hash"))
    return finding


async def verified(evidence: Evidence) -> Finding:
    """Check that `libral events verify` finds no defect in log, ids and checkpoints."""
    finding = Finding("`libral events verify` finds no defect", len(evidence.entries))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "events", "verify"),
        env=os.environ | {"LIBRAL_HOME": str(evidence.mesh.home.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        finding.violations.append(PromiseViolation("log", " ".join(output.decode().split())))
    return finding
