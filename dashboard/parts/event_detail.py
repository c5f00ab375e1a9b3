"""The details of one event: fields, links to related resources, and data."""

from nicegui import ui

from dashboard import formats, text
from dashboard.api.events import Event
from dashboard.api.fields import Json
from dashboard.context import PageContext
from dashboard.event_rows import category_words, event_title, level_words, service_words
from dashboard.parts.json_text import pretty_json, shortened_json
from dashboard.parts.links import links_of
from dashboard.parts.widgets import box, copy_button, facts, heading


def draw_event(page: PageContext, event: Event) -> None:
    """Draw an event into the current element."""
    facts(event_facts(page, event))
    links = links_of(event)
    if links:
        with box("links"):
            for words, target in links:
                ui.link(words, target).classes("more")
    if event.data:
        draw_data(event.data)


def event_facts(page: PageContext, event: Event) -> list[tuple[str, str]]:
    pairs = [
        (text.common.POSITION, str(event.position)),
        (text.common.TIME, formats.date_time(event.time, page.zone)),
        (text.events.APPEND_TIME, formats.date_time(event.append_time, page.zone)),
        (text.events.TYPE, f"{event_title(event)}（{event.type}）"),
        (text.events.LEVEL, level_words(event)),
        (text.events.CATEGORY, category_words(event)),
        (text.events.SOURCE, service_words(event.source)),
        (text.events.SUBJECT, event.subject or text.common.NONE),
        (text.events.ACTOR, event.actor or text.common.NONE),
        (text.events.REQUEST_ID, event.request_id or text.common.NONE),
        (text.events.EVENT_ID, event.id),
    ]
    if event.category == "AUDIT":
        pairs += audit_facts(event.data)
    return pairs


def audit_facts(data: Json) -> list[tuple[str, str]]:
    """Return the additional fields of an audit record that are set."""
    return [
        (words, str(formats.plain_numbers(data[name])))
        for name, words in text.events.AUDIT.items()
        if data.get(name)
    ]


def draw_data(data: Json) -> None:
    """Draw data as JSON. Long data is shortened and has a button that shows all of it."""
    short, full = shortened_json(data), pretty_json(data)
    with box("head"):
        heading(text.events.DATA, 3)
        show_all = ui.button(text.common.SHOW_ALL).props("flat dense no-caps")
        copy_button(full)
    shown = ui.label(short).classes("json")
    show_all.visible = short != full

    def reveal() -> None:
        shown.text = full
        show_all.visible = False

    show_all.on_click(reveal)
