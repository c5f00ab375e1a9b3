"""The question before an action that cannot be undone."""

from nicegui import ui

from dashboard import text


async def confirm(question: str, verb: str, *, note: str = "", dangerous: bool = True) -> bool:
    """Ask the operator. True if the button `verb` was pressed."""
    # Outside of the element that asks: it may be drawn again before there is an answer.
    with (
        ui.context.client.content,
        ui.dialog() as dialog,
        ui.card().classes("sheet").style("width: 440px"),
    ):
        ui.label(question)
        if note:
            ui.label(note).classes("muted")
        with ui.row().classes("self-end"):
            cancel = ui.button(text.common.CANCEL, on_click=lambda: dialog.submit(""))
            cancel.props("flat no-caps")
            colour = "negative" if dangerous else "primary"
            ui.button(verb, color=colour, on_click=lambda: dialog.submit(verb)).props(
                "unelevated no-caps"
            )
    agreed = bool(await dialog)
    dialog.delete()
    return agreed
