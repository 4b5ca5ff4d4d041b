"""RI: earlier and parallel courses, from closed-form doses to verdicts."""

from datetime import date

import case_factory as factory
import numpy as np
import pytest
from limit_factory import findings, run
from test_registration import OLD, registration, rigid

from constraints.vocabulary import load_vocabulary
from planchecker.case import ForeignFile, Patient, Prescription
from planchecker.checker import check
from planchecker.checker.measuring import build_context
from planchecker.checks.plan_overlap import OverlapClass, _gap, overlap_of
from planchecker.checks.reirradiation import CHECKS
from planchecker.courses import Course, StatedDose, course_of_case
from planchecker.dosimetry.dose import DoseGrid
from planchecker.errors import PlanCheckerError
from planchecker.naming import match_structures
from planchecker.registration import inverted
from planchecker.results import Status

HALF = (48.0, 48.0, 48.0)
PLANNED = date(2024, 3, 7)
ENDED = date(2023, 1, 1)


def uniform(gy):
    return factory.uniform_dose(gy, half_mm=HALF, spacing_mm=3.0)


def drawn(*, sac=True):
    cord = factory.cylinder(length_mm=40.0, step_mm=4.0)
    sac_of = factory.cylinder("ThecalSac", number=3, radius_mm=8, length_mm=40.0, step_mm=4.0)
    return factory.structure_set(
        factory.box(size_mm=(40.0, 40.0, 30.0), step_mm=4.0), cord, *((sac_of,) if sac else ())
    )


def case_of(gy=30.0, fractions=10, *, grid=None, sac=True, **overrides):
    stereotactic = gy / fractions > 8 or (gy, fractions) == (40.0, 5)
    values = {
        "plan": factory.plan(
            gy, fractions, beams=factory.beams("vmat" if stereotactic else "static")
        ),
        "structure_set": drawn(sac=sac),
        "doses": (factory.dose(uniform(gy) if grid is None else grid),),
    }
    return factory.case(**(values | overrides))


def spared(cord_gy, gy=24.0):
    """Stereotactic dose with a flat, spared middle round the cord and the sac."""
    return factory.dose_of(
        lambda x, y, _z: np.where(np.hypot(x, y) < 12, cord_gy, gy),
        half_mm=HALF,
        spacing_mm=3.0,
    )


def older(gy=30.0, fractions=10, *, grid=None, frame=factory.FRAME_UID, **overrides):
    course = course_of_case(case_of(gy, fractions, grid=grid), **factory.rules())
    values = {
        "label": "old",
        "plan_uid": "9.1",
        "planned_on": None,
        "ended_on": ENDED,
        "frame_of_reference_uid": frame,
    }
    return factory.changed(course, **(values | overrides))


def typed(gy=30.0, fractions=10, **overrides):
    values = {
        "label": "old",
        "source": "typed",
        "prescribed_gy": gy,
        "fractions": fractions,
        "ended_on": ENDED,
    }
    return Course(**(values | overrides))


def both(dmax_gy):
    return tuple(StatedDose(structure=n, dmax_gy=dmax_gy) for n in ("SpinalCord", "ThecalSac"))


def asked(code, case, *courses, summed=False):
    context = build_context(case, factory.rules()["protocol"], prior=courses, summed=summed)
    return findings(run(CHECKS, code, context))


def verdicts(found):
    return [finding.status.value for finding in found]


def rule(found, limit, part=""):
    return next(f for f in found if f.limit == limit and part in f.message)


# Closed form


def test_twice_30_in_10_is_75_and_fails():
    cumulative = rule(asked("RI010", case_of(), older()), 70.0)
    assert cumulative.status is Status.FAIL
    assert cumulative.value == pytest.approx(75.0, abs=0.01)
    nieder = rule(asked("RI011", case_of(), older()), 135.5)
    assert nieder.status is Status.FAIL
    assert nieder.value == pytest.approx(150.0, abs=0.02)


def test_20_in_5_after_30_in_10_keeps_both_rules_and_is_manual():
    case = case_of(20.0, 5)
    cumulative = rule(asked("RI010", case, older()), 70.0)
    assert cumulative.value == pytest.approx(67.5, abs=0.01)
    assert cumulative.status is Status.PASS
    nieder = rule(asked("RI011", case, older()), 135.5)
    assert nieder.value == pytest.approx(135.0, abs=0.02)
    assert nieder.status is Status.PASS
    assert verdicts(asked("RI012", case, older())) == ["manual"]
    report = check(case, prior=[older()])
    worst = {f.code: f.status for f in report.findings if f.code.startswith("RI")}
    assert Status.FAIL not in worst.values()
    assert report.status in (Status.MANUAL, Status.NOT_EVALUATED)


