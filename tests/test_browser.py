"""The page in a real browser: Debian's chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from golden.hand_built import CURVES, EVERYTHING, HOSTILE, NASTY

from planchecker.reports import Style, render
from planchecker.results import Report

LONG_NAME = "R" * 4096
SCRIPTED = replace(
    EVERYTHING,
    curves=tuple(
        replace(curve, roi_name=name)
        for curve, name in zip(
            CURVES,
            (HOSTILE, LONG_NAME, "<img src=x onerror=alert(1)>", "\u202egnitirw", "</script>x"),
            strict=False,
        )
    ),
)
PAGES = {"everything": EVERYTHING, "nasty": NASTY, "scripted": SCRIPTED}
CONTRAST = """
() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const node of document.querySelectorAll("h1,h2,h3,p,dt,dd,th,td,li,summary,button,span,a")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || node.closest("svg") || node.disabled) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) low.push([node.className, node.textContent.slice(0, 40), ratio]);
  }
  return low;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("PLANCHECKER_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("chromium (Debian chromium) is not installed")
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page with everything that it complained of or asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, report: Report, folder: Path, *, lang: str = "en") -> Any:
        path = folder / "report.html"
        path.write_text(render(report, "html", style=Style(lang=lang)), encoding="utf-8")
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Opened(context.new_page())
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_complains_of_nothing_and_asks_for_nothing(
    opened: Opened, tmp_path: Path, name: str
) -> None:
    opened.open(PAGES[name], tmp_path)
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


def test_hovering_reads_dose_and_volume(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    page.locator("svg.dvh").scroll_into_view_if_needed()
    box = page.locator("svg.dvh").bounding_box()
    scale = box["width"] / 960
    page.mouse.move(box["x"] + 350 * scale, box["y"] + 200 * scale)
    told = page.locator("output").inner_text()
    assert " Gy (" in told
    assert " cc" in told
    assert "band" in told
    assert opened.complaints == []


def test_a_click_on_a_name_hides_its_curve_and_another_shows_it(
    opened: Opened, tmp_path: Path
) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    key, curve = page.locator('[data-key="2"]'), page.locator('path.curve[data-i="2"]')
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    assert not curve.is_visible()
    assert not page.locator('.ribbon[data-i="2"]').is_visible()
    key.click()
    assert curve.is_visible()


def test_everything_works_from_the_keyboard(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    page.locator("svg.dvh").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator("output").inner_text()
    page.keyboard.press("ArrowDown")
    assert page.locator("output").inner_text() != first
    page.locator('[data-key="1"]').focus()
    page.keyboard.press("Enter")
    assert page.locator('[data-key="1"]').get_attribute("aria-pressed") == "false"
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_the_axes_can_be_relative_or_absolute(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    axes = page.locator("svg.dvh .axes")
    curve = page.locator('path.curve[data-i="0"]')
    page.get_by_role("button", name="Dose in %").click()
    assert "Dose (% of prescription)" in axes.text_content()
    assert "Volume (%)" in axes.text_content()
    page.get_by_role("button", name="Volume in cc").click()
    assert "Volume (cc)" in axes.text_content()
    assert "NaN" not in str(curve.get_attribute("d"))


def test_the_band_can_be_switched_off(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    assert page.locator(".ribbon").first.is_visible()
    page.get_by_role("button", name="Uncertainty band").click()
    assert not page.locator(".ribbon").first.is_visible()


def test_the_page_prints_with_every_table_unfolded(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_the_page_works_without_script(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = Opened(context.new_page()).open(EVERYTHING, tmp_path)
    assert page.locator("path.curve").count() > 0
    assert not page.locator(".controls").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Any, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = Opened(context.new_page()).open(EVERYTHING, tmp_path)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    # A style sheet cannot be asked inside the page's policy, computed styles can.
    assert page.evaluate(CONTRAST) == []
    context.close()


def test_controls_and_pictures_have_names(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, svg[role], [role=button], a, section')]
             .filter((n) => !(n.getAttribute('aria-label') || n.textContent.trim()))
             .map((n) => n.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_nothing_runs_out_of_the_page(browser: Any, tmp_path: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = Opened(context.new_page()).open(SCRIPTED, tmp_path)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    context.close()


def test_the_french_page_says_so_and_works(opened: Opened, tmp_path: Path) -> None:
    page = opened.open(EVERYTHING, tmp_path, lang="fr")
    assert page.locator("html").get_attribute("lang") == "fr"
    page.get_by_role("button", name="Volume en cc").click()
    page.locator("svg.dvh").focus()
    page.keyboard.press("ArrowRight")
    assert "," in page.locator("output").inner_text()
    assert opened.complaints == []
