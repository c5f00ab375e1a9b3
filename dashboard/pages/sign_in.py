"""サインイン: the sign-in form, the only page without a session."""

from nicegui import ui

from dashboard import paths, text
from dashboard.parts.widgets import box, heading


def add_sign_in_page() -> None:
    """Register the page."""
    ui.page(paths.SIGN_IN)(draw_form)


def draw_form(error: str = "", to: str = "/") -> None:
    """Draw the form. `error` is a key of `text.sign_in.ERRORS`; `to` is the page to open next."""
    ui.page_title(f"{text.sign_in.SIGN_IN}｜{text.common.PRODUCT}")
    with (
        box("sign-in", "main"),
        ui.element("form").props(f"method=post action={paths.SIGN_IN}"),
    ):
        heading(text.common.PRODUCT)
        ui.label(text.sign_in.LEAD).classes("muted")
        if error in text.sign_in.ERRORS:
            ui.label(text.sign_in.ERRORS[error]).classes("alert").props("role=alert")
        ui.input(text.sign_in.USER_NAME).props(
            "outlined name=login autocomplete=username autofocus required maxlength=64"
        )
        ui.input(text.sign_in.PASSWORD, password=True).props(
            "outlined name=password autocomplete=current-password required maxlength=128"
        )
        hidden = ui.element("input").props("type=hidden name=to")
        hidden.props["value"] = to
        ui.button(text.sign_in.SIGN_IN).props("type=submit unelevated no-caps size=lg")
