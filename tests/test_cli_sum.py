"""``dvh --sum``: doses of several plans added voxel by voxel, against sums worked out by hand."""

import json
from dataclasses import replace

import case_factory as make
import numpy as np
import pytest

import planchecker.cli
import planchecker.reading
from constraints.metric import Metric
from planchecker.case import Case, Patient, Registration
from planchecker.cli.measure import measure_doses
from planchecker.errors import PlanCheckerError

OTHER_PLAN, OTHER_DOSE, OTHER_FRAME = "1.2.3.21", "1.2.3.23", "1.2.3.29"
SIZE_MM = (50.0, 50.0, 40.0)


def second(dose_grid, *, fractions=10, dose_gy=20.0, **dose_overrides):
    plan = make.plan(dose_gy, fractions, sop_instance_uid=OTHER_PLAN, label="boost")
    values = {"sop_instance_uid": OTHER_DOSE, "plan_uids": (OTHER_PLAN,)}
    return plan, make.dose(dose_grid, **(values | dose_overrides))


def two(first_grid, other, *, first_plan=None, **overrides) -> Case:
    plan, dose = other
    return make.case(
        plan=first_plan or make.plan(),
        structure_set=make.structure_set(make.box(size_mm=SIZE_MM)),
        doses=(make.dose(first_grid),),
        other_plans=(plan,),
        other_doses=(dose,),
        **overrides,
    )


def asked(case, *expressions, cases=()):
    metrics = {text: Metric.parse(text) for text in expressions}
    (measured,) = measure_doses([case, *cases], names=(), metrics=metrics, summed=True)
    return measured


def answers(case, *expressions):
    return asked(case, *expressions).rows[0].metrics


def test_two_linear_doses_add_up_to_their_linear_sum():
    # 30 + 0.1 x and 20 + 0.2 y over a box of 50 x 50 x 40 mm about the origin.
    first = make.ramp_dose(30.0, slope_gy_per_mm=(0.1, 0.0, 0.0))
    other = second(make.ramp_dose(20.0, slope_gy_per_mm=(0.0, 0.2, 0.0)))
    found = answers(two(first, other), "Dmean", "Dmax", "Dmin", "D50%", "V50Gy[%]", "V45Gy[cc]")
    assert found["Dmean"].value == pytest.approx(50.0, abs=0.02)
    assert found["Dmax"].value == pytest.approx(50 + 2.5 + 5, abs=0.02)
    assert found["Dmin"].value == pytest.approx(50 - 2.5 - 5, abs=0.02)
    assert found["D50%"].value == pytest.approx(50.0, abs=0.05)
    assert found["V50Gy[%]"].value == pytest.approx(50.0, abs=0.5)
    # Below 45 Gy lies the corner 0.1 x + 0.2 y < -5, half of 25 x 12.5 mm all along z.
    corner_cc = 0.5 * 25.0 * 12.5 * 40.0 / 1000
    assert found["V45Gy[cc]"].value == pytest.approx(100 - corner_cc, rel=0.01)


def test_doses_on_different_grids_are_added_where_they_lie():
    first = make.ramp_dose(30.0, slope_gy_per_mm=(0.1, 0.0, 0.0))
    grid = make.ramp_dose(20.0, slope_gy_per_mm=(0.0, 0.2, 0.0))
    # Half a voxel off, so that no node of one is a node of the other.
    moved = replace(
        grid,
        origin_mm=grid.origin_mm + np.array([0.0, 1.0, 0.0]),
        values_gy=grid.values_gy + np.float32(0.2),
    )
    found = answers(two(first, second(moved)), "Dmean", "Dmax")
    assert found["Dmean"].value == pytest.approx(50.0, abs=0.02)
    assert found["Dmax"].value == pytest.approx(57.5, abs=0.02)


def test_eqd2_and_bed_take_each_plan_with_its_own_fractions():
    # 30 Gy in 10 and 8 Gy in 1: EQD2(2) 37.5 + 20, BED(10) 39 + 14.4.
    case = two(make.uniform_dose(30.0), second(make.uniform_dose(8.0), fractions=1, dose_gy=8.0))
    names = ("EQD2(2):Dmax", "BED(10):Dmean", "BED(10):V53Gy[%]", "BED(10):V54Gy[%]", "Dmax")
    found = answers(case, *names)
    assert found["EQD2(2):Dmax"].value == pytest.approx(57.5, abs=1e-3)
    assert found["BED(10):Dmean"].value == pytest.approx(53.4, abs=1e-3)
    assert found["BED(10):V53Gy[%]"].value == pytest.approx(100.0)
    assert found["BED(10):V54Gy[%]"].value == pytest.approx(0.0)
    assert found["Dmax"].value == pytest.approx(38.0, abs=1e-3)
    assert str(found["BED(10):V53Gy[%]"].metric) == "BED(10):V53Gy[%]"


