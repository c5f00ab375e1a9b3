"""決済: totals by currency, and the list of payments."""

from collections.abc import Sequence

from dashboard import formats, paths, text
from dashboard.api.payments import Payment, PaymentStats, Total
from dashboard.context import PageContext
from dashboard.page import page
from dashboard.parts.layout import page_frame
from dashboard.parts.payments import state_tone, state_words
from dashboard.parts.tables import DataTable, TableRow, show_detail
from dashboard.parts.url_filters import Filters, list_query, pager
from dashboard.parts.widgets import box, plain_tile

NAMES = {"state": "state", "q": "query", "page": "pageToken"}
COLUMNS = {
    "time": text.payments.PAY_TIME,
    "amount": text.payments.AMOUNT,
    "state": text.common.STATE,
    "payer": text.payments.PAYER,
    "provider": text.payments.PROVIDER,
    "charge": text.payments.CHARGE,
}
PAID, REFUNDED = "COMPLETED", "REFUNDED"


class PaymentsPage:
    """The page of one operator. `opened` is the id of the payment to open first."""

    def __init__(self, page: PageContext, query: dict[str, str], opened: str) -> None:
        self._page = page
        self._query = query
        self._opened = opened
        self._payments: dict[str, Payment] = {}
        with page_frame(page, paths.PAYMENTS) as self._problem:
            self._tiles = box("tiles")
            with box("filters"):
                filters = Filters(paths.PAYMENTS, query)
                filters.choice("state", text.common.STATE, text.payments.STATES)
                filters.words("q", text.payments.CHARGE)
            filtered = query["state"] or query["q"]
            self._rows = DataTable(
                COLUMNS,
                text.payments.NO_MATCHING_PAYMENTS if filtered else text.payments.NO_PAYMENTS,
                badges=["state"],
                numbers=["amount"],
                wide=["provider"],
                on_row=lambda row: show_payment(page, self._payments[row["key"]]),
            )
            self._footer = box("footer")
        page.load(self._start, self._problem)
        if not query["page"]:
            page.on_events(
                lambda event: event.category == "PAYMENT",
                lambda: page.load(self._load, self._problem),
            )

    async def _start(self) -> None:
        await self._load()
        if self._opened:
            show_payment(self._page, await self._page.api.get_payment(self._opened))

    async def _load(self) -> None:
        found = await self._page.api.list_payments(list_query(self._query, NAMES))
        self._payments = {payment.name: payment for payment in found.items}
        self._rows.fill(payment_row(self._page, payment) for payment in found.items)
        self._footer.clear()
        with self._footer:
            pager(paths.PAYMENTS, self._query, found.next_page_token)
        stats = await self._page.api.get_payment_stats()
        self._tiles.clear()
        with self._tiles:
            show_totals(stats)


@page(paths.PAYMENTS)
def payments(
    context: PageContext, state: str = "", q: str = "", page: str = "", payment: str = ""
) -> None:
    PaymentsPage(context, {"state": state, "q": q, "page": page}, payment)


def payment_row(page: PageContext, payment: Payment) -> TableRow:
    telegram_id = text.common.NONE if payment.telegram_id is None else payment.telegram_id
    return {
        "key": payment.name,
        "time": formats.date_time(payment.pay_time, page.zone),
        "amount": formats.money(payment.amount),
        "state": state_words(payment),
        "tone": state_tone(payment),
        "payer": text.payments.TELEGRAM_PAYER.format(id=telegram_id),
        "provider": formats.enum(text.payments.PROVIDERS, payment.provider),
        "charge": payment.telegram_charge_id,
    }


def show_payment(page: PageContext, payment: Payment) -> None:
    row = payment_row(page, payment)
    pairs = [(title, row[field]) for field, title in COLUMNS.items()]
    pairs += [
        (text.common.USER, payment.user or text.common.NONE),
        (text.payments.PAYLOAD, payment.invoice_payload or text.common.NONE),
    ]
    show_detail(text.common.PAYMENT, pairs)


def show_totals(stats: PaymentStats) -> None:
    """Show totals by currency: received today, received overall, and refunded."""
    plain_tile(text.payments.TODAY_PAID, total_words(stats.today, PAID))
    count = sum(total.count for total in stats.today if total.state == PAID)
    plain_tile(text.payments.TODAY_COUNT, formats.count(count))
    plain_tile(text.payments.TOTAL_PAID, total_words(stats.totals, PAID))
    plain_tile(text.payments.REFUNDED_TOTAL, total_words(stats.totals, REFUNDED))


def total_words(totals: Sequence[Total], state: str) -> str:
    found = [formats.money(total.amount) for total in totals if total.state == state]
    return "、".join(found) or text.common.NONE
