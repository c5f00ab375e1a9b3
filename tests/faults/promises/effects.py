"""Promises of effects: users, payments, journals and reactions take effect exactly once."""

from collections import Counter
from uuid import UUID

from tests.faults.history import Operation
from tests.faults.promises.evidence import Evidence, data_of
from tests.faults.report import Finding, PromiseViolation

STATE_COMPLETED, STATE_REFUNDED = 2, 5
CURRENCY = "XTR"


async def check(evidence: Evidence) -> list[Finding]:
    return [
        await users(evidence),
        await payments(evidence),
        await payment_events(evidence),
        await journals(evidence),
        await ledger(evidence),
        await customers(evidence),
        *await purchases(evidence),
        audit(evidence),
    ]


async def users(evidence: Evidence) -> Finding:
    """Check that each user exists once, in the state of its last acknowledged command."""
    last: dict[str, Operation] = {}
    for each in evidence.history.operations:
        if each.kind in {"create", "update"} and each.acknowledged:
            last[each.key] = each
    rows = await evidence.rows("SELECT id, login, display_name FROM users.users WHERE login <> ''")
    logins = Counter(row["login"] for row in rows)
    names = {row["login"]: (f"users/{row['id']}", row["display_name"]) for row in rows}
    finding = Finding("a created user is there once, as it was last changed", len(last))
    for key, each in last.items():
        wanted = (each.values["name"], each.values["displayName"])
        if logins[key] != 1 or names[key] != wanted:
            text = f"{logins[key]} rows, {names.get(key)} and not {wanted}"
            finding.violations.append(PromiseViolation(key, text))
    return finding


async def payments(evidence: Evidence) -> Finding:
    """Check that each charge is one payment with its amount, refunded if requested."""
    refunded = {each.key for each in evidence.history.acknowledged_operations("refund")}
    rows = await evidence.rows("SELECT charge_id, amount, state FROM payments.payments")
    found = {row["charge_id"]: (row["amount"], row["state"]) for row in rows}
    paid = evidence.history.acknowledged_operations("pay")
    finding = Finding("an acknowledged payment is recorded once", len(paid))
    for each in paid:
        state = STATE_REFUNDED if each.key in refunded else STATE_COMPLETED
        wanted = (each.values["amount"], state)
        if found.get(each.key) != wanted:
            text = f"amount and state are {found.get(each.key)} and not {wanted}"
            finding.violations.append(PromiseViolation(each.key, text))
    charges = Counter(row["charge_id"] for row in rows)
    finding.violations += [
        PromiseViolation(key, f"{n} rows") for key, n in charges.items() if n > 1
    ]
    return finding


async def payment_events(evidence: Evidence) -> Finding:
    """Check that each payment has one event, and each refund one event after it."""
    names = await evidence.rows("SELECT id, charge_id FROM payments.payments")
    charges = {f"payments/{row['id']}": row["charge_id"] for row in names}
    events: dict[str, list[str]] = {}
    for entry in evidence.entries:
        if entry.type.startswith("payment."):
            events.setdefault(charges.get(entry.subject, entry.subject), []).append(entry.type)
    refunded = {each.key for each in evidence.history.acknowledged_operations("refund")}
    paid = evidence.history.acknowledged_operations("pay")
    finding = Finding("a payment and its refund have one event each, in order", len(paid))
    for each in paid:
        wanted = ["payment.completed", *["payment.refunded"] * (each.key in refunded)]
        if events.get(each.key) != wanted:
            text = f"{events.get(each.key)} and not {wanted}"
            finding.violations.append(PromiseViolation(each.key, text))
    return finding


async def journals(evidence: Evidence) -> Finding:
    """Check that each charge has one journal, and each refund another one."""
    rows = await evidence.rows(
        """
        SELECT p.charge_id, j.description, count(DISTINCT j.id) AS number, sum(e.amount) AS total
        FROM payments.payments p JOIN payments.journals j ON j.payment_id = p.id
        JOIN payments.entries e ON e.journal_id = j.id
        GROUP BY p.charge_id, j.description
        """
    )
    found = {(row["charge_id"], row["description"]): row for row in rows}
    wanted = [(each.key, "payment") for each in evidence.history.acknowledged_operations("pay")]
    paid = {key for key, _ in wanted}
    wanted += [
        (each.key, "refund")
        for each in evidence.history.acknowledged_operations("refund")
        if each.key in paid
    ]
    finding = Finding("a payment and its refund are in the ledger once, balanced", len(wanted))
    for key, description in wanted:
        row = found.get((key, description))
        if row is None or row["number"] != 1 or row["total"] != 0:
            finding.violations.append(PromiseViolation(key, f"{description}: {row and dict(row)}"))
    return finding