def test_a_plan_in_another_frame_is_moved_by_its_registration():
    # Points of the second frame lie 10 mm farther along y, where its dose is 0.2 Gy per mm.
    first = make.ramp_dose(30.0, slope_gy_per_mm=(0.1, 0.0, 0.0))
    ramp = make.ramp_dose(20.0, slope_gy_per_mm=(0.0, 0.2, 0.0))
    other = second(ramp, frame_of_reference_uid=OTHER_FRAME)
    shift = np.eye(4)
    shift[1, 3] = 10.0
    registration = Registration(
        sop_instance_uid="1.2.3.31",
        patient=make.PATIENT,
        source_frame_of_reference_uid=make.FRAME_UID,
        target_frame_of_reference_uid=OTHER_FRAME,
        matrix=shift,
    )
    measured = asked(two(first, other, registrations=(registration,)), "Dmean")
    mean = measured.rows[0].metrics["Dmean"]
    assert mean.value == pytest.approx(52.0, abs=0.02)
    # It may be off by 2 mm, that is by 0.4 Gy.
    assert mean.band[0] == pytest.approx(51.6, abs=0.05)
    assert mean.band[1] == pytest.approx(52.4, abs=0.05)
    assert any("may be off by 2 mm" in note for note in measured.notes)


def test_where_the_dose_of_a_plan_ends_there_is_no_answer_but_its_bounds():
    small = make.uniform_dose(20.0, half_mm=(15.0, 15.0, 15.0))
    found = answers(two(make.uniform_dose(30.0), second(small)), "Dmax", "D95%")
    assert found["D95%"].value is None
    assert "ends within" in found["D95%"].reason
    low, high = found["D95%"].band
    assert low == pytest.approx(30.0, abs=0.3)
    assert high == pytest.approx(50.0, abs=0.3)


def test_what_was_added_is_said_once():
    case = two(make.uniform_dose(30.0), second(make.uniform_dose(20.0), fractions=5))
    plan, dose = second(make.uniform_dose(20.0), fractions=5)
    same = make.case(
        plan=plan, doses=(dose,), other_plans=(make.plan(),), other_doses=(make.dose(),)
    )
    measured = asked(case, "Dmean", cases=(same,))
    assert measured.label == "T10 + boost"
    assert measured.notes[:3] == (
        "sum of 2 plans; structures and grid of plan 'T10'",
        "added: plan 'T10', PLAN dose, 10 fractions",
        "added: plan 'boost', PLAN dose, 5 fractions, same frame of reference",
    )


def test_percent_of_the_prescription_has_no_answer_in_a_sum():
    case = two(make.uniform_dose(30.0), second(make.uniform_dose(20.0)))
    found = answers(case, "V95%[%]")["V95%[%]"]
    assert found.value is None
    assert "ask for a dose in Gy" in found.reason


STRANGER = Patient(id="P002", name="Other^Person")
GRID = make.uniform_dose(20.0)
REFUSED = {
    "relative": (second(GRID, units="RELATIVE"), "Dmax", r"'boost' cannot be added.*GY"),
    "no dose": ((second(GRID)[0], make.dose(GRID)), "Dmax", "'boost' cannot be added"),
    "other frame": (
        second(GRID, frame_of_reference_uid=OTHER_FRAME),
        "Dmax",
        "lies in another one.*export a rigid registration",
    ),
    "no frame": (second(GRID, frame_of_reference_uid=""), "Dmax", "states no frame"),
    "other patient": (
        (replace(second(GRID)[0], patient=STRANGER), second(GRID)[1]),
        "Dmax",
        "'P002'.*'P001'",
    ),
    "dose of another patient": (second(GRID, patient=STRANGER), "Dmax", "'P002'.*'P001'"),
    "weighted": (second(GRID, dose_type="EFFECTIVE"), "Dmax", "EFFECTIVE"),
    "no fractions": (second(GRID, fractions=None), "EQD2(2):Dmax", "'boost' does not state it"),
}


@pytest.mark.parametrize(("other", "metric", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_added_is_refused(other, metric, message):
    with pytest.raises(PlanCheckerError, match=message):
        asked(two(make.uniform_dose(30.0), other), metric)


def test_without_fractions_the_physical_dose_is_added_all_the_same():
    case = two(make.uniform_dose(30.0), second(GRID, fractions=None))
    assert answers(case, "Dmax")["Dmax"].value == pytest.approx(50.0, abs=1e-3)


def test_one_plan_is_no_sum():
    with pytest.raises(PlanCheckerError, match="fewer than two"):
        asked(make.case(), "Dmax")


def test_the_command_writes_one_object(capsys, monkeypatch):
    case = two(make.uniform_dose(30.0), second(make.uniform_dose(20.0)))
    plan, dose = second(make.uniform_dose(20.0))
    other = make.case(
        plan=plan, doses=(dose,), other_plans=(make.plan(),), other_doses=(make.dose(),)
    )
    monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: (case, other))
    with pytest.raises(SystemExit) as stop:
        planchecker.cli.app(
            args=["dvh", ".", "--sum", "--format", "json", "--metric", "Dmean"],
            prog_name="planchecker",
        )
    document = json.loads(capsys.readouterr().out)
    assert not stop.value.code
    assert document["structures"][0]["metrics"]["Dmean"]["value"] == pytest.approx(50.0)
    assert document["notes"][0].startswith("sum of 2 plans")


def test_a_sum_that_is_refused_leaves_with_2(capsys, monkeypatch):
    monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: (make.case(),))
    with pytest.raises(SystemExit) as stop:
        planchecker.cli.app(args=["dvh", ".", "--sum"], prog_name="planchecker")
    assert stop.value.code == 2
    assert "fewer than two" in capsys.readouterr().err
