"""決済: totals and the list of payments."""

from urllib.parse import quote

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.figures import plain_tile
from dashboard.parts.payments import TONES
from dashboard.parts.shell import House, Visit, admit, box, frame
from dashboard.parts.tables import Filters, Row, Table, ask, pager, show_detail

PATH = "/payments"
NAMES = {"state": "state", "q": "query", "page": "pageToken"}
COLUMNS = {
    "time": text.PAY_TIME,
    "amount": text.AMOUNT,
    "state": text.STATE,
    "payer": text.PAYER,
    "provider": text.PROVIDER,
    "charge": text.CHARGE,
}
PAID = "COMPLETED"


def add(house: House) -> None:
    @ui.page(PATH)
    def page(
        state: str = "", q: str = "", page: str = "", payment: str = ""
    ) -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        query = {"state": state, "q": q, "page": page}
        payments: dict[str, Json] = {}
        with frame(visit, PATH) as problem:
            tiles = box("tiles")
            with box("filters"):
                filters = Filters(PATH, query)
                filters.choice("state", text.STATE, text.PAYMENT_STATES)
                filters.words("q", text.CHARGE)
            rows = Table(
                COLUMNS,
                text.NO_MATCHING_PAYMENTS if state or q else text.NO_PAYMENTS,
                badges=["state"],
                numbers=["amount"],
                wide=["provider"],
                on_row=lambda row: show_payment(visit, payments[row["key"]]),
            )
            footer = box("footer")

            async def load() -> None:
                found = await visit.get("/v1/payments", ask(query, NAMES))
                payments.clear()
                payments.update({one["name"]: one for one in found.get("payments", [])})
                rows.fill(payment_row(visit, one) for one in payments.values())
                footer.clear()
                with footer:
                    pager(PATH, query, found.get("nextPageToken", ""))
                stats = await visit.get("/v1/payments:stats")
                tiles.clear()
                with tiles:
                    show_totals(stats)

            async def start() -> None:
                await load()
                if payment:
                    show_payment(visit, await visit.get(f"/v1/payments/{quote(payment, safe='')}"))

            visit.load(start, problem)
            if not page:
                visit.follow_news(
                    lambda event: event.get("category") == "PAYMENT",
                    lambda: visit.load(load, problem),
                )
        return None


def payment_row(visit: Visit, payment: Json) -> Row:
    state, provider = payment.get("state", ""), payment.get("provider", "")
    return {
        "key": payment["name"],
        "time": formats.date_time(formats.parse_time(payment.get("payTime")), visit.zone),
        "amount": formats.money(payment.get("amount")),
        "state": text.PAYMENT_STATES.get(state, text.STATE_UNKNOWN),
        "tone": TONES.get(state, ""),
        "payer": f"Telegram {payment.get('telegramId', text.NONE)}",
        "provider": text.PROVIDERS.get(provider, provider),
        "charge": payment.get("telegramChargeId", ""),
    }


def show_payment(visit: Visit, payment: Json) -> None:
    row = payment_row(visit, payment)
    pairs = [(title, row[field]) for field, title in COLUMNS.items()]
    pairs += [
        (text.USERS, payment.get("user") or text.NONE),
        (text.PAYLOAD, payment.get("invoicePayload") or text.NONE),
    ]
    show_detail(text.PAYMENTS, pairs, None)


def show_totals(stats: Json) -> None:
    """Shows sums by currency: what came in today, in all, and what was given back."""
    totals, today = stats.get("totals", []), stats.get("today", [])
    plain_tile(text.TODAY_PAID, sums(today, PAID))
    count = sum(int(one.get("count", 0)) for one in today if one.get("state") == PAID)
    plain_tile(text.TODAY_COUNT, text.COUNT.format(count=formats.integer(count)))
    plain_tile(text.TOTAL_PAID, sums(totals, PAID))
    plain_tile(text.REFUNDED_TOTAL, sums(totals, "REFUNDED"))


def sums(totals: list[Json], state: str) -> str:
    found = [formats.money(one.get("amount")) for one in totals if one.get("state") == state]
    return "、".join(found) or text.NONE
