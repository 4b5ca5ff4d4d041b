import os
from pathlib import Path

import pytest
from golden.hand_built import CLEAN, EVERYTHING, REPORTS

import planchecker.reports
from planchecker.reports import RENDERERS, Style, render

GOLDEN = Path(__file__).parent / "golden"
SUFFIX = {"terminal": "txt", "json": "json", "html": "html", "csv": "csv", "junit": "xml"}
CASES = [(name, format_) for name in REPORTS for format_ in RENDERERS]


def compare(path: Path, text: str) -> None:
    if os.environ.get("PLANCHECKER_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_bytes().replace(b"\r\n", b"\n").decode("utf-8") == text


@pytest.mark.parametrize(("name", "format_"), CASES)
def test_renders_as_the_golden_file(name: str, format_: str) -> None:
    compare(GOLDEN / f"{name}.{SUFFIX[format_]}", render(REPORTS[name], format_))


def test_verbose_terminal_renders_as_the_golden_file() -> None:
    text = render(EVERYTHING, "terminal", style=Style(verbose=True, symbols=False))
    compare(GOLDEN / "everything-verbose-ascii.txt", text)


@pytest.mark.parametrize("format_", RENDERERS)
def test_renders_the_same_bytes_twice(format_: str) -> None:
    assert render(EVERYTHING, format_) == render(EVERYTHING, format_)


@pytest.mark.parametrize("format_", RENDERERS)
def test_one_report_renders_as_a_sequence_of_one(format_: str) -> None:
    assert render(CLEAN, format_) == render([CLEAN], format_)


@pytest.mark.parametrize("format_", RENDERERS)
def test_every_text_ends_with_one_line_feed(format_: str) -> None:
    text = render(EVERYTHING, format_)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_unknown_format_is_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="'xml'; known are terminal, json, html, csv, junit"):
        render(CLEAN, "xml")


def test_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="no report"):
        render([], "json")


def test_every_renderer_is_a_member_of_the_package() -> None:
    assert set(planchecker.reports.__all__) <= set(dir(planchecker.reports))