def test_the_order_of_courses_does_not_matter_for_the_sum():
    one = rule(asked("RI010", case_of(20.0, 5), older(30.0, 10)), 70.0)
    other = rule(asked("RI010", case_of(30.0, 10), older(20.0, 5)), 70.0)
    assert one.value == pytest.approx(other.value, abs=0.01)


def test_there_is_no_rounding_tolerance():
    # 18.0 Gy in 5 fractions is 25.2 Gy EQD2(2), as some tables print it for 25.
    case = case_of(40.0, 5, grid=spared(18.0, 40.0))
    course = rule(asked("RI010", case, older(20.0, 5)), 25.0)
    assert course.value == pytest.approx(25.2, abs=0.01)
    assert course.status is Status.FAIL


# Stereotactic conditions


def test_a_spared_sac_keeps_all_conditions():
    case = case_of(24.0, 2, grid=spared(11.0))
    found = asked("RI010", case, older())
    assert verdicts(found) == ["pass"] * 4
    assert verdicts(asked("RI012", case, older())) == ["pass"]
    assert "leave 12.2 Gy" in rule(found, 25.0).message or "12.3 Gy" in rule(found, 25.0).message


def test_caps_are_not_asked_of_a_conventional_retreatment():
    assert [f.limit for f in asked("RI010", case_of(20.0, 5), older())] == [70.0]


def test_the_share_after_a_low_dose_only_warns():
    case = case_of(24.0, 2, grid=spared(12.0))
    share = rule(asked("RI010", case, older(8.0, 1)), 0.5)
    assert share.status is Status.WARN
    assert share.value > 0.5


def test_the_share_after_a_full_dose_fails():
    case = case_of(24.0, 2, grid=spared(16.9))
    share = rule(asked("RI010", case, older(28.0, 10)), 0.5)
    assert share.value == pytest.approx(44.2 / (44.2 + 33.6), abs=0.02)
    assert share.status is Status.FAIL


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (date(2023, 10, 7), "pass"),
        (date(2023, 10, 8), "fail"),
        (None, "not-evaluated"),
    ],
)
def test_the_interval_is_five_calendar_months(ended, status):
    case = case_of(24.0, 2, grid=spared(11.0))
    found = asked("RI010", case, older(ended_on=ended))
    assert rule(found, 5.0).status == status


def test_an_end_within_the_doubt_is_borderline():
    case = case_of(24.0, 2, grid=spared(11.0))
    found = asked("RI010", case, older(ended_on=None, planned_on=date(2023, 9, 1)))
    assert rule(found, 5.0).status is Status.BORDERLINE


def test_general_rules_stand_beside_the_stereotactic_ones():
    case = case_of(24.0, 2, grid=spared(11.0))
    found = asked("RI011", case, older(ended_on=date(2023, 10, 1)))
    assert rule(found, 6.0).status is Status.WARN
    assert not rule(found, 6.0).governs


def test_only_a_cord_contour_never_passes_a_rule_for_the_sac():
    case = case_of(24.0, 2, grid=spared(11.0), sac=False)
    assert rule(asked("RI010", case, older()), 70.0).status is Status.MANUAL


def test_a_course_after_a_stereotactic_one_is_for_a_person():
    case = case_of(24.0, 2, grid=spared(11.0))
    before = older(24.0, 2, grid=spared(8.0))
    assert rule(asked("RI010", case, before), 70.0).status is Status.MANUAL
    assert verdicts(asked("RI012", case, before)) == ["manual"]


def test_a_third_course_is_for_a_person():
    case = case_of(24.0, 2, grid=spared(5.0))
    courses = (older(20.0, 5), older(8.0, 1, label="older"))
    assert verdicts(asked("RI012", case, *courses)) == ["manual"]
    assert rule(asked("RI010", case, *courses), 70.0).status is Status.MANUAL


# Bounds


