"""Family RX: prescription, scheme, technique of the scheme, agreement with the dose."""

import pytest
from case_factory import (
    StandInDvh,
    beams,
    box,
    case,
    changed,
    context,
    cylinder,
    plan,
    rules,
    structure_set,
)

from planchecker.case import PrescribedTarget
from planchecker.checks.prescription import CHECKS
from planchecker.plan_dose import PlanDose
from planchecker.results import Finding
from planchecker.schemes import read_technique, recognise
from planchecker.schemes.inference import INFERRED

ASK = {check.code: check.run for check in CHECKS}
RULES = rules()


def reading_context(of, *, indication=None, spine_dose=None, names=("PTV",), **overrides):
    """Context of a plan with technique and scheme as the program reads them."""
    rois = tuple(box(name, number=i + 1) for i, name in enumerate(names))
    cord = (cylinder(number=20),) if spine_dose is not None else ()
    made = context(case(plan=of, structure_set=structure_set(*rois, *cord)), **RULES)
    technique = read_technique(of, of.prescription, **RULES)
    scheme = recognise(of, technique, made.matches, indication=indication, **RULES)
    dvhs = {1: StandInDvh(answers={"D50%": 30.0})}
    if spine_dose is not None:
        dvhs[20] = StandInDvh(roi_number=20, roi_name="SpinalCord", answers={"Dmax": spine_dose})
    return changed(made, technique=technique, scheme=scheme, **({"dvhs": dvhs} | overrides))


def found(code, of, **options):
    return list(ASK[code](reading_context(of, **options)))


def statuses(code, of, **options):
    outcomes = found(code, of, **options)
    return [o.status.value if isinstance(o, Finding) else "n/a" for o in outcomes]


def prescribed(of, **changes):
    return changed(of, prescription=changed(of.prescription, **changes))


RX001 = {
    "stated": (plan(), "pass"),
    "beam doses": (prescribed(plan(), source="beam doses"), "manual"),
    "inferred": (prescribed(plan(), source=INFERRED), "not-evaluated"),
    "missing": (plan(None, 10), "not-evaluated"),
    "brachytherapy": (plan(brachy=True), "not-evaluated"),
}


@pytest.mark.parametrize("name", RX001)
def test_total_dose_is_stated(name):
    of, expected = RX001[name]
    assert statuses("RX001", of) == [expected]


def test_without_a_plan_the_remedy_is_to_export_it():
    outcome = next(iter(ASK["RX001"](context(case(plan=None), **RULES))))
    assert outcome.status == "not-evaluated"
    assert "Export" in outcome.remedy


def test_an_inferred_dose_is_called_a_guess():
    assert "guess" in found("RX001", prescribed(plan(), source=INFERRED))[0].message


RX002 = {
    "one group": (plan(), "pass"),
    "no group": (plan(fraction_groups=0), "not-evaluated"),
    "two groups": (plan(fraction_groups=2), "not-evaluated"),
    "no number": (plan(30, None), "not-evaluated"),
    "zero": (plan(30, 0), "not-evaluated"),
    "as many beams as stated": (plan(stated_beams=2, delivered_beams=(1, 2)), "pass"),
    "more beams stated than named": (plan(stated_beams=9, delivered_beams=(1, 2)), "fail"),
    "fewer beams stated than named": (plan(stated_beams=1, delivered_beams=(1, 2)), "fail"),
    "a beam named that is not there": (plan(stated_beams=2, delivered_beams=(1, 7)), "fail"),
}


@pytest.mark.parametrize("name", RX002)
def test_number_of_fractions_is_stated(name):
    of, expected = RX002[name]
    assert statuses("RX002", of) == [expected]


def targets(*doses, kind="TARGET"):
    return tuple(
        PrescribedTarget(number=i, reference_type=kind, prescription_gy=dose)
        for i, dose in enumerate(doses)
    )


RX003 = {
    "one": (targets(30.0), "pass"),
    "same twice": (targets(30.0, 30.0), "pass"),
    "two": (targets(30.0, 20.0), "manual"),
    "none": ((), "n/a"),
    "organ": (targets(30.0) + targets(45.0, kind="ORGAN_AT_RISK"), "pass"),
}


@pytest.mark.parametrize("name", RX003)
def test_one_dose_is_prescribed(name):
    given, expected = RX003[name]
    assert statuses("RX003", prescribed(plan(), targets=given)) == [expected]


