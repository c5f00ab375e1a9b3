"""The log itself: positions without gaps, ids once, and a chain that holds."""

from collections import Counter

from services.events.domain import GENESIS, Head, find_defect
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, Violation


def check(evidence: Evidence) -> list[Finding]:
    return [positions(evidence), ids(evidence), hashes(evidence)]


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


def hashes(evidence: Evidence) -> Finding:
    finding = Finding("each event is hashed onto the one before", len(evidence.entries))
    defect = find_defect(Head(0, GENESIS), evidence.entries)
    if defect is not None:
        finding.violations.append(Violation("log", f"{defect.position}: {defect.problem}"))
    if evidence.entries and evidence.entries[-1].hash != evidence.head.hash:
        finding.violations.append(Violation("log", "the head has another hash"))
    return finding