def test_hot_spots_that_coincide_decide():
    case = case_of(24.0, 2, grid=spared(11.0))
    met = rule(asked("RI010", case, typed(doses=both(30.0))), 70.0)
    assert met.status is Status.PASS
    assert met.value == pytest.approx(20.6 + 37.5, abs=0.1)
    assert met.band[0] == pytest.approx(37.5, abs=0.1)


def test_a_limit_between_the_bounds_is_borderline():
    found = rule(asked("RI010", case_of(), typed(doses=both(30.0))), 70.0)
    assert found.status is Status.BORDERLINE
    assert found.value == pytest.approx(75.0, abs=0.01)
    assert found.band[0] == pytest.approx(37.5, abs=0.01)


def test_hot_spots_apart_above_the_limit_fail():
    found = rule(asked("RI010", case_of(), typed(50.0, 10, doses=both(50.0))), 70.0)
    assert found.status is Status.FAIL


def test_the_same_place_leaves_no_doubt():
    found = rule(asked("RI010", case_of(), typed(doses=both(30.0), same_place=True)), 70.0)
    assert found.status is Status.FAIL
    assert found.band[0] == pytest.approx(75.0, abs=0.01)


def test_a_typed_course_without_a_dose_takes_the_prescription_and_a_hot_spot():
    found = rule(asked("RI010", case_of(20.0, 5), typed()), 70.0)
    assert found.value == pytest.approx(30.0 + 33.0 * 5.3 / 4, abs=0.01)
    assert "times a hot spot of 1.1" in found.message


def test_a_stated_hot_spot_replaces_the_default():
    found = rule(asked("RI010", case_of(20.0, 5), typed(hot_spot=1.0)), 70.0)
    assert found.value == pytest.approx(67.5, abs=0.01)


def test_a_dose_of_the_cord_is_not_one_of_the_sac():
    doses = (StatedDose(structure="SpinalCord", dmax_gy=5.0),)
    found = rule(asked("RI010", case_of(20.0, 5), typed(doses=doses)), 70.0)
    assert "times a hot spot" in found.message
    cord = rule(asked("RI011", case_of(20.0, 5), typed(doses=doses)), 135.5)
    assert "typed Dmax of SpinalCord" in cord.message


def test_an_export_without_a_registration_is_bounded():
    found = rule(asked("RI010", case_of(20.0, 5), older(frame=OLD)), 70.0)
    assert found.status is Status.PASS
    assert "Dmax of ThecalSac in its own export" in found.message
    assert verdicts(asked("RI003", case_of(20.0, 5), older(frame=OLD))) == ["warn"]


def test_an_export_without_the_contour_takes_its_highest_dose():
    course = older(frame=OLD, structures=(), matches=())
    found = rule(asked("RI010", case_of(20.0, 5), course), 70.0)
    assert "highest dose of its export" in found.message


# Registration


def shifted_course(matrix, registrations, *, structures=None):
    """A course whose hot half lies on the plan only under the right direction of the matrix."""
    hot = factory.dose_of(
        lambda x, _y, _z: np.where(x < 120, 30.0, 2.0),
        half_mm=(96.0, 48.0, 48.0),
        spacing_mm=3.0,
        centre_mm=(90.0, 0.0, 0.0),
    )
    moved = tuple(
        factory.changed(
            s,
            contours=tuple(
                factory.changed(c, points_mm=c.points_mm @ matrix[:3, :3].T + matrix[:3, 3])
                for c in s.contours
            ),
        )
        for s in (drawn().structures if structures is None else structures)
    )
    return older(
        grid=hot,
        frame=OLD,
        structures=moved,
        matches=match_structures(moved, load_vocabulary()),
        registrations=registrations,
    )


TO_OLD = rigid(0.0, (90.0, 0.0, 0.0))


def test_a_registration_lays_the_course_over_the_plan():
    course = shifted_course(TO_OLD, (registration(inverted(TO_OLD)),))
    laid = asked("RI003", case_of(20.0, 5), course)
    assert verdicts(laid) == ["pass"]
    assert "inverted" in laid[0].message
    found = rule(asked("RI010", case_of(20.0, 5), course), 70.0)
    assert found.value == pytest.approx(67.5, abs=0.1)


def test_a_registration_taken_the_wrong_way_round_is_caught():
    course = shifted_course(TO_OLD, (registration(TO_OLD),))
    found = asked("RI003", case_of(20.0, 5), course)
    assert verdicts(found) == ["manual"]
    assert "direction may be wrong" in found[0].message


