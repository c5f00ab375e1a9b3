"""Asks before something is done that cannot be taken back."""

from nicegui import ui

from dashboard import text


async def confirm(question: str, verb: str, *, note: str = "", dangerous: bool = True) -> bool:
    """Asks the operator, and tells whether the answer was `verb`."""
    # Beside the page: what asked may be drawn again before there is an answer.
    with (
        ui.context.client.content,
        ui.dialog() as dialog,
        ui.card().classes("sheet").style("width: 440px"),
    ):
        ui.label(question)
        if note:
            ui.label(note).classes("muted")
        with ui.row().classes("self-end"):
            ui.button(text.CANCEL, on_click=lambda: dialog.submit("")).props("flat no-caps")
            colour = "negative" if dangerous else "primary"
            ui.button(verb, color=colour, on_click=lambda: dialog.submit(verb)).props(
                "unelevated no-caps"
            )
    agreed = bool(await dialog)
    dialog.delete()
    return agreed