# beam doses of one fraction, prescription, fractions, expected
RX004 = [
    ((1.5, 1.5), 30, 10, "pass"),
    ((1.4, 1.5), 30, 10, "pass"),
    ((15.0, 15.0), 30, 10, "fail"),
    ((0.15, 0.15), 30, 10, "fail"),
    ((8.0,), 8, 1, "pass"),
    ((1.5, None), 30, 10, "n/a"),
    ((0.0, 0.0), 30, 10, "n/a"),
    ((1.5, 1.5), None, 10, "n/a"),
]


@pytest.mark.parametrize(("doses", "prescription", "fractions", "expected"), RX004)
def test_beam_doses_against_the_prescription(doses, prescription, fractions, expected):
    given = tuple(changed(beams("static", 1)[0], number=i, dose_gy=d) for i, d in enumerate(doses))
    assert statuses("RX004", plan(prescription, fractions, beams=given)) == [expected]


def test_beam_doses_are_not_compared_with_themselves():
    of = prescribed(plan(beams=beams("static", dose_gy=1.5)), source="beam doses")
    assert statuses("RX004", of) == ["n/a"]


# dose, fractions, delivery, indication, highest cord dose, expected
RX010 = [
    (8, 1, "static", None, None, "pass"),
    (8, 1, "vmat", None, None, "manual"),
    (8, 1, "static", "spine_vertebra", None, "pass"),
    (8, 1, "static", "mscc", None, "warn"),
    (8, 1, "static", "postoperative", None, "manual"),
    (9, 1, "static", None, None, "warn"),
    (10, 1, "static", None, None, "warn"),
    (10, 1, "static", "spine_vertebra", None, "manual"),
    (12, 1, "vmat", None, None, "manual"),
    (18, 1, "vmat", None, None, "pass"),
    (16, 2, "static", None, None, "warn"),
    (16, 2, "static", "mscc", None, "warn"),
    (16, 2, "vmat", "mscc", None, "manual"),
    (24, 2, "vmat", None, None, "pass"),
    (24, 2, "vmat", "spine_vertebra", None, "pass"),
    (24, 2, "vmat", "mscc", None, "manual"),
    (24, 2, "vmat", "postoperative", None, "manual"),
    (24, 2, "static", None, None, "manual"),
    (28, 3, "vmat", None, None, "manual"),
    (20, 4, "static", None, None, "warn"),
    (20, 4, "static", "postoperative", None, "manual"),
    (24, 4, "static", None, None, "manual"),
    (24, 4, "vmat", None, 20.0, "manual"),
    (30, 4, "static", None, None, "fail"),
    (30, 4, "static", "mscc", None, "fail"),
    (30, 4, "vmat", None, None, "fail"),
    (30, 4, "vmat", None, 24.0, "fail"),
    (30, 4, "vmat", None, 22.0, "manual"),
    (20, 5, "static", None, None, "pass"),
    (20, 5, "vmat", "mscc", None, "pass"),
    (20, 5, "static", "postoperative", None, "pass"),
    (25, 5, "vmat", None, None, "warn"),
    (25, 5, "vmat", "mscc", None, "warn"),
    (30, 5, "vmat", None, 25.4, "fail"),
    (30, 5, "vmat", None, 25.0, "manual"),
    (30, 5, "static", None, None, "fail"),
    (24, 6, "static", None, None, "pass"),
    (24, 6, "static", "mscc", None, "manual"),
    (30, 6, "static", None, None, "fail"),
    (30, 6, "static", "long_bone", None, "manual"),
    (28, 7, "static", None, None, "warn"),
    (30, 7, "static", None, None, "manual"),
    (20, 8, "static", None, None, "warn"),
    (20, 8, "static", "reirradiation_spine", None, "manual"),
    (30, 10, "static", None, None, "pass"),
    (30, 10, "vmat", "mscc", None, "pass"),
    (30, 10, "static", "symptomatic_bone_met", None, "pass"),
    (40, 20, "static", None, None, "manual"),
    (50, 25, "imrt", None, None, "manual"),
    (None, 10, "static", None, None, "not-evaluated"),
    (30, None, "static", None, None, "not-evaluated"),
]


@pytest.mark.parametrize(("dose", "number", "kind", "indication", "cord", "expected"), RX010)
def test_scheme(dose, number, kind, indication, cord, expected):
    of = plan(dose, number, beams=beams(kind), label="PLAN1")
    assert statuses("RX010", of, indication=indication, spine_dose=cord) == [expected]


def test_a_cord_whose_band_crosses_the_limit_does_not_excuse_the_pair():
    of = plan(30, 5, beams=beams("vmat"), label="PLAN1")
    assert statuses("RX010", of, spine_dose=(25.2, 25.0, 25.4)) == ["fail"]