def test_contradicting_registrations_are_not_evaluated():
    course = shifted_course(TO_OLD, (registration(TO_OLD), registration(np.eye(4), uid="1.6")))
    assert verdicts(asked("RI003", case_of(20.0, 5), course)) == ["not-evaluated"]
    assert rule(asked("RI010", case_of(20.0, 5), course), 70.0).status is Status.NOT_EVALUATED


def test_a_registration_of_another_patient_is_not_used():
    stranger = factory.changed(registration(inverted(TO_OLD)), patient=Patient(id="P999"))
    course = shifted_course(TO_OLD, (stranger,))
    assert verdicts(asked("RI003", case_of(20.0, 5), course)) == ["warn"]


def test_a_deformable_registration_is_refused_in_words():
    foreign = (ForeignFile(path="REG", reason="deformable registrations are not used"),)
    found = asked("RI003", case_of(20.0, 5, foreign=foreign), older(frame=OLD))
    assert verdicts(found) == ["manual"]
    assert "deformable" in found[0].message


# Bad input


def test_a_course_of_another_patient_is_refused():
    with pytest.raises(PlanCheckerError, match="P999"):
        check(case_of(), prior=[older(patient=Patient(id="P999"))])
    with pytest.raises(PlanCheckerError, match="P999"):
        check(case_of(), prior=["dose_gy=30,fractions=10,patient=P999"])


def test_the_plan_itself_is_no_earlier_course():
    with pytest.raises(PlanCheckerError, match="the plan that is checked"):
        check(case_of(), prior=[case_of()])


def test_a_course_after_the_plan_is_a_finding():
    found = asked("RI001", case_of(), typed(ended_on=date(2024, 5, 1)))
    assert verdicts(found) == ["fail"]


def test_an_export_without_a_patient_is_for_a_person():
    assert verdicts(asked("RI001", case_of(), older(patient=Patient()))) == ["manual"]


MISSING = {"fractions": {"fractions": None}, "every dose": {"prescribed_gy": None}}


@pytest.mark.parametrize("name", MISSING)
def test_what_cannot_be_added_up_is_not_evaluated(name):
    course = typed(**MISSING[name])
    assert verdicts(asked("RI001", case_of(), course)) == ["not-evaluated"]
    assert rule(asked("RI010", case_of(), course), 70.0).status is Status.NOT_EVALUATED


def test_a_plan_without_a_cord_is_not_evaluated():
    case = case_of(structure_set=factory.structure_set(factory.box()))
    assert rule(asked("RI010", case, typed()), 70.0).status is Status.NOT_EVALUATED


def test_a_structure_contoured_twice_is_asked_twice():
    cold = factory.cylinder("ThecalSac", number=8, radius_mm=2, length_mm=40.0, step_mm=4.0)
    twice = factory.structure_set(cold, *drawn().structures)
    core = factory.dose_of(
        lambda x, y, _z: np.where(np.hypot(x, y) < 5, 4.0, 24.0), half_mm=HALF, spacing_mm=3.0
    )
    case = case_of(24.0, 2, grid=core, structure_set=twice)
    found = [f for f in asked("RI010", case, older()) if f.limit == 25.0]
    assert {f.roi_number: f.status.value for f in found} == {8: "pass", 3: "fail"}


# Beside the rules


def test_without_an_earlier_course_nothing_is_asked():
    report = check(case_of())
    assert {f.code for f in report.findings if f.code.startswith("RI")} == {"RI002"}
    assert {f.status for f in report.findings if f.code == "RI002"} == {Status.PASS}


def test_recovery_is_listed_and_never_applied():
    context = build_context(case_of(), factory.rules()["protocol"], prior=[older()])
    found = run(CHECKS, "RI015", context)
    assert not findings(found)
    assert all("not applied" in one.reason for one in found)


def test_points_from_memory_have_no_status():
    context = build_context(case_of(), factory.rules()["protocol"], prior=[older(29.0, 10)])
    found = run(CHECKS, "RI013", context)
    assert not findings(found)
    # 75 + 71.05 = 146.05 Gy(2): 3 points; no course of 102 Gy(2); 14 months.
    assert "would be 3 points, low group" in found[0].reason


@pytest.mark.parametrize(("cord_gy", "status"), [(11.0, "pass"), (13.0, "warn")])
def test_practice_after_the_earlier_scheme(cord_gy, status):
    case = case_of(24.0, 2, grid=spared(cord_gy))
    assert verdicts(asked("RI014", case, older())) == [status]


