"""Family DG: the dose object and its grid."""

import pytest
from case_factory import (
    StandInDvh,
    beams,
    box,
    case,
    changed,
    context,
    cylinder,
    dose,
    plan,
    rules,
    structure_set,
    technique,
    uniform_dose,
)

from constraints.model import Technique
from planchecker.checks.dose_object import CHECKS
from planchecker.plan_dose import PlanDose
from planchecker.results import Finding
from planchecker.schemes.inference import INFERRED

ASK = {check.code: check.run for check in CHECKS}
CONVENTIONAL, STEREOTACTIC = Technique.CONVENTIONAL, Technique.STEREOTACTIC


def coarse(spacing_mm, gy=30.0):
    return uniform_dose(gy, half_mm=(30.0, 30.0, 30.0), spacing_mm=spacing_mm)


GRID = coarse(3.0)


def outcomes(code, **overrides):
    of = overrides.pop("of", None) or case()
    return list(ASK[code](context(of, **(rules() | overrides))))


def statuses(code, **overrides):
    found = outcomes(code, **overrides)
    return [o.status.value if isinstance(o, Finding) else "n/a" for o in found]


def plan_dose(**overrides):
    return PlanDose(**({"grid": GRID, "how": "PLAN dose"} | overrides))


REFUSED = plan_dose(grid=None, how="", problem="units are RELATIVE", remedy="export in GY")
PROTONS = technique(delivery="proton", cell="")
DG001 = {
    "plan dose": ({"plan_dose": plan_dose()}, "pass"),
    "effective protons": (
        {"plan_dose": plan_dose(effective=True), "technique": PROTONS},
        "pass",
    ),
    "effective photons": ({"plan_dose": plan_dose(effective=True)}, "manual"),
    "beam sum": ({"plan_dose": plan_dose(how="sum of 2 BEAM doses, read as ...")}, "warn"),
    "refused": ({"plan_dose": REFUSED}, "not-evaluated"),
    "brachytherapy": ({"of": case(plan=plan(brachy=True))}, "not-evaluated"),
    "no plan": ({"of": case(plan=None), "plan_dose": REFUSED}, "not-evaluated"),
}


@pytest.mark.parametrize("name", DG001)
def test_dose_of_the_whole_course(name):
    given, expected = DG001[name]
    assert statuses("DG001", **given) == [expected]


def test_a_refused_dose_says_why_and_what_to_export():
    found = outcomes("DG001", plan_dose=REFUSED)[0]
    assert "units are RELATIVE" in found.message
    assert found.remedy == "export in GY"


def test_a_decision_about_the_dose_is_in_the_message():
    found = outcomes("DG001", plan_dose=plan_dose(notes=("read as one fraction",)))[0]
    assert "read as one fraction" in found.message


# spacing in mm, worlds, plan, expected
DG002 = [
    (3.0, (CONVENTIONAL,), (30, 10, "static"), "pass"),
    (3.5, (CONVENTIONAL,), (30, 10, "static"), "warn"),
    (2.0, (STEREOTACTIC,), (24, 2, "vmat"), "pass"),
    (2.5, (STEREOTACTIC,), (24, 2, "vmat"), "manual"),
    (2.5, (CONVENTIONAL, STEREOTACTIC), (30, 5, "vmat"), "manual"),
    (2.0, (CONVENTIONAL, STEREOTACTIC), (30, 5, "vmat"), "pass"),
    (5.0, (CONVENTIONAL,), (8, 1, "static"), "n/a"),
    (5.0, (CONVENTIONAL, STEREOTACTIC), (8, 1, "vmat"), "manual"),
    (5.0, (), (30, 10, "static"), "not-evaluated"),
]


@pytest.mark.parametrize(("spacing", "worlds", "of", "expected"), DG002)
def test_grid_spacing(spacing, worlds, of, expected):
    given, fractions, kind = of
    delivery = {"static": "static conformal", "vmat": "VMAT"}[kind]
    reading = changed(technique(CONVENTIONAL, delivery=delivery), worlds=worlds)
    found = statuses(
        "DG002",
        of=case(plan=plan(given, fractions, beams=beams(kind))),
        plan_dose=plan_dose(grid=coarse(spacing)),
        technique=reading,
    )
    assert found == [expected]


