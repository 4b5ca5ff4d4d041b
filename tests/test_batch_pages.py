"""Pages of a batch: small, and with a style sheet and a script that they share."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from golden.hand_built import CURVES, EVERYTHING, NASTY
from test_batch_run import OPTIONS, batch, cases

import sample_dicom
from planchecker.batch.pages import MOST_BYTES, page
from planchecker.reports import Style, render
from planchecker.reports.assets import shared_assets

STYLE = Style(assets="../../assets")


@pytest.mark.parametrize("report", [EVERYTHING, NASTY])
def test_a_page_of_a_batch_says_what_the_page_of_one_says(report):
    alone, shared = render(report, "html"), render(report, "html", style=STYLE)
    body = re.compile(r"<main>.*</main>", re.DOTALL)
    assert body.search(alone)[0] == body.search(shared)[0]
    assert "<style>" not in shared
    assert [name in shared for name in shared_assets()] == [True, True]


def test_a_page_with_too_much_to_draw_is_thinned_until_it_fits():
    many = tuple(replace(CURVES[0], roi_number=n, roi_name=f"ROI {n}") for n in range(200))
    points = tuple(float(n) for n in range(2000))
    wide = tuple(
        replace(c, dose_gy=points, volume_percent=points, low_percent=points, high_percent=points)
        for c in many
    )
    report = replace(EVERYTHING, curves=wide)
    assert len(render(report, "html", style=STYLE).encode()) > MOST_BYTES
    content = page(report, STYLE)
    assert len(content) < MOST_BYTES
    for finding in report.findings:
        assert finding.code.encode() in content


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("pages")
    sample_dicom.write("spine-sbrt-24-in-2-cord-over", home / "tree")
    batch(home / "tree", home / "out", options=replace(OPTIONS, formats=("html",)))
    return home / "out"


def test_the_page_of_the_largest_sample_is_small_and_has_a_picture(written):
    content = (
        written / next(iter(cases(written).values()))["report_folder"] / "report.html"
    ).read_bytes()
    assert len(content) < MOST_BYTES
    assert b"data:image/png" in content
    assert {path.name for path in (written / "assets").iterdir()} >= set(shared_assets())


def test_a_browser_finds_what_the_pages_share(written):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("PLANCHECKER_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    report = written / next(iter(cases(written).values()))["report_folder"] / "report.html"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        shown = browser.new_page()
        told: list[str] = []
        shown.on("console", lambda message: told.append(message.text))
        shown.on("pageerror", lambda error: told.append(str(error)))
        shown.goto(report.as_uri())
        margin = shown.evaluate("getComputedStyle(document.body).marginTop")
        loaded = shown.evaluate("[...document.scripts].filter(s => s.src).length")
        rules = shown.evaluate("document.styleSheets.length")
        browser.close()
    assert (margin, loaded, rules) == ("0px", 1, 1)
    assert told == []
