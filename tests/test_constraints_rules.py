"""The rows that are no plain limit: what they refuse, what they answer, and figures that matter."""

from typing import Any

import pytest
from pydantic import ValidationError

from constraints.loader import available, load
from constraints.model import (
    ConditionalLimit,
    Guideline,
    MarginRule,
    ReportItem,
    RiskCurve,
    RiskFlag,
    VolumeTable,
)

TABLE: dict[str, Any] = {
    "id": "r50",
    "index": "R50",
    "unit": "ratio",
    "structures": ["PTV"],
    "technique": "stereotactic",
    "rows": [
        {"volume_cc": 10, "none": 5, "minor": 6},
        {"volume_cc": 20, "none": 4, "minor": 5.5},
    ],
    "evidence": "B",
    "where": "Table",
}
CURVE: dict[str, Any] = {
    "id": "lungs",
    "structures": ["Lungs"],
    "metric": "Dmean",
    "unit": "Gy",
    "points": [[7, "5 %"], [13, "10 %"]],
    "technique": "conventional",
    "evidence": "C",
    "where": "Table",
}
FLAG: dict[str, Any] = {
    "id": "vcf",
    "measure": "dose_per_fraction",
    "comparison": ">=",
    "value": 20,
    "unit": "Gy",
    "level": "raised",
    "technique": "stereotactic",
    "endpoint": "fracture",
    "evidence": "A",
    "where": "Abstract",
}
MARGIN: dict[str, Any] = {
    "id": "ctv",
    "inner": "GTV",
    "outer": "CTV",
    "direction": "all",
    "margin_mm": [5, 10],
    "evidence": "A",
    "where": "Abstract",
}
ITEM: dict[str, Any] = {
    "id": "near-max",
    "structures": ["PTV"],
    "metric": "D2%",
    "summary": "Near-maximum dose.",
    "evidence": "C",
    "where": "Reporting",
}

# Model, values, change, and a word of the message.
REFUSED = [
    (VolumeTable, TABLE, {"rows": TABLE["rows"][::-1]}, "rise"),
    (VolumeTable, TABLE, {"rows": TABLE["rows"][:1]}, "2"),
    (
        VolumeTable,
        TABLE,
        {"rows": [*TABLE["rows"], {"volume_cc": 30, "none": 4, "minor": 3}]},
        "minor",
    ),
    (RiskCurve, CURVE, {"points": [[13, "10 %"], [7, "5 %"]]}, "rise"),
    (RiskCurve, CURVE, {"points": []}, "1"),
    (RiskCurve, CURVE, {"points": [["7", "5 %"]]}, "number"),
    (RiskFlag, FLAG, {"measure": "metric"}, "metric needs structures"),
    (RiskFlag, FLAG, {"metric": "V15Gy[cc]", "structures": ["PTV"]}, "no other does"),
    (RiskFlag, FLAG, {"value": True}, "number"),
    (MarginRule, MARGIN, {"margin_mm": [10, 5]}, "smallest"),
    (MarginRule, MARGIN, {"margin_mm": [-1, 5]}, "smallest"),
    (ReportItem, ITEM, {"metric": None}, "either"),
    (ReportItem, ITEM, {"index": "GI"}, "either"),
]