def test_an_organ_in_both_high_doses_is_for_a_person():
    oesophagus = factory.cylinder("Esophagus", number=7, radius_mm=5, length_mm=40.0)
    organs = factory.structure_set(*drawn().structures, oesophagus)
    found = asked("RI016", case_of(structure_set=organs), older())
    assert [(f.subject, f.status.value) for f in found] == [("Esophagus", "manual")]
    # alpha/beta 3: 30 Gy in 10 fractions is 36 Gy EQD2, twice.
    assert found[0].value == pytest.approx(72.0, abs=0.01)


def test_the_logistic_risk_is_shown_with_its_range():
    context = build_context(case_of(), factory.rules()["protocol"])
    found = run(CHECKS, "RI030", context)
    assert not findings(found)
    assert "once-daily" in found[0].reason
    assert "Gy EQD2(0.87)" in found[0].reason


# Other plans in the folder


def rival(gy=30.0, fractions=10, *, grid=None, centre=(0.0, 0.0, 0.0), **overrides):
    plan = factory.plan(gy, fractions, sop_instance_uid="9.1", label="L3", **overrides)
    if grid is None:
        grid = factory.dose_of(
            lambda x, y, z: np.where(
                np.maximum.reduce([abs(x - centre[0]), abs(y - centre[1]), abs(z - centre[2])])
                < 15,
                gy,
                0.5,
            ),
            half_mm=HALF,
            spacing_mm=3.0,
        )
    theirs = factory.dose(grid, sop_instance_uid="9.3", plan_uids=("9.1",))
    return {"other_plans": (plan,), "other_doses": (theirs,)}


def boxed(centre=(0.0, 0.0, 0.0), gy=30.0):
    return rival(gy, centre=centre)["other_doses"][0].grid


PLACES = {
    "same place": ((0.0, 0.0, 0.0), OverlapClass.OVERLAPPING, "manual"),
    "next to it": ((33.0, 0.0, 0.0), OverlapClass.NEIGHBOURING, "manual"),
}


@pytest.mark.parametrize("name", PLACES)
def test_another_plan_is_listed_with_its_class(name):
    centre, kind, status = PLACES[name]
    case = case_of(grid=boxed(), **rival(centre=centre))
    found = asked("RI002", case)
    assert verdicts(found) == [status]
    assert kind.value in found[0].message
    assert "2024-03-07" in found[0].message


def test_the_overlap_is_measured_in_cc_and_mm():
    context = build_context(case_of(grid=boxed()), factory.rules()["protocol"])
    overlap = overlap_of(context, older(grid=boxed((15.0, 0.0, 0.0))))
    # Nodes every 3 mm with |x| < 15 and |x - 15| < 15: 4 of 9, each a cube of 27 mm3.
    assert overlap.shared_cc == pytest.approx(4 * 9 * 9 * 0.027)
    assert overlap.along_mm == pytest.approx(27.0)


def test_plans_far_apart_pass():
    context = build_context(case_of(grid=boxed((-30.0, 0.0, 0.0))), factory.rules()["protocol"])
    overlap = overlap_of(context, older(grid=boxed((30.0, 30.0, 0.0))))
    assert overlap.kind is OverlapClass.APART
    assert overlap.gap_mm == pytest.approx(np.hypot(36.0, 6.0), abs=0.1)


def test_an_overlap_that_cannot_be_told_is_not_evaluated():
    case = case_of(**(rival() | {"other_doses": ()}))
    assert verdicts(asked("RI002", case)) == ["not-evaluated"]


def test_point_limits_are_manual_while_another_plan_overlaps():
    report = check(case_of(grid=boxed(), **rival()))
    cord = [f for f in report.findings if f.code == "DL002"]
    assert cord
    assert all(f.status.severity <= Status.MANUAL.severity for f in cord)


SUMS = {
    "8 Gy twice": ((8.0, 1), (8.0, 1), "pass"),
    "30 Gy twice": ((30.0, 10), (30.0, 10), "fail"),
    "at the bound": ((20.0, 5), (12.0, 4), "pass"),
    "between": ((20.0, 5), (14.0, 4), "manual"),
}


