"""Promises of writes: every acknowledged write exists once, in the requested order."""

from collections import defaultdict
from itertools import pairwise

from tests.faults.promises.evidence import Evidence, data_of
from tests.faults.report import Finding, PromiseViolation
from tests.faults.workload import late

USER_TYPES = ("user.created", "user.updated")


def check(evidence: Evidence) -> list[Finding]:
    return [
        every_operation_ends(evidence),
        no_unexpected_response(evidence),
        user_events_once(evidence),
        appends_once(evidence),
        late_rows(evidence),
        order_of_users(evidence),
        order_of_appends(evidence),
        order_of_late_rows(evidence),
    ]


def every_operation_ends(evidence: Evidence) -> Finding:
    """Check that retried operations are acknowledged. Late transactions are not retried."""
    asked = [each for each in evidence.history.operations if each.kind != "late"]
    finding = Finding("every operation is eventually acknowledged", len(asked))
    for each in asked:
        if not each.acknowledged:
            text = f"{each.kind} was never acknowledged: {each.tries[-1:]}"
            finding.violations.append(PromiseViolation(each.key, text))
    return finding


def no_unexpected_response(evidence: Evidence) -> Finding:
    """Check that calls either succeed or report that something is unavailable."""
    history = evidence.history
    responses = sum(len(each.tries) for each in history.operations)
    found = [PromiseViolation(key, text) for key, text in history.unexpected]
    return Finding("a call succeeds or reports what is unavailable", responses, found)


def user_events_once(evidence: Evidence) -> Finding:
    """Check that each command on a user has one event in the log."""
    events: dict[str, int] = defaultdict(int)
    for kind in USER_TYPES:
        for entry in evidence.by_type.get(kind, []):
            events[f"{entry.subject} {data_of(entry).get('displayName')}"] += 1
    operations = [
        *evidence.history.acknowledged_operations("create"),
        *evidence.history.acknowledged_operations("update"),
    ]
    finding = Finding("an acknowledged REST write is in the log once", len(operations))
    for each in operations:
        number = events[f"{each.values['name']} {each.values['displayName']}"]
        if number != 1:
            text = f"{each.kind} {each.values['displayName']!r} is in the log {number} times"
            finding.violations.append(PromiseViolation(each.key, text))
    return finding


def appends_once(evidence: Evidence) -> Finding:
    """Check that each appended event is at its acknowledged position, and only there."""
    operations = evidence.history.acknowledged_operations("append")
    finding = Finding("an acknowledged append is at its position once", 0)
    for each in operations:
        places = zip(each.values["ids"], each.values["positions"], strict=True)
        for event_id, position in places:
            finding.n += 1
            found = [entry.position for entry in evidence.by_id.get(event_id, [])]
            if found != [position]:
                text = f"{event_id} was acknowledged at {position} and is at {found}"
                finding.violations.append(PromiseViolation(each.key, text))
    return finding


def late_rows(evidence: Evidence) -> Finding:
    """Check that each outbox row of a committed transaction is in the log once."""
    operations = evidence.history.acknowledged_operations("late")
    finding = Finding("a committed outbox row is in the log once", len(operations))
    for each in operations:
        number = len(evidence.by_id.get(each.values["id"], []))
        if number != 1:
            text = f"row {each.values['sequence']} is in the log {number} times"
            finding.violations.append(PromiseViolation(each.key, text))
    return finding


def order_of_users(evidence: Evidence) -> Finding:
    """Check that the events of a user are in the order of the commands."""
    events: dict[str, list[str]] = defaultdict(list)
    for entry in evidence.entries:
        if entry.type in USER_TYPES:
            events[entry.subject].append(str(data_of(entry).get("displayName")))
    asked: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in evidence.history.operations:
        if each.kind in {"create", "update"} and each.acknowledged:
            asked[each.values["name"]].append((each.key, each.values["displayName"]))
    finding = Finding("events of a user are in the order of its commands", len(asked))
    for subject, commands in asked.items():
        names = [name for _, name in commands]
        found = [name for name in events[subject] if name in names]
        if found != names:
            finding.violations.append(PromiseViolation(commands[0][0], f"{found} and not {names}"))
    return finding


def order_of_appends(evidence: Evidence) -> Finding:
    """Check that the numbers of each key increase by one along the log."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for entry in evidence.by_type.get("faults.appended", []):
        numbers[entry.subject].append(int(data_of(entry)["number"]))
    finding = Finding("events of a key are in the order of its appends", len(numbers))
    for key, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            broken = next(pair for pair in pairwise([0, *found]) if pair[1] != pair[0] + 1)
            finding.violations.append(PromiseViolation(key, f"{broken[1]} follows {broken[0]}"))
    return finding


def order_of_late_rows(evidence: Evidence) -> Finding:
    """Check that rows of a key are in write order, however late they were committed."""
    written = {
        each.values["id"]: (each.key, each.values["sequence"])
        for each in evidence.history.operations
        if each.kind == "late" and "sequence" in each.values
    }
    order: dict[str, list[int]] = defaultdict(list)
    for entry in evidence.by_type.get(late.TYPE, []):
        key, sequence = written.get(str(entry.id), ("", 0))
        order[key].append(sequence)
    finding = Finding("events of an outbox key are in the order of its rows", len(order))
    for key, found in order.items():
        if found != sorted(found):
            finding.violations.append(PromiseViolation(key, f"rows arrived as {found}"))
    return finding
