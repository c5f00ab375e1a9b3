"""Promises of streams: every subscriber saw the whole log without gaps or repeats."""

from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, PromiseViolation


def check(evidence: Evidence) -> list[Finding]:
    finding = Finding("a subscriber sees every event once, in order", 0)
    for subscriber in evidence.subscribers:
        finding.n += subscriber.position
        finding.violations += [
            PromiseViolation(subscriber.name, text) for text in subscriber.defects
        ]
        if subscriber.position < len(evidence.entries):
            text = f"ended at {subscriber.position} of {len(evidence.entries)}"
            finding.violations.append(PromiseViolation(subscriber.name, text))
        for entry, event_id in zip(evidence.entries, subscriber.ids, strict=False):
            if event_id and event_id != str(entry.id):
                text = f"saw {event_id} at {entry.position}, where the log has {entry.id}"
                finding.violations.append(PromiseViolation(subscriber.name, text))
                break
    return [finding]
