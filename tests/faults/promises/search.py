"""Promises of search: events are found by their filters, page by page, like for clients."""

from collections.abc import Callable
from urllib.parse import urlencode

from services.events.domain.entries import LogEntry
from tests.faults.promises.evidence import Evidence
from tests.faults.report import Finding, PromiseViolation

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
    """List the events of each of the most common values and compare them with the log."""
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
            finding.violations.append(PromiseViolation(wanted, f"{text}, and {len(more)} too many"))


async def list_positions(evidence: Evidence, query: dict[str, str]) -> list[int]:
    """Return positions, newest first, up to a limit."""
    found: list[int] = []
    token = ""
    while True:
        page = query | {"pageSize": str(PAGE_SIZE), "pageToken": token}
        response = await get(evidence, f"/v1/events?{urlencode(page)}")
        found += [int(event["position"]) for event in response.get("events", [])]
        token = response.get("nextPageToken", "")
        if not token or len(found) >= EVENTS_MAX + PAGE_SIZE:
            return found


async def get(evidence: Evidence, path: str) -> dict:
    for _ in range(TRIES):
        status, response = await evidence.client.call("GET", path)
        if status == 200:
            return response
    raise RuntimeError(f"{path} is answered with {status}: {response}")
