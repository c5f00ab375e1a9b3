"""ユーザー: counts, and the list of users."""

from dashboard import formats, paths, text
from dashboard.api.users import User, UserStats
from dashboard.context import PageContext
from dashboard.page import page
from dashboard.parts.layout import page_frame
from dashboard.parts.tables import DataTable, TableRow, show_detail
from dashboard.parts.url_filters import Filters, list_query, pager
from dashboard.parts.widgets import box, plain_tile

NAMES = {"role": "role", "state": "state", "q": "query", "page": "pageToken"}
TONES = {"ACTIVE": "good", "SUSPENDED": "warn", "DELETED": "bad"}
COLUMNS = {
    "name": text.users.NAME,
    "telegram": text.common.TELEGRAM,
    "roles": text.users.ROLES,
    "state": text.common.STATE,
    "seen": text.users.LAST_SEEN,
    "created": text.users.CREATED,
}


class UsersPage:
    """The page of one operator. `opened` is the id of the user to open first."""

    def __init__(self, page: PageContext, query: dict[str, str], opened: str) -> None:
        self._page = page
        self._query = query
        self._opened = opened
        self._users: dict[str, User] = {}
        with page_frame(page, paths.USERS) as self._problem:
            self._tiles = box("tiles")
            with box("filters"):
                filters = Filters(paths.USERS, query)
                filters.choice("role", text.users.ROLES, text.common.ROLE_NAMES)
                filters.choice("state", text.common.STATE, text.users.STATES)
                filters.words("q", text.common.SEARCH)
            self._rows = DataTable(
                COLUMNS,
                text.users.NO_USERS,
                badges=["state"],
                wide=["created"],
                on_row=lambda row: show_user(page, self._users[row["key"]]),
            )
            self._footer = box("footer")
        page.load(self._start, self._problem)
        if not query["page"]:
            page.on_events(
                lambda event: event.category == "USER",
                lambda: page.load(self._load, self._problem),
            )

    async def _start(self) -> None:
        await self._load()
        if self._opened:
            show_user(self._page, await self._page.api.get_user(self._opened))

    async def _load(self) -> None:
        found = await self._page.api.list_users(list_query(self._query, NAMES))
        self._users = {user.name: user for user in found.items}
        self._rows.fill(user_row(self._page, user) for user in found.items)
        self._footer.clear()
        with self._footer:
            pager(paths.USERS, self._query, found.next_page_token)
        stats = await self._page.api.get_user_stats()
        self._tiles.clear()
        with self._tiles:
            show_user_counts(stats)


@page(paths.USERS)
def users(
    context: PageContext,
    role: str = "",
    state: str = "",
    q: str = "",
    page: str = "",
    user: str = "",
) -> None:
    UsersPage(context, {"role": role, "state": state, "q": q, "page": page}, user)


def show_user_counts(stats: UserStats) -> None:
    plain_tile(text.users.TOTAL, formats.integer(stats.total_count))
    plain_tile(text.users.ACTIVE_5M, formats.integer(stats.active_5m_count))
    plain_tile(text.users.ACTIVE_24H, formats.integer(stats.active_24h_count))
    plain_tile(text.users.NEW_TODAY, formats.integer(stats.new_today_count))


def user_row(page: PageContext, user: User) -> TableRow:
    telegram = f"@{user.telegram_username}" if user.telegram_username else telegram_id(user)
    return {
        "key": user.name,
        "name": user.display_name or user.login or text.common.NONE,
        "telegram": telegram,
        "roles": "、".join(formats.enum(text.common.ROLE_NAMES, role) for role in user.roles),
        "state": formats.enum(text.users.STATES, user.state),
        "tone": TONES.get(user.state, ""),
        "seen": formats.date_time(user.last_seen_time, page.zone),
        "created": formats.date_time(user.create_time, page.zone),
    }


def show_user(page: PageContext, user: User) -> None:
    row = user_row(page, user)
    pairs = [(title, row[field]) for field, title in COLUMNS.items()]
    pairs += [
        (text.users.ID, user.name),
        (text.users.LOGIN, user.login or text.common.NONE),
        (text.users.TELEGRAM_ID, telegram_id(user)),
    ]
    show_detail(row["name"], pairs)


def telegram_id(user: User) -> str:
    return text.common.NONE if user.telegram_id is None else str(user.telegram_id)
