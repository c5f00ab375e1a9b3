"""ユーザー: counts and the list of users."""

from urllib.parse import quote

from nicegui import ui
from starlette.responses import RedirectResponse

from dashboard import formats, text
from dashboard.gateway import Json
from dashboard.parts.figures import plain_tile
from dashboard.parts.shell import House, Visit, admit, box, frame
from dashboard.parts.tables import Filters, Row, Table, ask, pager, show_detail

PATH = "/users"
NAMES = {"role": "role", "state": "state", "q": "query", "page": "pageToken"}
TONES = {"ACTIVE": "good", "SUSPENDED": "warn", "DELETED": "bad"}
COLUMNS = {
    "name": text.NAME,
    "telegram": text.TELEGRAM,
    "roles": text.ROLES,
    "state": text.STATE,
    "seen": text.LAST_SEEN,
    "created": text.CREATED,
}


def add(house: House) -> None:
    @ui.page(PATH)
    def page(
        role: str = "", state: str = "", q: str = "", page: str = "", user: str = ""
    ) -> RedirectResponse | None:
        visit = admit(house)
        if isinstance(visit, RedirectResponse):
            return visit
        query = {"role": role, "state": state, "q": q, "page": page}
        users: dict[str, Json] = {}
        with frame(visit, PATH) as problem:
            tiles = box("tiles")
            with box("filters"):
                filters = Filters(PATH, query)
                filters.choice("role", text.ROLES, text.ROLE_NAMES)
                filters.choice("state", text.STATE, text.USER_STATES)
                filters.words("q", text.SEARCH)
            rows = Table(
                COLUMNS,
                text.NO_USERS,
                badges=["state"],
                wide=["created"],
                on_row=lambda row: show_user(visit, users[row["key"]]),
            )
            footer = box("footer")

            async def load() -> None:
                found = await visit.get("/v1/users", ask(query, NAMES))
                users.clear()
                users.update({one["name"]: one for one in found.get("users", [])})
                rows.fill(user_row(visit, one) for one in users.values())
                footer.clear()
                with footer:
                    pager(PATH, query, found.get("nextPageToken", ""))
                stats = await visit.get("/v1/users:stats")
                tiles.clear()
                with tiles:
                    plain_tile(text.TOTAL_USERS, formats.integer(stats.get("totalCount", 0)))
                    plain_tile(text.ACTIVE_5M, formats.integer(stats.get("active5mCount", 0)))
                    plain_tile(text.ACTIVE_24H, formats.integer(stats.get("active24hCount", 0)))
                    plain_tile(text.NEW_TODAY, formats.integer(stats.get("newTodayCount", 0)))

            async def start() -> None:
                await load()
                if user:
                    show_user(visit, await visit.get(f"/v1/users/{quote(user, safe='')}"))

            visit.load(start, problem)
            if not page:
                visit.follow_news(
                    lambda event: event.get("category") == "USER",
                    lambda: visit.load(load, problem),
                )
        return None


def user_row(visit: Visit, user: Json) -> Row:
    state, roles = user.get("state", ""), list[str](user.get("roles", []))
    telegram = f"@{user['telegramUsername']}" if user.get("telegramUsername") else ""
    return {
        "key": user["name"],
        "name": user.get("displayName") or user.get("login") or text.NONE,
        "telegram": telegram or telegram_id(user),
        "roles": "、".join(text.ROLE_NAMES.get(role, role) for role in roles),
        "state": text.USER_STATES.get(state, text.STATE_UNKNOWN),
        "tone": TONES.get(state, ""),
        "seen": formats.date_time(formats.parse_time(user.get("lastSeenTime")), visit.zone),
        "created": formats.date_time(formats.parse_time(user.get("createTime")), visit.zone),
    }


def show_user(visit: Visit, user: Json) -> None:
    row = user_row(visit, user)
    pairs = [(title, row[field]) for field, title in COLUMNS.items()]
    pairs += [
        ("ID", user["name"]),
        (text.LOGIN, user.get("login") or text.NONE),
        ("Telegram ID", telegram_id(user)),
    ]
    show_detail(row["name"], pairs, None)


def telegram_id(user: Json) -> str:
    """Writes the Telegram id, which is 0 for an account without one."""
    found = str(user.get("telegramId", "0"))
    return text.NONE if found == "0" else found
