"""サインイン."""

from nicegui import ui

from dashboard import text
from dashboard.parts.shell import SIGN_IN, House, box, heading


def add(house: House) -> None:  # noqa: ARG001 - every page is added alike
    @ui.page(SIGN_IN)
    def page(error: str = "", to: str = "/") -> None:
        ui.page_title(f"{text.SIGN_IN}｜{text.PRODUCT}")
        with box("door", "main"), ui.element("form").props("method=post action=/sign-in"):
            heading(text.PRODUCT)
            ui.label(text.SIGN_IN_LEAD).classes("muted")
            if error in text.SIGN_IN_ERRORS:
                ui.label(text.SIGN_IN_ERRORS[error]).classes("alert").props("role=alert")
            ui.input(text.USER_NAME).props(
                "outlined name=login autocomplete=username autofocus required maxlength=64"
            )
            ui.input(text.PASSWORD, password=True).props(
                "outlined name=password autocomplete=current-password required maxlength=128"
            )
            hidden = ui.element("input").props("type=hidden name=to")
            hidden.props["value"] = to
            ui.button(text.SIGN_IN).props("type=submit unelevated no-caps size=lg")
