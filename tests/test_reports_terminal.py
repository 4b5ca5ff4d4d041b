import re
from dataclasses import replace

import pytest
from golden.hand_built import CLEAN, EMPTY, EVERYTHING, NASTY

from planchecker.reports import Style, render
from planchecker.reports.tables import table


def terminal(*reports, **style):
    return render(reports, "terminal", style=Style(**style))


def test_the_first_line_is_the_verdict_in_words() -> None:
    first = terminal(EVERYTHING).splitlines()[0]
    assert first == "FAIL: a mandatory limit is exceeded, or the plan contradicts itself."


def test_plain_text_has_no_escape_sequences_and_fits_the_width() -> None:
    text = terminal(EVERYTHING, EMPTY)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_no_environment_changes_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    before = terminal(EVERYTHING)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    assert terminal(EVERYTHING) == before


def test_colour_adds_escape_sequences_and_no_words() -> None:
    coloured = terminal(EVERYTHING, colour=True)
    bare = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    strip = [line.rstrip() for line in bare.splitlines()]
    assert coloured != bare
    assert strip == terminal(EVERYTHING).splitlines()


def test_a_finding_is_one_line_with_number_limit_margin_and_source() -> None:
    line = next(li for li in terminal(EVERYTHING).splitlines() if li.startswith("FAIL  "))
    for words in ("DL001", "SpinalCanal", "D0.03cc 18.42 Gy", "≤ 17 Gy", "1.42 Gy over", "hytec"):
        assert words in line


def test_passes_are_counted_and_listed_only_on_request() -> None:
    assert "2 pass, not listed here" in terminal(CLEAN)
    assert "Esophagus" not in terminal(CLEAN)
    assert "Esophagus" in terminal(CLEAN, verbose=True)


def test_a_remedy_is_said_once_in_a_row() -> None:
    finding = replace(EVERYTHING.ranked[1], remedy="Export the dose.")
    text = terminal(replace(CLEAN, findings=(finding, finding)))
    assert text.count("Export the dose.") == 1


def test_control_characters_of_the_export_reach_no_terminal() -> None:
    text = terminal(NASTY, verbose=True)
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert "\u202e" not in text


def test_markup_of_the_export_is_text() -> None:
    assert "[bold]markup[/bold]" in terminal(NASTY)


def test_without_symbols_the_text_is_ascii() -> None:
    assert terminal(EVERYTHING, symbols=False, verbose=True).isascii()


def test_several_plans_end_with_an_overview_worst_first() -> None:
    assert terminal(CLEAN, EVERYTHING).splitlines()[-3:] == [
        "2 plans",
        "FAIL           Plan T8 SBRT",
        "PASS           Plan T8 SBRT",
    ]


def test_tables_make_every_cell_safe() -> None:
    assert "\x1b" not in table(("a",), [("\x1b[2J",)], style=Style(), title="\x1b")