@pytest.mark.parametrize("name", SUMS)
def test_parallel_plans_are_summed(name):
    now, other, status = SUMS[name]
    case = case_of(*now, **rival(*other, grid=uniform(other[0])))
    found = asked("RI020", case, summed=True)
    assert verdicts(found) == [status]
    assert verdicts(asked("RI002", case, summed=True)) == ["pass"]


def test_a_summed_plan_is_no_longer_open():
    case = case_of(8.0, 1, **rival(8.0, 1, grid=uniform(8.0)))
    report = check(case, summed=True)
    assert {f.status for f in report.findings if f.code == "ID007"} == {Status.PASS}


def test_a_plan_given_as_prior_is_not_summed_again():
    case = case_of(8.0, 1, **rival(8.0, 1, grid=uniform(8.0)))
    context = build_context(case, factory.rules()["protocol"], prior=[older(8.0, 1)], summed=True)
    assert [course.concurrent for course in context.courses] == [False]


def test_a_labelled_reirradiation_is_judged_once_the_course_is_given():
    case = case_of(20.0, 5)
    named = factory.changed(case.plan, label="T10 reirr")
    case = factory.changed(case, plan=named)
    before = {f.status for f in check(case).findings if f.code == "DL005"}
    after = {f.status for f in check(case, prior=[older()]).findings if f.code == "DL005"}
    assert before == {Status.NOT_EVALUATED}
    assert after == {Status.PASS}


def test_an_inferred_prescription_never_passes_a_rule():
    case = case_of(20.0, 5)
    bare = factory.changed(case.plan, prescription=Prescription(fractions=5))
    found = asked("RI010", factory.changed(case, plan=bare), older())
    assert rule(found, 70.0).status is Status.MANUAL


# The earlier course in doubt


OTHER_PERSON = {
    "birth date": ({"birth_date": "19770707"}, "fail"),
    "name": ({"name": "Other^Person"}, "fail"),
    "part of the name": ({"name": "Test"}, "manual"),
}


@pytest.mark.parametrize("name", OTHER_PERSON)
def test_the_same_id_with_another_person_behind_it_is_found(name):
    changes, status = OTHER_PERSON[name]
    person = factory.changed(factory.PATIENT, **changes)
    assert verdicts(asked("RI001", case_of(), older(patient=person))) == [status]


def test_a_file_of_another_patient_among_the_earlier_ones_fails():
    stray = factory.changed(factory.input_file(), patient=Patient(id="P777"))
    assert verdicts(asked("RI001", case_of(), older(files=(stray,)))) == ["fail"]


def test_any_date_after_the_plan_is_a_finding():
    late = older(planned_on=date(2024, 6, 1), ended_on=date(2023, 1, 1))
    assert verdicts(asked("RI001", case_of(), late)) == ["fail"]


def test_the_patient_that_a_list_states_is_compared_too():
    with pytest.raises(PlanCheckerError, match="P999"):
        check(case_of(), prior=[older(stated_patient=Patient(id="P999"))])


def with_bone(structures):
    return (*structures, factory.box("Liver", number=21, centre_mm=(20.0, 20.0, 0.0)))


def test_without_a_cord_another_organ_shows_the_wrong_direction():
    case = case_of(20.0, 5, structure_set=factory.structure_set(*with_bone(drawn().structures)))
    course = shifted_course(TO_OLD, (registration(TO_OLD),), structures=with_bone(()))
    found = asked("RI003", case, course)
    assert verdicts(found) == ["manual"]
    assert "Liver" in found[0].message
    right = shifted_course(TO_OLD, (registration(inverted(TO_OLD)),), structures=with_bone(()))
    assert verdicts(asked("RI003", case, right)) == ["pass"]


def test_a_registration_that_nothing_confirms_warns():
    course = shifted_course(TO_OLD, (registration(inverted(TO_OLD)),), structures=())
    assert verdicts(asked("RI003", case_of(20.0, 5), course)) == ["warn"]


def test_an_affine_registration_that_stretches_much_is_for_a_person():
    stretched = np.diag([1.0, 1.0, 1.1, 1.0])
    course = older(frame=OLD, registrations=(registration(stretched),))
    found = asked("RI003", case_of(20.0, 5), course)
    assert verdicts(found) == ["manual"]
    assert "stretches by" in found[0].message


# Hot spots that contours do not show


def core(gy, radius_mm=4.0, outside_gy=1.0):
    return factory.dose_of(
        lambda x, y, z: np.where(x**2 + y**2 + z**2 < radius_mm**2, gy, outside_gy),
        half_mm=HALF,
        spacing_mm=2.0,
    )


