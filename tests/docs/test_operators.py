"""docs/operators.md has a section for each page of the dashboard, under its name."""

import re
from pathlib import Path

from dashboard import text
from dashboard.parts.navigation import PAGES, TABS

ROOT = Path(__file__).parents[2]
OPERATORS = (ROOT / "docs" / "operators.md").read_text()
QUOTED_STATES = {**text.modules.STATES, "UNKNOWN": text.common.UNKNOWN}


def test_each_page_has_a_section():
    screens = OPERATORS.split("## Screens")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (.+)$", screens, re.MULTILINE)) == {
        *PAGES.values(),
        *TABS.values(),
    }


def test_the_states_are_those_of_the_dashboard():
    for heading, states in (("モジュール", QUOTED_STATES), ("決済", text.payments.STATES)):
        section = OPERATORS.split(f"### {heading}\n")[1].split("\n### ")[0]
        rows = re.findall(r"^\| (\S+) \|", section.split("| 状態 |")[1], re.MULTILINE)
        assert set(rows) == set(states.values())


def test_the_japanese_readme_lists_the_pages():
    readme = (ROOT / "README.ja.md").read_text()
    rows = re.findall(r"^\| (\S+) \|", readme.split("| 画面 |")[1], re.MULTILINE)
    assert set(rows) == {*PAGES.values(), *TABS.values()}


def test_the_screenshot_is_small():
    assert (ROOT / "docs" / "images" / "overview.png").stat().st_size < 300 * 1024
