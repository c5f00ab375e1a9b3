"""Links between pages with the count of dead letters, and the state of the connection."""

from collections.abc import Sequence

from nicegui import ui

from dashboard import event_rows, formats, paths, text
from dashboard.api.client import if_available
from dashboard.context import PageContext
from dashboard.parts.widgets import box

PAGES = {
    paths.OVERVIEW: text.navigation.OVERVIEW,
    paths.MODULES: text.navigation.MODULES,
    paths.INFRASTRUCTURE: text.navigation.INFRASTRUCTURE,
    paths.EVENTS: text.navigation.EVENTS,
    paths.PAYMENTS: text.navigation.PAYMENTS,
    paths.USERS: text.navigation.USERS,
    paths.ANALYTICS: text.navigation.ANALYTICS,
}
TABS = {
    paths.EVENTS: text.navigation.EVENTS,
    paths.DEAD_LETTERS: text.navigation.DEAD_LETTERS,
    paths.VERIFICATION: text.navigation.VERIFICATION,
}


def page_name(path: str) -> str:
    return TABS.get(path) or PAGES[path]


def section_of(path: str) -> str:
    """Return the page of the sidebar to which a path belongs."""
    return paths.EVENTS if path in TABS else path


def draw_side(page: PageContext, path: str) -> list[ui.label]:
    """Draw the sidebar. Return the labels for the count of dead letters."""
    counts: list[ui.label] = []
    with box("side", "nav"):
        ui.label(text.common.PRODUCT).classes("brand")
        for target, name in PAGES.items():
            link = draw_link(target, name, here=target == section_of(path))
            if target == paths.EVENTS:
                counts.append(draw_count(link))
        box("spacer")
        roles = "・".join(formats.enum(text.common.ROLE_NAMES, one) for one in page.session.roles)
        ui.label(f"{page.session.display_name}（{roles}）").classes("operator")
        with ui.element("form").props(f"method=post action={paths.SIGN_OUT}"):
            sign_out = ui.button(text.navigation.SIGN_OUT)
            sign_out.props("type=submit flat dense no-caps color=grey-5")
    return counts


def draw_tabs(path: str) -> list[ui.label]:
    """Draw the tabs of イベント on its pages. Return the labels for the count of dead letters."""
    if path not in TABS:
        return []
    counts: list[ui.label] = []
    with box("tabs", "nav").props(f'aria-label="{text.navigation.EVENTS}"'):
        for target, name in TABS.items():
            link = draw_link(target, name, here=path == target)
            if target == paths.DEAD_LETTERS:
                counts.append(draw_count(link))
    return counts


def draw_link(target: str, name: str, *, here: bool) -> ui.link:
    link = ui.link(name, target).classes("nav" + " here" * here)
    return link.props("aria-current=page") if here else link


def draw_count(link: ui.link) -> ui.label:
    with link:
        count = ui.label().classes("badge warn num")
        count.props(f'aria-label="{text.navigation.DEAD_LETTERS}"')
    count.visible = False
    return count


def count_dead_letters(page: PageContext, counts: Sequence[ui.label]) -> None:
    """Show the number of dead letters if it is known and not zero."""

    async def load() -> None:
        consumers = await if_available(page.api.list_consumers())
        found = [] if consumers is None else consumers.items
        number = sum(one.dead_letter_count or 0 for one in found)
        for count in counts:
            count.text = formats.integer(number)
            count.visible = number > 0

    page.load(load)
    page.on_events(event_rows.is_reaction, lambda: page.load(load))


def show_connection(page: PageContext) -> None:
    """Show whether live data is being received."""
    label = ui.label(text.navigation.RECONNECTING).classes("live lost").props("role=status")

    def refresh() -> None:
        connected = page.connected
        label.text = text.common.CONNECTED if connected else text.navigation.RECONNECTING
        label.classes(replace="live" if connected else "live lost")

    page.follow(refresh)