ORGAN_DOSES = {
    "hot inside in both": (30.0, 30.0, "manual"),
    "hot inside in the earlier course only": (10.0, 30.0, "pass"),
    "hot inside in this plan only": (30.0, 10.0, "pass"),
}


@pytest.mark.parametrize("name", ORGAN_DOSES)
def test_a_hot_spot_inside_an_organ_is_not_missed(name):
    now, then, status = ORGAN_DOSES[name]
    heart = factory.cylinder("Heart", number=7, radius_mm=25, length_mm=50.0)
    organs = factory.structure_set(*drawn().structures, heart)
    case = case_of(grid=core(now), structure_set=organs)
    assert verdicts(asked("RI016", case, older(grid=core(then)))) == [status]


def test_an_organ_beyond_a_hot_side_of_the_grid_is_taken_to_be_reached():
    far = factory.cylinder("Heart", number=7, radius_mm=5, centre_mm=(80.0, 0.0, 0.0))
    organs = factory.structure_set(*drawn().structures, far)
    assert verdicts(asked("RI016", case_of(structure_set=organs), older())) == ["not-evaluated"]
    cold = case_of(grid=core(30.0), structure_set=organs)
    assert verdicts(asked("RI016", cold, older(grid=core(30.0)))) == ["pass"]


def test_a_hot_spot_between_the_nodes_of_the_plan_counts_in_the_sum():
    fine = np.full((97, 49, 49), 2.0)
    # One node at (1, 1, 1) mm, in the sac; the plan's nodes lie every 3 mm from -48 on.
    fine[49, 25, 25] = 30.0
    grid = DoseGrid.regular(fine, spacing_mm=(1.0,) * 3, origin_mm=(-24.0, -24.0, -48.0))
    found = rule(asked("RI010", case_of(8.0, 1, grid=uniform(2.0)), older(grid=grid)), 70.0)
    assert found.value > 30.0


def test_the_sum_tells_the_dose_of_small_volumes():
    found = rule(asked("RI010", case_of(20.0, 5), older()), 70.0)
    assert "D0.03cc of the sum 67.5, 67.5 to 67.5" in found.message


def test_a_sum_without_an_upper_end_has_no_band():
    cut = factory.uniform_dose(8.0, half_mm=(48.0, 48.0, 9.0), spacing_mm=3.0)
    case = case_of(8.0, 1, grid=cut, **rival(8.0, 1, grid=uniform(8.0)))
    found = asked("RI020", case, summed=True)
    assert verdicts(found) != ["pass"]
    assert all(f.band is None or np.isfinite(f.band[1]) for f in found)


def test_the_risk_of_large_fractions_is_called_an_extrapolation():
    for gy, fractions, said in ((30.0, 10, False), (8.0, 1, True)):
        context = build_context(case_of(gy, fractions), factory.rules()["protocol"])
        (found,) = run(CHECKS, "RI030", context)
        assert ("extrapolation" in found.reason) is said


def test_the_gap_between_large_isodoses_is_exact():
    rng = np.random.default_rng(1)
    one = rng.uniform(-50, 0, (30_000, 3))
    other = rng.uniform(0, 50, (30_000, 3)) + np.array([20.0, 0.0, 0.0])
    one[17], other[23] = (0.0, 0.0, 0.0), (15.0, 0.0, 0.0)
    assert _gap(one, other) == pytest.approx(15.0)


def test_an_organ_that_cannot_be_filled_is_not_evaluated():
    heart = factory.cylinder("Heart", number=7, radius_mm=25, length_mm=50.0)
    line = factory.changed(heart.contours[0], points_mm=heart.contours[0].points_mm[:2])
    organs = factory.structure_set(*drawn().structures, factory.changed(heart, contours=(line,)))
    found = asked("RI016", case_of(structure_set=organs), older())
    assert verdicts(found) == ["not-evaluated"]


def test_a_course_that_is_not_laid_over_the_plan_is_named():
    context = build_context(
        case_of(), factory.rules()["protocol"], prior=[older(), typed(label="typed one")]
    )
    outcomes = run(CHECKS, "RI016", context)
    assert [f.status.value for f in findings(outcomes)] == ["pass"]
    assert "typed one" not in findings(outcomes)[0].message
    assert any(getattr(o, "subject", "") == "typed one" for o in outcomes)
