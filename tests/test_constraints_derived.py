"""Limits between published numbers of fractions, and goals rescaled from other fractionations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constraints.derived import (
    at_fractions,
    bed,
    between,
    derived_limits,
    dose_of_bed,
    rescaled_limit,
)
from constraints.loader import load, load_protocol
from constraints.metric import Metric
from constraints.model import (
    Comparison,
    Course,
    Evidence,
    Guideline,
    Kind,
    Limit,
    RescaledLimit,
    Source,
    Technique,
)


def _limit(fractions: int, value: float, **changes: Any) -> Limit:
    values: dict[str, Any] = {
        "id": f"row/{fractions}",
        "structures": ("Esophagus",),
        "metric": Metric.parse("D5cc"),
        "comparison": Comparison.BELOW,
        "value": value,
        "unit": "Gy",
        "kind": Kind.REPORTED,
        "fractions": (fractions,),
        "technique": Technique.STEREOTACTIC,
        "endpoint": "stenosis",
        "evidence": Evidence.A,
        "where": "Table 1",
    }
    return Limit(**{**values, **changes})


def _guideline(*limits: Limit) -> Guideline:
    return Guideline(id="paper", source=Source(title="A paper", doi="10.1/x"), limits=limits)


def test_the_model_gives_back_a_table_that_follows_it() -> None:
    # The figures of the thecal sac lie on one curve of the model, so leaving one out finds it.
    rows = {row.fractions[0]: row for row in load("sahgal-2013").limits if "S13-05" in row.id}
    for n in (2, 3, 4):
        found = between(rows[n - 1], rows[n + 1], fractions=n, alpha_beta_gy=2)
        assert found is not None
        assert found.value == pytest.approx(rows[n].value, abs=0.1)


def test_a_derived_limit_says_what_it_is() -> None:
    found = between(_limit(3, 17.7), _limit(5, 19.5), fractions=4, alpha_beta_gy=3)
    assert found is not None
    assert found.evidence is Evidence.C
    assert found.derived_from == ("row/3", "row/5")
    assert found.id == "row/derived-4"
    assert found.fractions == (4,)
    for piece in ("Derived, not published", "alpha/beta 3 Gy", "17.7 Gy in 3", "19.5 Gy in 5"):
        assert piece in found.note


def test_the_dose_level_of_a_volume_is_interpolated_and_not_the_volume() -> None:
    low, high = (
        _limit(n, 0.03, metric=Metric.parse(f"V{dose}Gy[cc]"), unit="cc")
        for n, dose in ((1, 14), (3, 20))
    )
    found = between(low, high, fractions=2, alpha_beta_gy=2)
    assert found is not None
    assert found.value == 0.03
    assert found.metric.number is not None
    assert 14 < found.metric.number < 20
    assert str(found.metric).startswith("V1")


# What must not be interpolated: changes of the upper row, number of fractions.
REFUSED = [
    ({}, 3),
    ({}, 5),
    ({}, 2),
    ({}, 6),
    ({"evidence": Evidence.D}, 4),
    ({"kind": Kind.OPTIMAL}, 4),
    ({"structures": ("Stomach",)}, 4),
    ({"metric": Metric.parse("D1cc")}, 4),
    ({"comparison": Comparison.AT_MOST}, 4),
    ({"technique": Technique.CONVENTIONAL}, 4),
    ({"course": Course.FIRST}, 4),
    ({"endpoint": "fistula"}, 4),
    ({"fractions": ()}, 4),
    ({"fractions": (5, 6)}, 4),
    ({"unit": "%Rx"}, 4),
]


@pytest.mark.parametrize(("changes", "fractions"), REFUSED)
def test_nothing_is_derived_from_rows_that_do_not_ask_the_same(
    changes: dict[str, Any], fractions: int
) -> None:
    low, high = _limit(3, 17.7), _limit(5, 19.5).model_copy(update=changes)
    assert between(low, high, fractions=fractions, alpha_beta_gy=3) is None


NO_DOSE = [
    {"metric": Metric.parse("EQD2(3):D5cc")},
    {"unit": "%Rx", "value": 105},
]


@pytest.mark.parametrize("changes", NO_DOSE)
def test_a_limit_that_is_no_physical_dose_is_not_interpolated(changes: dict[str, Any]) -> None:
    low, high = (_limit(n, **{"value": 20.0, **changes}) for n in (3, 5))
    assert between(low, high, fractions=4, alpha_beta_gy=3) is None


doses = st.floats(min_value=1, max_value=60)
ratios = st.floats(min_value=0.5, max_value=20)


@given(low=doses, high=doses, ratio=ratios, n=st.integers(min_value=2, max_value=7))
def test_a_derived_dose_never_leaves_the_two_published_ones(
    low: float, high: float, ratio: float, n: int
) -> None:
    found = between(_limit(1, low), _limit(8, high), fractions=n, alpha_beta_gy=ratio)
    assert found is not None
    assert min(low, high) <= found.value <= max(low, high)


@given(dose=doses, ratio=ratios, n=st.integers(min_value=1, max_value=40))
def test_a_dose_comes_back_from_its_biological_effect(dose: float, ratio: float, n: int) -> None:
    effect = bed(dose, n, alpha_beta_gy=ratio)
    assert dose_of_bed(effect, n, alpha_beta_gy=ratio) == pytest.approx(dose)


def test_outside_the_published_numbers_there_is_no_answer() -> None:
    ratios = load_protocol("bone_metastases").alpha_beta_gy
    for fractions in (6, 8, 10, 20):
        assert derived_limits(load("tg101-2010"), fractions=fractions, alpha_beta_gy=ratios) == ()


def test_a_number_with_a_published_limit_gets_no_derived_one() -> None:
    ratios = load_protocol("bone_metastases").alpha_beta_gy
    assert derived_limits(load("sahgal-2013"), fractions=3, alpha_beta_gy=ratios) == ()


def test_an_unread_figure_is_not_replaced_by_a_derived_one() -> None:
    # The 3-fraction figure of the liver is switched off, not missing.
    ratios = load_protocol("bone_metastases").alpha_beta_gy
    found = derived_limits(load("tg101-2010"), fractions=3, alpha_beta_gy=ratios)
    assert [limit for limit in found if "Liver" in limit.structures] == []


def test_structures_of_one_row_are_parted_by_their_alpha_beta() -> None:
    row = ("SpinalCord", "Esophagus")
    guideline = _guideline(_limit(1, 12, structures=row), _limit(3, 20, structures=row))
    found = derived_limits(guideline, fractions=2, alpha_beta_gy={"default": 3, "SpinalCord": 2})
    assert [limit.structures for limit in found] == [("SpinalCord",), ("Esophagus",)]
    assert found[0].value != found[1].value


def test_two_figures_for_one_number_are_no_table() -> None:
    guideline = _guideline(_limit(1, 12), _limit(1, 14, id="other/1"), _limit(3, 20))
    assert derived_limits(guideline, fractions=2, alpha_beta_gy={"default": 3}) == ()


# Printed conversions: guideline row, fractions, dose in Gy.
RESCALED = [
    ("kidneys-dmean", 1, 5.32),
    ("kidneys-dmean", 5, 9.83),
    ("kidneys-dmean", 10, 12.14),
    ("lungs-dmean", 1, 7.12),
    ("lungs-dmean", 5, 12.92),
    ("lungs-dmean", 10, 15.76),
    ("heart-dmean", 1, 8.86),
    ("heart-dmean", 5, 16.61),
    ("heart-dmean", 10, 20.71),
    ("esophagus-dmean", 1, 10.30),
    ("esophagus-dmean", 5, 19.73),
    ("esophagus-dmean", 10, 24.94),
    ("liver-dmean", 1, 10.00),
    ("liver-dmean", 5, 20.00),
    ("liver-dmean", 10, 26.06),
    ("parotids-dmean", 1, 8.61),
    ("parotids-dmean", 5, 16.08),
    ("parotids-dmean", 10, 20.00),
    ("bowel-bag-v43gy", 1, 13.24),
    ("bowel-bag-v43gy", 5, 26.13),
    ("bowel-bag-v43gy", 10, 33.73),
]


def _goal(id_: str) -> RescaledLimit:
    (row,) = (row for row in load("helse-more-romsdal-2025").rescaled_limits if row.id == id_)
    return row


@pytest.mark.parametrize(("row", "fractions", "expected"), RESCALED)
def test_a_goal_is_rescaled_to_the_printed_dose(row: str, fractions: int, expected: float) -> None:
    assert round(at_fractions(_goal(row), fractions), 2) == expected


def test_a_rescaled_goal_becomes_one_limit_in_eqd2() -> None:
    limit = rescaled_limit(_goal("bowel-bag-v43gy"))
    # 43 Gy in fractions of 2 Gy is 43 Gy EQD2.
    assert str(limit.metric) == "EQD2(3):V43Gy[cc]"
    assert (limit.value, limit.unit, limit.evidence) == (195, "cc", Evidence.C)
    assert limit.derived_from == ("bowel-bag-v43gy",)
    assert type(limit) is Limit


def test_a_goal_is_not_rescaled_beyond_the_fractions_it_was_meant_for() -> None:
    with pytest.raises(ValueError, match="kidneys-dmean is meant for"):
        at_fractions(_goal("kidneys-dmean"), 20)


def test_a_scaled_metric_cannot_be_rescaled_again() -> None:
    values = _limit(25, 15, metric=Metric.parse("EQD2(2):Dmean")).model_dump()
    with pytest.raises(ValueError, match="scaled already"):
        RescaledLimit(**values, reference_fractions=25, alpha_beta_gy=2)


def test_no_derived_limit_is_looser_than_both_of_its_neighbours_in_the_library() -> None:
    ratios = load_protocol("bone_metastases").alpha_beta_gy
    for id_ in ("tg101-2010", "timmerman-2022", "hanna-2018", "uw-spine-sbrt-2023"):
        guideline = load(id_)
        values = {limit.id: limit.value for limit in guideline.limits}
        for fractions in (2, 4, 6, 7, 9):
            for limit in derived_limits(guideline, fractions=fractions, alpha_beta_gy=ratios):
                low, high = (values[name] for name in limit.derived_from)
                assert min(low, high) <= limit.value <= max(low, high)
