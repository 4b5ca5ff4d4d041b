import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from golden.hand_built import CANAL, EVERYTHING, NASTY, REPORTS

from planchecker.errors import PlanCheckerError
from planchecker.reports import Style, render_document
from planchecker.reports.pdf import report_digest
from planchecker.results import Report

SIZES = [("A4", "595.27", "841.88"), ("Letter", "612", "792")]


def text_of(pdf: bytes, folder: Path) -> list[str]:
    """Text of each page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (Debian poppler-utils) is not installed")
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8").split("\f")[:-1]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_becomes_a_pdf(name: str) -> None:
    pdf = render_document(REPORTS[name], "pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize(("paper", "width", "height"), SIZES)
def test_the_paper_is_the_one_asked_for(paper: str, width: str, height: str) -> None:
    pdf = render_document(EVERYTHING, "pdf", style=Style(paper=paper))
    boxes = set(re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf))
    assert len(boxes) == 1
    ((x, y),) = boxes
    assert x.decode().startswith(width)
    assert y.decode().startswith(height)


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(PlanCheckerError, match="A3"):
        render_document(EVERYTHING, "pdf", style=Style(paper="A3"))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_document(EVERYTHING, "pdf") == render_document(EVERYTHING, "pdf")


def test_every_page_names_plan_report_and_number(tmp_path: Path) -> None:
    pages = text_of(render_document(EVERYTHING, "pdf"), tmp_path)
    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in page
        assert "Plan T8 SBRT" in page
        assert report_digest(EVERYTHING)[:16] in page


def test_the_cover_has_the_verdict_and_lines_to_sign(tmp_path: Path) -> None:
    cover = text_of(render_document(EVERYTHING, "pdf"), tmp_path)[0]
    for words in ("FAIL", "Planner", "Medical physicist", "Physician", report_digest(EVERYTHING)):
        assert words in cover


def test_the_pages_hold_every_finding_and_what_would_make_it_pass(tmp_path: Path) -> None:
    text = "".join(text_of(render_document(EVERYTHING, "pdf"), tmp_path))
    assert "all dose times 0.914" in " ".join(text.split())
    for finding in EVERYTHING.findings:
        assert finding.code in text


def test_french_pages_speak_french(tmp_path: Path) -> None:
    pdf = render_document(EVERYTHING, "pdf", style=Style(lang="fr"))
    text = "".join(text_of(pdf, tmp_path))
    assert "NON CONFORME" in text
    assert "18,42 Gy" in text


def test_hostile_strings_are_no_markup_of_the_page(tmp_path: Path) -> None:
    text = "".join(text_of(render_document(NASTY, "pdf"), tmp_path))
    assert "<script>" in text


def test_a_name_of_4096_characters_fits_on_a_page() -> None:
    huge = replace(CANAL, subject="x" * 4096, message="y" * 20_000, source="z" * 4096)
    assert render_document(Report(findings=(huge,)), "pdf").startswith(b"%PDF-")