def test_without_a_dose_the_spacing_is_not_judged():
    assert statuses("DG002", plan_dose=REFUSED) == ["not-evaluated"]


DG003 = {
    "inside": ({1: StandInDvh()}, {}, "pass"),
    "partly outside": ({1: StandInDvh(outside_cc=0.4)}, {}, "not-evaluated"),
    "no histogram": ({}, {1: "no volume"}, "not-evaluated"),
}


@pytest.mark.parametrize("name", DG003)
def test_targets_lie_inside_the_grid(name):
    dvhs, problems, expected = DG003[name]
    found = outcomes("DG003", dvhs=dvhs, dvh_problems=problems)
    assert [o.status.value for o in found] == [expected]
    assert all(problem in found[0].message for problem in problems.values())


def test_without_a_target_the_grid_is_not_judged():
    of = case(structure_set=structure_set(cylinder()))
    assert statuses("DG003", of=of) == ["not-evaluated"]


def test_every_target_is_asked():
    of = case(structure_set=structure_set(box(), box("CTV", number=4), cylinder()))
    dvhs = {1: StandInDvh(), 4: StandInDvh(roi_number=4, roi_name="CTV", outside_cc=1.0)}
    assert statuses("DG003", of=of, dvhs=dvhs) == ["pass", "not-evaluated"]


# dose maximum, prescription, fractions, worlds, expected
DG004 = [
    (31.0, 30, 10, (CONVENTIONAL,), "pass"),
    (28.5, 30, 10, (CONVENTIONAL,), "pass"),
    (37.0, 30, 10, (CONVENTIONAL,), "warn"),
    (61.0, 30, 10, (CONVENTIONAL,), "manual"),
    (27.0, 30, 10, (CONVENTIONAL,), "fail"),
    (3.1, 30, 10, (CONVENTIONAL,), "fail"),
    (310.0, 30, 10, (CONVENTIONAL,), "fail"),
    (36.0, 24, 2, (STEREOTACTIC,), "pass"),
    (22.0, 24, 2, (STEREOTACTIC,), "pass"),
    (13.0, 24, 2, (STEREOTACTIC,), "fail"),
    (50.0, 24, 2, (STEREOTACTIC,), "fail"),
    (17.0, 8, 1, (CONVENTIONAL,), "manual"),
    (0.0, 30, 10, (CONVENTIONAL,), "fail"),
]


@pytest.mark.parametrize(("highest", "prescribed", "fractions", "worlds", "expected"), DG004)
def test_dose_maximum_against_prescription(highest, prescribed, fractions, worlds, expected):
    of = plan(prescribed, fractions)
    found = statuses(
        "DG004",
        of=case(plan=of),
        plan_dose=plan_dose(grid=coarse(6.0, highest)),
        technique=technique(*worlds),
    )
    assert found == [expected]


def stated(source):
    of = plan(30, 10)
    return changed(of, prescription=changed(of.prescription, source=source))


UNKNOWN = {
    "no prescription": {"of": case(plan=plan(None, 10))},
    "inferred": {"of": case(plan=stated(INFERRED))},
    "no dose": {"plan_dose": REFUSED},
    "no plan": {"of": case(plan=None)},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_dose_maximum_is_not_judged_against_the_unknown(name):
    assert statuses("DG004", **UNKNOWN[name]) == ["not-evaluated"]


def test_a_low_maximum_against_beam_doses_asks_a_person():
    found = statuses(
        "DG004", of=case(plan=stated("beam doses")), plan_dose=plan_dose(grid=coarse(6.0, 24.0))
    )
    assert found == ["manual"]


DG005 = [
    (("IMAGE",), "pass"),
    (("IMAGE", "ROI_OVERRIDE"), "pass"),
    (("WATER",), "manual"),
    ((), "n/a"),
]


@pytest.mark.parametrize(("terms", "expected"), DG005)
def test_heterogeneity_correction(terms, expected):
    assert statuses("DG005", of=case(doses=(dose(GRID, heterogeneity=terms),))) == [expected]
