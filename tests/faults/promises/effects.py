"""Every effect took place once: users, payments, journals, reactions."""

from collections import Counter
from uuid import UUID

from tests.faults.history import Operation
from tests.faults.promises.evidence import Evidence, data_of
from tests.faults.report import Finding, Violation

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
    """Each user is there once, as its last acknowledged command left it."""
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
            finding.violations.append(Violation(key, text))
    return finding


async def payments(evidence: Evidence) -> Finding:
    """Each charge is one payment, of its amount, refunded if it was."""
    refunded = {each.key for each in evidence.history.of("refund")}
    rows = await evidence.rows("SELECT charge_id, amount, state FROM payments.payments")
    found = {row["charge_id"]: (row["amount"], row["state"]) for row in rows}
    paid = evidence.history.of("pay")
    finding = Finding("an acknowledged payment is recorded once", len(paid))
    for each in paid:
        state = STATE_REFUNDED if each.key in refunded else STATE_COMPLETED
        wanted = (each.values["amount"], state)
        if found.get(each.key) != wanted:
            text = f"amount and state are {found.get(each.key)} and not {wanted}"
            finding.violations.append(Violation(each.key, text))
    charges = Counter(row["charge_id"] for row in rows)
    finding.violations += [Violation(key, f"{n} rows") for key, n in charges.items() if n > 1]
    return finding


async def payment_events(evidence: Evidence) -> Finding:
    """Each payment is told of once, and each refund once and after it."""
    names = await evidence.rows("SELECT id, charge_id FROM payments.payments")
    charges = {f"payments/{row['id']}": row["charge_id"] for row in names}
    told: dict[str, list[str]] = {}
    for entry in evidence.entries:
        if entry.type.startswith("payment."):
            told.setdefault(charges.get(entry.subject, entry.subject), []).append(entry.type)
    refunded = {each.key for each in evidence.history.of("refund")}
    paid = evidence.history.of("pay")
    finding = Finding("a payment and its refund are told of once, in order", len(paid))
    for each in paid:
        wanted = ["payment.completed", *["payment.refunded"] * (each.key in refunded)]
        if told.get(each.key) != wanted:
            text = f"{told.get(each.key)} and not {wanted}"
            finding.violations.append(Violation(each.key, text))
    return finding


async def journals(evidence: Evidence) -> Finding:
    """Each charge has one journal, and each refund one more."""
    rows = await evidence.rows(
        """
        SELECT p.charge_id, j.description, count(DISTINCT j.id) AS number, sum(e.amount) AS total
        FROM payments.payments p JOIN payments.journals j ON j.payment_id = p.id
        JOIN payments.entries e ON e.journal_id = j.id
        GROUP BY p.charge_id, j.description
        """
    )
    found = {(row["charge_id"], row["description"]): row for row in rows}
    wanted = [(each.key, "payment") for each in evidence.history.of("pay")]
    paid = {key for key, _ in wanted}
    wanted += [(each.key, "refund") for each in evidence.history.of("refund") if each.key in paid]
    finding = Finding("a payment and its refund are in the ledger once, balanced", len(wanted))
    for key, description in wanted:
        row = found.get((key, description))
        if row is None or row["number"] != 1 or row["total"] != 0:
            finding.violations.append(Violation(key, f"{description}: {row and dict(row)}"))
    return finding


async def ledger(evidence: Evidence) -> Finding:
    """The accounts hold what was acknowledged, to the last unit."""
    paid = {each.key: each.values["amount"] for each in evidence.history.of("pay")}
    back = {each.key: each.values["amount"] for each in evidence.history.of("refund")}
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
            finding.violations.append(Violation(account, text))
    return finding


async def customers(evidence: Evidence) -> Finding:
    """Each customer who started the bot is one user, and was registered once."""
    chats = {each.values["chat"]: each.key for each in evidence.history.of("start")}
    rows = await evidence.rows("SELECT id, telegram_id FROM users.users WHERE telegram_id > 0")
    names = {row["telegram_id"]: f"users/{row['id']}" for row in rows}
    told = Counter(entry.subject for entry in evidence.by_type.get("user.registered", []))
    finding = Finding("a customer is registered once", len(chats))
    for chat, key in chats.items():
        number = told[names.get(chat, "")]
        if chat not in names or number != 1:
            text = f"{chat} is {names.get(chat)} and was registered {number} times"
            finding.violations.append(Violation(key, text))
    return finding


async def purchases(evidence: Evidence) -> list[Finding]:
    """What the users room made of payments: every reaction took effect once."""
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
            finding.violations.append(Violation(user, f"{counted} and not {sums}"))
    return [finding]


def name_of(user: UUID | str) -> str:
    return f"users/{str(user).removeprefix('users/')}"


def audit(evidence: Evidence) -> Finding:
    """Each change of a user that an operator made has its audit record, once."""
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
            finding.violations.append(Violation(login, text))
    return finding