@pytest.mark.parametrize(("model", "values", "change", "told"), REFUSED)
def test_a_row_that_contradicts_itself_is_refused(
    model: Any, values: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    model(**values)
    with pytest.raises(ValidationError, match=told):
        model(**{**values, **change})


# Volume, no deviation up to, minor deviation up to.
BOUNDS = [
    (10, (5, 6)),
    (15, (4.5, 5.75)),
    (20, (4, 5.5)),
    (9.9, None),
    (20.1, None),
]


@pytest.mark.parametrize(("volume_cc", "expected"), BOUNDS)
def test_a_table_by_volume_is_interpolated_and_never_extended(
    volume_cc: float, expected: tuple[float, float] | None
) -> None:
    assert VolumeTable(**TABLE).bounds(volume_cc) == expected


def test_the_fall_off_table_answers_for_the_volumes_of_vertebrae() -> None:
    r50, d2cm = load("rtog-0915-0813").volume_tables
    assert r50.bounds(50) == (4.0, 5.0)
    assert d2cm.bounds(28) == (56.0, 65.5)
    assert r50.bounds(200) is None


def test_only_limits_are_tested_on_every_contour() -> None:
    for id_ in available():
        for limit in load(id_).limits:
            assert not isinstance(limit, ConditionalLimit), (id_, limit.id)


def test_every_row_of_a_guideline_is_among_its_rows() -> None:
    for id_ in available():
        guideline = load(id_)
        fields = [getattr(guideline, name) for name in Guideline.model_fields]
        counted = sum(len(rows) for rows in fields if isinstance(rows, tuple))
        assert len(guideline.rows) == counted


# guideline, row, comparison, value, unit: the conditions a retreatment is judged by.
REIRRADIATION = [
    ("hytec-cord-2021", "RE-H1", "cumulative_dose", "EQD2(2):Dmax", "<=", 70, "Gy"),
    ("hytec-cord-2021", "RE-H2", "retreatment_dose", "EQD2(2):Dmax", "<=", 25, "Gy"),
    ("hytec-cord-2021", "RE-H3", "retreatment_share", "EQD2(2):Dmax", "<=", 0.5, "ratio"),
    ("hytec-cord-2021", "RE-H4", "interval", "None", ">=", 5, "months"),
    ("nieder-2006", "RE-N06a-cumulative", "cumulative_dose", "BED(2):Dmax", "<=", 135.5, "Gy"),
    ("nieder-2006", "RE-N06a-no-case", "cumulative_dose", "BED(2):Dmax", "<=", 120, "Gy"),
    ("nieder-2006", "RE-N06a-course", "course_dose", "BED(2):Dmax", "<=", 98, "Gy"),
    ("nieder-2006", "RE-N06a-interval", "interval", "None", ">=", 6, "months"),
    ("nieder-2018", "RE-N18a", "cumulative_dose", "EQD2(2):Dmax", "<=", 75, "Gy"),
]


@pytest.mark.parametrize(
    ("guideline", "id_", "quantity", "metric", "comparison", "value", "unit"), REIRRADIATION
)
def test_a_condition_of_re_irradiation_has_its_figure(
    guideline: str, id_: str, quantity: str, metric: str, comparison: str, value: float, unit: str
) -> None:
    (row,) = (row for row in load(guideline).reirradiation if row.id == id_)
    assert (row.quantity, str(row.metric)) == (quantity, metric)
    assert (row.comparison, row.value, row.unit) == (comparison, value, unit)
    assert row.evidence == "A"


def test_the_conditions_of_hytec_count_together_on_the_thecal_sac() -> None:
    rows = load("hytec-cord-2021").reirradiation
    assert {row.together for row in rows} == {"RE-H"}
    assert {row.structures for row in rows} == {("ThecalSac",)}
    assert {(row.technique, row.earlier_technique) for row in rows} == {
        ("stereotactic", "conventional")
    }


def test_the_survey_of_a_third_course_asks_a_person() -> None:
    (row,) = load("nieder-2018").reirradiation
    assert (row.decision, row.courses, row.after_months) == ("manual", 3, 12)


# guideline, flag: measure, comparison, value, unit, strength.
FLAGS = [
    ("sahgal-vcf-2013", "VCF-1-raised", "dose_per_fraction", ">=", 20, "Gy", "A"),
    ("sahgal-vcf-2013", "VCF-1-highest", "dose_per_fraction", ">=", 24, "Gy", "A"),
    ("jawad-2016", "VCF-3", "prescription", ">=", 38.4, "Gy", "C"),
    ("vcf-v15-2021", "VCF-5", "metric", ">", 42, "cc", "A"),
]


@pytest.mark.parametrize(
    ("guideline", "id_", "measure", "comparison", "value", "unit", "strength"), FLAGS
)
def test_a_fracture_flag_has_its_figure(
    guideline: str,
    id_: str,
    measure: str,
    comparison: str,
    value: float,
    unit: str,
    strength: str,
) -> None:
    (row,) = (row for row in load(guideline).risk_flags if row.id == id_)
    assert (row.measure, row.comparison, row.value, row.unit) == (measure, comparison, value, unit)
    assert row.evidence == strength


def test_delineation_rows_from_memory_are_switched_off() -> None:
    rows = {
        row.id: row.evidence for row in (*load("isrc-2012").sectors, *load("isrc-2012").margins)
    }
    assert {id_ for id_, strength in rows.items() if strength == "D"} == {
        "ISRC-09",
        "ISRC-10",
        "ISRC-11",
        "ISRC-13",
    }


def test_the_consortium_speaks_of_the_intact_spine_and_stereotaxy_only() -> None:
    guideline = load("isrc-2012")
    for row in (*guideline.sectors, *guideline.delineation, *guideline.margins):
        assert (row.technique, row.setting) == ("stereotactic", "intact"), row.id
