"""The confirmation dialog for actions."""

from nicegui import ui

from dashboard import text


async def confirm(question: str, verb: str, *, note: str = "", dangerous: bool = True) -> bool:
    """Ask the operator to confirm. Return True if the button `verb` was pressed."""
    # The calling element may be redrawn while the dialog is open, so the dialog is outside of it.
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
