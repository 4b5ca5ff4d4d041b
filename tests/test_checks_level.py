"""ST013, ST018 and ID008 to ID010: side, level, dates and names."""

from datetime import date

import case_factory as factory
import pytest
from check_cases import BODY, CORD, PTV, ask, context, findings

from planchecker.checks.level import levels_in, side_of

PLAIN = context()


def femur(side, x_mm, number=5):
    return factory.cylinder(
        f"Femur_{side}", number=number, centre_mm=(x_mm, 0, 0), radius_mm=12, step_mm=3.0
    )


def level(name, z_mm, number):
    return factory.box(name, number=number, centre_mm=(0, 0, z_mm), size_mm=(40, 40, 20), step_mm=3)


def labelled(label, *rois, ptv=PTV, name=""):
    of = factory.case(
        plan=factory.plan(label=label, name=name),
        structure_set=factory.structure_set(ptv, CORD, BODY, *rois),
    )
    return context(of)


LEFT, RIGHT = femur("L", 40.0), femur("R", -40.0, 6)
ASIDE = factory.box("PTV", centre_mm=(40, 0, 0), size_mm=(30, 30, 42), step_mm=3.0)
T9, T10, T11 = level("VB_T09", 26.0, 5), level("VB_T10", 0.0, 6), level("VB_T11", -26.0, 7)
SIDES = [
    (labelled("A", LEFT, RIGHT), ["pass"]),
    (labelled("A", femur("L", -40.0), femur("R", 40.0, 6)), ["fail", "fail"]),
    (labelled("A", femur("L", -40.0)), ["fail"]),
    (labelled("A", femur("L", -5.0)), ["n/a"]),
    (labelled("FEMUR left", ptv=ASIDE), ["pass"]),
    (labelled("FEMUR right", ptv=ASIDE), ["manual"]),
    (labelled("FEMUR right"), ["n/a"]),
    (labelled("T10"), ["n/a"]),
]
LEVELS = [
    (labelled("T10 30Gy", T9, T10, T11), ["pass"]),
    (labelled("T11 30Gy", T9, T10, level("VB_T11", -40.0, 7)), ["fail"]),
    (labelled("T11 30Gy", T9, T10, T11), ["manual"]),
    (labelled("T10", ptv=factory.changed(PTV, name="PTV_L3")), ["manual"]),
    (labelled("T10"), ["n/a"]),
    (labelled("bone", T9, T10), ["n/a"]),
    # The stated level is not contoured, and the one the target lies on is.
    (labelled("T8 30Gy", T9, T10, T11), ["manual"]),
    (labelled("T8 30Gy", level("VB_T12", -60.0, 8)), ["n/a"]),
    (labelled("T10 30Gy", T9, T10, T11, name="T8"), ["manual"]),
    (labelled("T10 30Gy", T9, T10, T11, name="T10 boost"), ["pass"]),
]
NAMED = [
    ("T10 24Gy/2", ("T10",)),
    ("VB_T09", ("T9",)),
    ("Th9-Th11", ("T9", "T10", "T11")),
    ("D12 L1", ("T12", "L1")),
    ("PTV T13", ()),
    ("FEMUR L 8/1", ()),
    ("S2", ("S2",)),
]
SIDED = [
    ("Femur_L", "left"),
    ("FEMUR D", ""),
    ("hanche gauche", "left"),
    ("PTV_R", "right"),
    ("L3", ""),
]
DAY = date(2024, 3, 5)
DATES = [
    (DAY, DAY, "pass"),
    (DAY, date(2024, 3, 4), "manual"),
    (date(2024, 3, 1), DAY, "manual"),
    (None, DAY, "not-evaluated"),
    (DAY, None, "not-evaluated"),
]
LABELS = [
    ({}, "pass"),
    ({"beams": (factory.beam(), factory.beam())}, "fail"),
    ({"beams": (factory.beam(name="A"), factory.beam(name="A", number=2))}, "manual"),
    ({"label": " "}, "manual"),
    ({"label": "a label of more than sixteen"}, "warn"),
]


@pytest.mark.parametrize(("situation", "expected"), SIDES)
def test_left_and_right(situation, expected):
    assert ask("ST013", situation) == expected


@pytest.mark.parametrize(("situation", "expected"), LEVELS)
def test_vertebral_level(situation, expected):
    assert ask("ST018", situation) == expected


@pytest.mark.parametrize(("text", "expected"), NAMED)
def test_levels_in_names(text, expected):
    assert levels_in(PLAIN, text) == expected


@pytest.mark.parametrize(("text", "expected"), SIDED)
def test_sides_in_names(text, expected):
    assert side_of(PLAIN, text) == expected


@pytest.mark.parametrize(("drawn", "planned", "expected"), DATES)
def test_dates_follow_each_other(drawn, planned, expected):
    of = factory.case(
        plan=factory.plan(planned_on=planned),
        structure_set=factory.structure_set(drawn_on=drawn),
    )
    assert ask("ID008", context(of)) == [expected]


def test_without_structures_the_dates_are_not_asked():
    assert ask("ID008", context(factory.case(structure_set=None))) == ["n/a"]


@pytest.mark.parametrize(("values", "expected"), LABELS)
def test_labels_and_names(values, expected):
    assert ask("ID010", context(factory.case(plan=factory.plan(**values)))) == [expected]


def test_a_scan_without_a_date_has_no_age():
    undated = factory.images(acquired_on=None)
    assert ask("ID009", context(factory.case(images=undated))) == ["not-evaluated"]
    assert ask("ID009", context(factory.case(images=()))) == ["n/a"]


def test_the_place_of_what_lies_wrong_is_given():
    (side,) = findings("ST013", labelled("A", femur("L", -40.0)))
    assert side.location_mm == pytest.approx((-40.0, 0.0, 0.0), abs=1)
    (level_of,) = findings("ST018", labelled("T11 30Gy", T9, T10, level("VB_T11", -40.0, 7)))
    assert level_of.location_mm == pytest.approx((0.0, 0.0, 0.0), abs=1)