def test_hints_that_contradict_each_other_need_a_person():
    of = plan(20, 5, label="MSCC postop")
    assert statuses("RX010", of) == ["manual"]


def test_the_name_of_another_bone_on_a_plan_of_the_spine_needs_a_person():
    assert statuses("RX010", plan(20, 5, label="T10 20Gy/5")) == ["pass"]
    of = plan(20, 5, label="FEMUR L 20Gy/5")
    assert statuses("RX010", of) == ["pass"]
    assert statuses("RX010", of, names=("PTV_T10",)) == ["manual"]
    assert statuses("RX010", of, names=("PTV_T10",), indication="spine_vertebra") == ["pass"]


def test_a_spinal_contour_in_the_high_dose_of_a_plan_of_another_bone_is_told():
    of = plan(20, 5, label="FEMUR L 20Gy/5")
    technique = read_technique(of, of.prescription, **RULES)
    assert recognise(of, technique, (), **RULES).elsewhere == ""
    scheme = recognise(of, technique, (), irradiated=("SpinalCord",), **RULES)
    assert (scheme.spine, scheme.elsewhere) == (True, "FEMUR L 20Gy/5")


def test_an_unknown_scheme_names_its_nearest():
    message = found("RX010", plan(40, 20, label="X"))[0].message
    assert "the nearest are" in message
    assert "30 Gy in 10" in message


def test_an_inferred_prescription_is_at_best_manual():
    assert statuses("RX010", prescribed(plan(), source=INFERRED)) == ["manual"]


# dose, fractions, delivery, indication, expected
RX011 = [
    (30, 10, "static", None, "pass"),
    (30, 10, "vmat", "mscc", "pass"),
    (24, 2, "vmat", None, "pass"),
    (24, 2, "vmat", "spine_vertebra", "pass"),
    (24, 2, "vmat", "mscc", "manual"),
    (24, 2, "vmat", "postoperative", "manual"),
    (8, 1, "vmat", "mscc", "manual"),
    (8, 1, "static", "mscc", "pass"),
    (30, 10, "proton", None, "warn"),
    (30, 10, "static", "spine_sbrt", "n/a"),
    (None, 10, "static", None, "not-evaluated"),
]


@pytest.mark.parametrize(("dose", "number", "kind", "indication", "expected"), RX011)
def test_technique_of_the_scheme(dose, number, kind, indication, expected):
    of = plan(dose, number, beams=beams(kind), label="PLAN1")
    assert statuses("RX011", of, indication=indication) == [expected]


def test_beams_that_do_not_tell_leave_the_technique_unjudged():
    assert statuses("RX011", plan(30, 10, beams=())) == ["not-evaluated"]


def test_hardware_and_a_stereotactic_plan_deviate_from_the_table():
    of = plan(24, 2, beams=beams("vmat"), label="X")
    assert statuses("RX011", of, names=("PTV", "Hardware")) == ["manual"]


# target median, prescription, fractions, delivery, expected
RX020 = [
    (30.0, 30, 10, "static", "pass"),
    (35.9, 30, 10, "static", "pass"),
    (36.1, 30, 10, "static", "fail"),
    (23.9, 30, 10, "static", "fail"),
    (3.0, 30, 10, "static", "fail"),
    (300.0, 30, 10, "static", "fail"),
    (32.0, 24, 3, "vmat", "manual"),
    (18.0, 24, 3, "vmat", "fail"),
    (50.0, 24, 3, "vmat", "fail"),
    (12.1, 24, 2, "vmat", "fail"),
    (None, 30, 10, "static", "not-evaluated"),
    (30.0, None, 10, "static", "not-evaluated"),
]


@pytest.mark.parametrize(("median", "dose", "number", "kind", "expected"), RX020)
def test_dose_agrees_with_the_prescription(median, dose, number, kind, expected):
    answers = {} if median is None else {"D50%": median}
    of = plan(dose, number, beams=beams(kind))
    assert statuses("RX020", of, dvhs={1: StandInDvh(answers=answers)}) == [expected]


def test_an_inferred_prescription_is_not_compared_with_its_own_dose():
    assert statuses("RX020", prescribed(plan(), source=INFERRED)) == ["not-evaluated"]


def test_a_missing_dose_passes_on_what_to_export():
    none = PlanDose(grid=None, problem="relative", remedy="export in GY")
    assert found("RX020", plan(), dvhs={}, plan_dose=none)[0].remedy == "export in GY"


def test_without_a_plan_only_the_prescription_is_asked_for():
    made = context(case(plan=None), **RULES)
    asked = [check.code for check in CHECKS if any(isinstance(o, Finding) for o in check.run(made))]
    assert asked == ["RX001"]
