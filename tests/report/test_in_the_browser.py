"""Pages in a real browser: charts, sorting, widths, contrast, the keyboard, and not a word of complaint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser, needs_browser
from run_folders import write_run

from common import registry
from common.analysis.board import board
from common.environment import OVERRIDE, detect
from common.report import index_page, run_page
from common.runs.ledger import Ledger

pytestmark = [pytest.mark.slow, needs_browser]
WIDTHS = (400, 1600)

# Of every piece of text: its colour against the nearest background that is not transparent, as WCAG 2 measures contrast.
CONTRAST = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map(linear);
                         return .2126 * r + .7152 * g + .0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                          if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || ["SCRIPT", "STYLE"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const a = light(rgb(svg ? style.fill : style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5 && !e.closest(".mark-text")) bad.push(`${ratio.toFixed(2)} ${e.tagName} ${walk.currentNode.data.trim()}`);
  }
  return bad;
})()
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a run's page and the index of all."""
    root = tmp_path_factory.mktemp("pages")
    here = detect({OVERRIDE: f"place=local root={root} internet=off"})
    submissions = root / "submissions" / "patent"
    run = write_run(submissions / "run", noise=0.3, nothing={"pearson": 0.0}, memory={"read": 1 << 28, "fit": 1 << 30})
    ledger = Ledger(submissions / "ledger.csv")
    for number, cv in enumerate((0.5, 0.9, 0.7, 0.8, 0.6)):
        ledger.add(
            "run",
            run=f"r{number}",
            profile="best",
            metric="pearson",
            cv=cv,
            fold_scores="0.1 0.2",
            seconds=100 - number,
        )
        if number:
            ledger.add(
                "scored", run=f"r{number}", metric="pearson", ref=number, public=cv - 0.05, rank=9 - number, teams=10
            )
    run_page.write(run, run / "report.html", here)
    patent = registry.get("patent")
    index = root / "submissions" / "report.html"
    index_page.write([(patent, board("patent", "pearson", submissions))], index, here)
    return {"run": run / "report.html", "index": index}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["run", "index"])
def test_a_page_is_drawn_fits_and_can_be_read(
    page: Page, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    page.complaints.clear()
    page.open(pages[name], width, dark=dark)
    drawn = page.ask(
        "[...document.querySelectorAll('.plot')].map((e) => e.querySelectorAll('svg .mark-symbol path, svg .mark-rect path, "
        "svg .mark-area path, svg .mark-line path').length)"
    )
    assert len(drawn) >= 2 and all(drawn)
    assert page.ask("document.documentElement.scrollWidth <= innerWidth")
    assert page.ask(
        "[...document.querySelectorAll('.plot svg')].every((e) => e.getBoundingClientRect().right <= innerWidth)"
    )
    assert page.ask(CONTRAST) == []
    assert page.complaints == []


def test_colours_follow_the_system_while_the_page_is_open(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["run"], 1600)
    colour = "getComputedStyle(document.querySelector('.plot svg .role-axis-label text')).fill"
    light = page.ask(colour)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    waiting = (
        "new Promise((done) => { const look = () => "
        + colour
        + f" === '{light}' ? requestAnimationFrame(look) : done(1); look(); }})"
    )
    assert page.ask(waiting) == 1


def test_tables_are_sorted_by_mouse_and_by_keyboard(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["index"], 1600)
    column = "[...document.querySelectorAll('table.sortable tbody tr')].map((row) => row.cells[{}].dataset.v)"
    head = "document.querySelectorAll('table.sortable th')[{}]"
    before = page.ask(column.format(2))
    assert before == sorted(before, key=float, reverse=True)  # the best first
    page.ask(head.format(2) + ".querySelector('button').click()")
    assert page.ask(column.format(2)) == sorted(before, key=float)
    assert page.ask(head.format(2) + ".getAttribute('aria-sort')") == "ascending"
    page.ask(head.format(3) + ".querySelector('button').focus()")
    page.press("Tab")
    assert page.ask("document.activeElement === " + head.format(4) + ".querySelector('button')")
    page.press("Enter")
    page.press("Enter")
    public = page.ask(column.format(4))
    assert [float(each) for each in public if each] == sorted((float(each) for each in public if each), reverse=True)
    assert public[-1] == ""  # what is unknown stays below
    assert page.ask(head.format(2) + ".hasAttribute('aria-sort')") is False


def test_the_keyboard_reaches_everything(page: Page, pages: dict[str, Path]) -> None:
    page.open(pages["run"], 400)
    page.ask("document.activeElement.blur(), scrollTo(0, 0)")
    page.press("Tab")
    assert page.ask("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        page.press("Tab")
        seen.add(page.ask("document.activeElement.tagName"))
    assert {"A", "DIV", "SUMMARY"} <= seen  # links, tables that scroll, what is folded
    assert page.ask(
        "[...document.querySelectorAll('.scroll')].every((e) => e.tabIndex === 0 && e.getAttribute('aria-label'))"
    )
    assert page.ask("[...document.querySelectorAll('.plot, img')].every((e) => e.getAttribute('aria-label') || e.alt)")


def test_a_tooltip_shows_what_a_mark_is(page: Page, pages: dict[str, Path]) -> None:
    page.complaints.clear()
    page.open(pages["run"], 1600)
    where = page.ask(
        "(() => { const e = document.querySelector('[data-chart=folds] .mark-symbol path'); e.scrollIntoView({block: 'center'});"
        " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    assert "fold" in page.ask(
        "new Promise((done) => { const look = () => { const e = document.querySelector('#vg-tooltip-element.visible');"
        " e ? done(e.textContent) : requestAnimationFrame(look); }; look(); })"
    )
    assert page.complaints == []
