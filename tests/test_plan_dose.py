"""Which dose is the dose of the whole course."""

import numpy as np
import pytest
from case_factory import (
    PLAN_UID,
    beam,
    box,
    case,
    changed,
    cylinder,
    dose,
    plan,
    ramp_dose,
    uniform_dose,
)

from planchecker.plan_dose import resolve_plan_dose, target_median_gy

PTV = box()


def resolve(of, *, targets=(PTV,), **options):
    return resolve_plan_dose(of, fraction_tolerance=0.2, targets=targets, **options)


def of_doses(*doses, **overrides):
    return case(doses=doses, **overrides)


def small(gy):
    return uniform_dose(gy, half_mm=(30.0, 30.0, 24.0), spacing_mm=6.0)


def beam_dose(number, gy=1.5, **overrides):
    values = {"summation": "BEAM", "beam_numbers": (number,), "sop_instance_uid": f"9.{number}"}
    grid = overrides.pop("grid", None) or small(gy)
    return dose(grid, **(values | overrides))


# name, case, text that the reason must hold
REFUSED = {
    "no dose": (of_doses(), "no RT Dose"),
    "relative": (of_doses(dose(units="RELATIVE")), "RELATIVE"),
    "units missing": (of_doses(dose(units="")), "units ''"),
    "dose type error": (of_doses(dose(dose_type="ERROR")), "ERROR"),
    "unreadable": (of_doses(dose(problem="pixel data cut")), "pixel data cut"),
    "no plan named": (of_doses(dose(plan_uids=())), "names no plan"),
    "other plan named": (of_doses(dose(plan_uids=("1.9",))), "belong to other plans"),
    "multi plan": (of_doses(dose(summation="MULTI_PLAN")), "MULTI_PLAN"),
    "no summation": (of_doses(dose(summation="")), "''"),
    "two plan doses": (
        of_doses(dose(small(30), sop_instance_uid="7.1"), dose(small(29), sop_instance_uid="7.2")),
        "7.1 and 7.2",
    ),
    "beam missing": (of_doses(beam_dose(1)), "2 (static 2)"),
    "beam twice": (of_doses(beam_dose(1), beam_dose(2), beam_dose(2)), "each treatment beam once"),
    "beam unknown": (of_doses(beam_dose(1), beam_dose(2), beam_dose(7)), "once: 7"),
    "beam unnamed": (
        of_doses(beam_dose(1), beam_dose(2), beam_dose(2, beam_numbers=())),
        "names no beam",
    ),
    "beam grids differ": (
        of_doses(beam_dose(1), changed(beam_dose(2), grid=uniform_dose(1.5))),
        "different grids",
    ),
    "beam types mixed": (
        of_doses(beam_dose(1), beam_dose(2, dose_type="EFFECTIVE")),
        "mix PHYSICAL and EFFECTIVE",
    ),
    "beam relative": (of_doses(beam_dose(1), beam_dose(2, units="RELATIVE")), "RELATIVE"),
    "plan without beams": (of_doses(beam_dose(1), plan=plan(beams=())), "no treatment beams"),
    "fraction fits neither": (of_doses(dose(small(12), summation="FRACTION")), "neither"),
    "fraction without prescription": (
        of_doses(dose(small(3), summation="FRACTION"), plan=plan(None, 10)),
        "the prescription to decide",
    ),
    "single fraction off": (
        of_doses(dose(small(4), summation="FRACTION"), plan=plan(8, 1)),
        "neither",
    ),
    "several fraction doses": (
        of_doses(
            dose(small(3), summation="FRACTION", sop_instance_uid="7.1"),
            dose(small(3), summation="FRACTION", sop_instance_uid="7.2"),
        ),
        "one fraction group",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_dose_that_is_not_the_whole_course_is_refused_with_a_remedy(name):
    of, reason = REFUSED[name]
    found = resolve(of)
    assert found.grid is None
    assert reason in found.problem
    assert found.remedy or name == "no dose"


# name, case, dose at a target voxel in Gy, text of how
ACCEPTED = {
    "plan": (of_doses(dose(small(30))), 30.0, "PLAN dose"),
    "plan named by the plan only": (
        of_doses(dose(small(30), plan_uids=()), plan=plan(dose_uids=("1.2.3.3",))),
        30.0,
        "PLAN dose",
    ),
    "plan before beams": (of_doses(beam_dose(1), dose(small(30))), 30.0, "PLAN dose"),
    "copy of the plan dose": (
        of_doses(dose(small(30)), dose(small(30), sop_instance_uid="7.2")),
        30.0,
        "PLAN dose",
    ),
    "beams of one fraction": (
        of_doses(beam_dose(1), beam_dose(2)),
        30.0,
        "sum of 2 BEAM doses, read as one fraction, multiplied by 10",
    ),
    "beams of the course": (
        of_doses(beam_dose(1, 20), beam_dose(2, 11)),
        31.0,
        "sum of 2 BEAM doses, read as the whole course",
    ),
    "setup beam needs no dose": (
        of_doses(
            beam_dose(1, 30),
            plan=plan(beams=(beam(number=1), beam("setup", number=2))),
        ),
        30.0,
        "sum of 1 BEAM doses, read as the whole course",
    ),
    "one fraction": (
        of_doses(dose(small(3.1), summation="FRACTION")),
        31.0,
        "FRACTION dose, read as one fraction, multiplied by 10",
    ),
    "whole course": (
        of_doses(dose(small(29), summation="FRACTION")),
        29.0,
        "FRACTION dose, read as the whole course",
    ),
    "single fraction": (
        of_doses(dose(small(8), summation="FRACTION"), plan=plan(8, 1)),
        8.0,
        "FRACTION dose, read as the whole course",
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_dose_that_can_be_established_says_how(name):
    of, gy, how = ACCEPTED[name]
    found = resolve(of)
    assert found.grid is not None, found.problem
    assert found.how == how
    assert float(found.grid.values_gy[2, 2, 2]) == pytest.approx(gy, rel=1e-5)


def test_a_reading_is_never_silent():
    found = resolve(of_doses(dose(small(3), summation="FRACTION")))
    assert any("read as one fraction" in note for note in found.notes)


def test_effective_dose_is_accepted_and_named():
    found = resolve(of_doses(dose(small(30), dose_type="EFFECTIVE")))
    assert found.effective
    assert any("EFFECTIVE" in note for note in found.notes)


def test_doses_left_aside_are_named():
    found = resolve(of_doses(dose(small(30)), beam_dose(1)))
    assert any("9.1" in note for note in found.notes)


def test_two_readings_that_both_fit_are_refused():
    found = resolve_plan_dose(
        of_doses(dose(small(1.4), summation="FRACTION"), plan=plan(2, 2)),
        fraction_tolerance=0.5,
        targets=(PTV,),
    )
    assert found.grid is None
    assert "both readings fit" in found.problem


def test_fraction_dose_without_a_target_is_refused():
    found = resolve(of_doses(dose(small(3), summation="FRACTION")), targets=())
    assert found.grid is None
    assert "the target dose to decide" in found.problem


def test_beam_sum_keeps_every_voxel():
    first, second = (
        ramp_dose(at, half_mm=(30.0, 30.0, 24.0), spacing_mm=6.0) for at in (10.0, 20.0)
    )
    found = resolve(of_doses(beam_dose(1, grid=first), beam_dose(2, grid=second)))
    assert found.grid is not None
    expected = first.values_gy.astype(float) + second.values_gy
    assert np.allclose(found.grid.values_gy, expected, rtol=1e-6)


def test_without_a_plan_a_lone_dose_is_taken_as_stored_and_says_so():
    found = resolve(of_doses(dose(small(3), summation="FRACTION"), plan=None))
    assert found.grid is not None
    assert any("no plan" in note for note in found.notes)


def test_without_a_plan_two_doses_are_refused():
    found = resolve(of_doses(dose(small(3)), dose(small(3)), plan=None))
    assert found.grid is None


def test_highest_median_of_the_targets_counts():
    grid = ramp_dose(10.0, slope_gy_per_mm=(0.1, 0.0, 0.0))
    low = box("PTV1", size_mm=(20.0, 20.0, 20.0), centre_mm=(-30.0, 0.0, 0.0))
    high = box("PTV2", number=2, size_mm=(20.0, 20.0, 20.0), centre_mm=(30.0, 0.0, 0.0))
    flat = changed(cylinder(number=4), contours=())
    assert target_median_gy((low, flat, high), grid) == pytest.approx(13.0, abs=0.1)


def test_dose_of_another_plan_is_never_used():
    own = dose(small(30))
    stranger = dose(small(60), sop_instance_uid="7.9", plan_uids=("1.9",))
    found = resolve(of_doses(stranger, own))
    assert own.plan_uids == (PLAN_UID,)
    assert found.grid is own.grid