async def ledger(evidence: Evidence) -> Finding:
    """Check that account balances equal the acknowledged payments and refunds."""
    paid = {
        each.key: each.values["amount"] for each in evidence.history.acknowledged_operations("pay")
    }
    back = {
        each.key: each.values["amount"]
        for each in evidence.history.acknowledged_operations("refund")
    }
    wanted = {
        "telegram-xtr": sum(paid.values()) - sum(back.values()),
        "sales-xtr": -sum(paid.values()),
        "refunds-xtr": sum(back.values()),
    }
    rows = await evidence.rows("SELECT account, sum(amount) FROM payments.entries GROUP BY account")
    found = {row["account"]: int(row["sum"]) for row in rows}
    finding = Finding("the accounts hold what was acknowledged", len(wanted))
    for account, amount in wanted.items():
        if found.get(account, 0) != amount:
            text = f"{found.get(account, 0)} and not {amount}"
            finding.violations.append(PromiseViolation(account, text))
    return finding


async def customers(evidence: Evidence) -> Finding:
    """Check that each customer who started the bot is one user with one registration."""
    chats = {
        each.values["chat"]: each.key for each in evidence.history.acknowledged_operations("start")
    }
    rows = await evidence.rows("SELECT id, telegram_id FROM users.users WHERE telegram_id > 0")
    names = {row["telegram_id"]: f"users/{row['id']}" for row in rows}
    events = Counter(entry.subject for entry in evidence.by_type.get("user.registered", []))
    finding = Finding("a customer is registered once", len(chats))
    for chat, key in chats.items():
        number = events[names.get(chat, "")]
        if chat not in names or number != 1:
            text = f"{chat} is {names.get(chat)} and was registered {number} times"
            finding.violations.append(PromiseViolation(key, text))
    return finding


async def purchases(evidence: Evidence) -> list[Finding]:
    """Check the totals of the users service: each reaction took effect exactly once."""
    if not await evidence.database.fetchval("SELECT to_regclass('users.purchases')"):
        return []
    wanted: dict[tuple[str, str], list[int]] = {}
    for entry in evidence.entries:
        if entry.type in {"payment.completed", "payment.refunded"}:
            data, back = data_of(entry), entry.type == "payment.refunded"
            sums = wanted.setdefault((data["user"], data["currency"]), [0, 0, 0, 0])
            sums[0 + back] += 1
            sums[2 + back] += int(data["amount"])
    rows = await evidence.rows("SELECT * FROM users.purchases")
    found = {(name_of(row["user_id"]), row["currency"]): row for row in rows}
    reactions = sum(sums[0] + sums[1] for sums in wanted.values())
    finding = Finding("a reaction takes effect once", reactions)
    columns = ("payment_count", "refund_count", "paid_amount", "refunded_amount")
    for (user, currency), sums in wanted.items():
        row = found.get((user, currency))
        counted = [row[name] for name in columns] if row else None
        if counted != sums:
            finding.violations.append(PromiseViolation(user, f"{counted} and not {sums}"))
    return [finding]


def name_of(user: UUID | str) -> str:
    return f"users/{str(user).removeprefix('users/')}"


def audit(evidence: Evidence) -> Finding:
    """Check that each change of a user by an operator has exactly one audit record."""
    records = Counter(
        entry.request_id
        for entry in evidence.by_type.get("audit.call", [])
        if data_of(entry).get("code") == 0
    )
    changes = [
        entry
        for kind in ("user.created", "user.updated")
        for entry in evidence.by_type.get(kind, [])
        if entry.request_id and entry.actor
    ]
    finding = Finding("a change by an operator has its audit record once", len(changes))
    for entry in changes:
        if records[entry.request_id] != 1:
            login = str(data_of(entry).get("displayName", "")).split(" ")[0]
            text = f"{entry.type} at {entry.position} has {records[entry.request_id]} records"
            finding.violations.append(PromiseViolation(login, text))
    return finding
