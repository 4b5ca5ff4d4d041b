"""RX005: dose and fractions as the plan label states them."""

import case_factory as factory
import pytest
from check_cases import ask, context, findings

from planchecker.checks.label_scheme import schemes_in
from planchecker.schemes.inference import INFERRED

PLAIN = context()
WORDS = [
    ("T10 24Gy/2", ["24 Gy in 2"]),
    ("T10 30 Gy in 10", ["30 Gy in 10"]),
    ("20 Gy en 5", ["20 Gy in 5"]),
    ("30Gy 10fx", ["30 Gy in 10"]),
    ("20GY5F", ["20 Gy in 5"]),
    ("5x4Gy", ["20 Gy in 5"]),
    ("4x5 Gy", ["20 Gy in 4"]),
    ("4 Gy x 5", ["20 Gy in 5"]),
    ("10 x 3,0 Gy", ["30 Gy in 10"]),
    ("FEMUR L 8/1", ["8 Gy in 1"]),
    ("T10 30Gy", ["30 Gy"]),
    # Dates, levels, percentages and pairs that no table names.
    ("12/05/2024", []),
    ("2024-05-12", []),
    ("L3/4", []),
    ("3/4", []),
    ("Plan 98.2%", []),
    ("8/10", []),
    ("T10", []),
]
# label, dose, fractions, expected
LABELS = [
    ("T10 30Gy/10", 30, 10, "pass"),
    ("T10 30Gy/10", 30.1, 10, "pass"),
    ("T10 30Gy/10", 30, 9, "manual"),
    ("T10 20Gy/5", 20, 4, "manual"),
    ("T10 5x4Gy", 20, 5, "pass"),
    ("T10 5x4Gy", 20, 4, "manual"),
    ("T10 4x5Gy", 20, 5, "manual"),
    ("T10 30Gy", 30, 10, "pass"),
    ("T10 3Gy", 30, 10, "pass"),
    ("T10 20Gy", 30, 10, "manual"),
    ("T10 20Gy/5 30Gy/10", 30, 10, "pass"),
    ("T10", 30, 10, "n/a"),
    ("T10 30Gy/10", None, 10, "not-evaluated"),
    ("T10 30Gy/10", 30, None, "not-evaluated"),
]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_schemes_in_texts(text, expected):
    assert [scheme.words for scheme in schemes_in(PLAIN, text)] == expected


@pytest.mark.parametrize(("label", "dose", "number", "expected"), LABELS)
def test_the_label_against_the_prescription(label, dose, number, expected):
    of = factory.case(plan=factory.plan(dose, number, label=label))
    assert ask("RX005", context(of)) == [expected]


def test_an_inferred_prescription_proves_nothing():
    plan = factory.plan(label="T10 30Gy/10")
    guessed = factory.changed(plan.prescription, source=INFERRED)
    of = factory.case(plan=factory.changed(plan, prescription=guessed))
    assert ask("RX005", context(of)) == ["not-evaluated"]


def test_both_schemes_are_named():
    of = factory.case(plan=factory.plan(20, 4, label="T10 20Gy/5"))
    (finding,) = findings("RX005", context(of))
    assert finding.message == "The label says 20 Gy in 5; the plan has 20 Gy in 4."
    assert finding.remedy


# label, prescription description, expected
DESCRIBED = [
    ("T10 30Gy/10", "30 Gy in 10 fractions", ["pass", "pass"]),
    ("T10", "10 x 3 Gy", ["pass"]),
    ("T10 30Gy/10", "20 Gy in 5 fractions", ["pass", "manual"]),
    ("T10 20Gy/5", "30 Gy in 10 fractions", ["manual", "pass"]),
    # The total is not fraction dose times fractions.
    ("T10", "10 x 2.95 Gy", ["manual"]),
    ("T10", "10 x 3.01 Gy", ["pass"]),
    ("T10", "Composite Plan: RxA, RxB", ["n/a"]),
]


@pytest.mark.parametrize(("label", "text", "expected"), DESCRIBED)
def test_the_prescription_description_against_the_prescription(label, text, expected):
    of = factory.case(plan=factory.plan(30, 10, label=label, prescription_text=text))
    assert ask("RX005", context(of)) == expected
