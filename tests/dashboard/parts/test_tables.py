from nicegui import ui

from dashboard.parts.tables import DataTable, show_detail

COLUMNS = {"name": "名前", "state": "状態"}
ROWS = [{"key": "a", "name": "一"}, {"key": "b", "name": "二"}]


async def test_a_table_shows_loading_then_rows_or_the_empty_text(browser):
    tables: list[DataTable] = []
    await browser.draw(
        lambda _: tables.append(
            DataTable(COLUMNS, "ありません。", numbers=["name"], wide=["state"])
        )
    )
    (table,), (shown,) = tables, browser.elements(ui.table)
    assert [(one["align"], one["wide"]) for one in shown.columns] == [
        ("right", False),
        ("left", True),
    ]
    assert shown.props["no-data-label"] == "読み込み中…"
    table.fill(ROWS)
    assert shown.rows == ROWS
    table.fill([])
    assert shown.props["no-data-label"] == "ありません。"
    table.show_no_data()
    assert shown.props["no-data-label"] == "データなし"


async def test_a_selection_outlives_a_reload_of_its_rows(browser):
    tables: list[DataTable] = []
    chosen: list[dict] = []
    await browser.draw(
        lambda _: tables.append(
            DataTable(COLUMNS, "", on_row=chosen.append, on_select=lambda: None, badges=["state"])
        )
    )
    (table,), (shown,) = tables, browser.elements(ui.table)
    table.fill(ROWS)
    shown.selected = [ROWS[0], ROWS[1]]
    assert table.selected == ["a", "b"]
    table.fill([{"key": "b", "name": "三"}])
    assert table.selected == ["b"]
    browser.user.find(ui.table).trigger("rowClick", [{}, {"key": "b"}, 0])
    assert chosen == [{"key": "b"}]


async def test_all_of_a_row_shows_in_a_dialog(browser):
    hostile = "<img src=x onerror=alert(1)>"
    await browser.draw(
        lambda _: ui.button("開く", on_click=lambda: show_detail("題", [("名前", hostile)]))
    )
    browser.press("開く")
    await browser.sees("題")
    assert browser.fact("名前") == hostile
    (dialog,) = browser.elements(ui.dialog)
    assert dialog.value
    browser.press("閉じる")
    assert not dialog.value
    browser.user.find(ui.dialog).trigger("hide")
    assert browser.texts() == []
