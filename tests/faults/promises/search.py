"""What the log has is found: by its filters, page by page, as clients look for it."""

from collections.abc import Callable
from urllib.parse import urlencode

from services.events.domain.entries import LogEntry
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, Violation

PAGE_SIZE = 1000
EVENTS_MAX = 5000
TRIES = 5
SUBJECTS_MAX, ACTORS_MAX = 60, 3


async def check(evidence: Evidence) -> list[Finding]:
    finding = Finding("an event is found by its type, subject and actor", 0)
    await compare(evidence, finding, "type", lambda entry: entry.type, len(evidence.by_type))
    await compare(evidence, finding, "subject", lambda entry: entry.subject, SUBJECTS_MAX)
    await compare(evidence, finding, "actor", lambda entry: entry.actor, ACTORS_MAX)
    return [finding]


async def compare(
    evidence: Evidence, finding: Finding, name: str, value: Callable[[LogEntry], str], most: int
) -> None:
    """Lists what has each of the commonest values, and compares it with the log."""
    groups: dict[str, list[int]] = {}
    for entry in evidence.entries:
        groups.setdefault(value(entry), []).append(entry.position)
    groups.pop("", None)
    for wanted in sorted(groups, key=lambda each: -len(groups[each]))[:most]:
        listed = await list_positions(evidence, {name: wanted})
        found = [position for position in listed if position <= len(evidence.entries)][::-1]
        there = groups[wanted][-EVENTS_MAX:]
        found = found[-len(there) :]
        finding.n += len(there)
        if found != there:
            lost, more = set(there) - set(found), set(found) - set(there)
            text = f"{name} {wanted}: {len(lost)} are not found, such as {sorted(lost)[:5]}"
            finding.violations.append(Violation(wanted, f"{text}, and {len(more)} too many"))


async def list_positions(evidence: Evidence, query: dict[str, str]) -> list[int]:
    """Lists positions, the newest first, up to so many."""
    found: list[int] = []
    token = ""
    while True:
        page = query | {"pageSize": str(PAGE_SIZE), "pageToken": token}
        answer = await get(evidence, f"/v1/events?{urlencode(page)}")
        found += [int(event["position"]) for event in answer.get("events", [])]
        token = answer.get("nextPageToken", "")
        if not token or len(found) >= EVENTS_MAX + PAGE_SIZE:
            return found


async def get(evidence: Evidence, path: str) -> dict:
    for _ in range(TRIES):
        status, answer = await evidence.client.call("GET", path)
        if status == 200:
            return answer
    raise RuntimeError(f"{path} is answered with {status}: {answer}")
