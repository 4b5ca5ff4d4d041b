import math
from dataclasses import replace

import pytest

from planchecker.reports import text
from planchecker.results import Finding, Report, SchemeMatch, Status

FINDING = Finding(
    code="DL001",
    subject="Cord",
    status=Status.FAIL,
    message="m",
    metric="D0.03cc",
    value=18.0,
    unit="Gy",
    comparison="<=",
    limit=17.0,
    margin=-1.0,
)
NUMBERS = [
    (16.987, None, "16.99"),
    (17.0, 17.0, "17.00"),
    (17.0004, 17.0, "17.0004"),
    (17.00000001, 17.0, "17.00000001"),
    (-0.0, None, "0.00"),
    (0.0, None, "0.00"),
    (-3.25, None, "-3.25"),
    (0.0004, 0.0, "0.0004"),
    (math.inf, None, "unbounded"),
    (math.nan, None, "not a number"),
]
SIGNIFICANT = [
    (16.98765432, 16.9877),
    (1234567.8, 1234570.0),
    (-0.0, 0.0),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
]
UNSAFE = [
    "\x1b",
    "\x07",
    "\x9b",
    "\u202a",
    "\u202e",
    "\u2066",
    "\u2069",
    "\u200b",
    "\ufeff",
    "\ud800",
    "\u00ad",
]
MARGINS = [
    (-1.0, "<=", "1.00 Gy over"),
    (1.0, "<=", "1.00 Gy left"),
    (0.0, "<=", "0.00 Gy left"),
    (-2.5, ">=", "2.50 Gy short"),
    (-0.0004, "<", "0.0004 Gy over"),
]
SPEAKING = [
    (Status.FAIL, -1.0, True),
    (Status.WARN, -1.0, True),
    (Status.WARN, 1.0, False),
    (Status.PASS, 1.0, True),
    (Status.PASS, -1.0, False),
    (Status.BORDERLINE, -1.0, False),
    (Status.MANUAL, -1.0, False),
    (Status.NOT_EVALUATED, -1.0, False),
    (Status.FAIL, None, False),
]


@pytest.mark.parametrize(("value", "apart_from", "expected"), NUMBERS)
def test_number_never_rounds_onto_the_limit(
    value: float, apart_from: float | None, expected: str
) -> None:
    assert text.number(value, apart_from=apart_from) == expected


@pytest.mark.parametrize(("value", "expected"), SIGNIFICANT)
def test_significant_keeps_six_digits_and_no_infinity(value: float, expected: float | None) -> None:
    found = text.significant(value)
    assert found == expected
    assert found is None or math.copysign(1, found) == math.copysign(1, expected or 0.0)


@pytest.mark.parametrize("character", UNSAFE)
def test_clean_replaces_what_moves_or_hides_text(character: str) -> None:
    assert text.clean(f"a{character}b") == "a\ufffdb"


def test_clean_keeps_letters_of_other_scripts() -> None:
    assert text.clean("Moelle épinière 脊髄 Ω") == "Moelle épinière 脊髄 Ω"


def test_clean_joins_lines() -> None:
    assert text.clean("a\r\nb\tc\u2028d") == "a b c d"


def test_clip_leaves_what_fits() -> None:
    assert text.clip("Cord", 4) == "Cord"


@pytest.mark.parametrize(("margin", "comparison", "expected"), MARGINS)
def test_margin_words_say_which_side(margin: float, comparison: str, expected: str) -> None:
    finding = replace(FINDING, margin=margin, comparison=comparison)
    assert text.margin_words(finding) == expected


@pytest.mark.parametrize(("status", "margin", "expected"), SPEAKING)
def test_numbers_speak_only_where_they_agree_with_the_status(
    status: Status, margin: float | None, expected: bool
) -> None:
    assert text.numbers_speak(replace(FINDING, status=status, margin=margin)) is expected


def test_a_metric_without_a_value_is_no_answer() -> None:
    assert text.value_words(replace(FINDING, value=None)) == "no answer"


def test_a_finding_without_a_metric_has_no_value_words() -> None:
    assert text.value_words(replace(FINDING, value=None, metric="")) == ""


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        (None, ""),
        ((17.5, 18.5), "17.50 to 18.50"),
        ((16.9999, 18.5), "16.9999 to 18.50"),
        ((3.0, math.inf), "at least 3.00"),
        ((-math.inf, 3.0), "at most 3.00"),
    ],
)
def test_band_words_bound_what_is_open(band: tuple[float, float] | None, expected: str) -> None:
    assert text.band_words(replace(FINDING, band=band)) == expected


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_word_a_symbol_and_a_sentence(status: Status) -> None:
    report = Report(findings=(replace(FINDING, status=status),))
    assert text.STATUS_WORD[status] == status.value.upper().replace("-", " ")
    assert len(text.STATUS_SYMBOL[status]) == 1
    assert text.verdict_words(report).endswith(".")


def test_an_empty_report_does_not_read_as_a_pass() -> None:
    assert "not a pass" in text.verdict_words(Report(findings=()))


def test_an_unknown_scheme_is_called_unknown() -> None:
    assert text.scheme_words(SchemeMatch()) == "unknown"
