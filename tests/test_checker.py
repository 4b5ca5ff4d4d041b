"""From case to report."""

import inspect

import numpy as np
import pytest
from case_factory import (
    beams,
    box,
    case,
    changed,
    cylinder,
    dose,
    dose_of,
    plan,
    ring_dose,
    rules,
    structure_set,
)

from constraints.errors import LibraryError
from planchecker.case import Case, ForeignFile
from planchecker.checker import asking, build_context, check
from planchecker.checks import CHECKS, WITHOUT_PLAN
from planchecker.checks.context import Check
from planchecker.dosimetry.structure import Contour, ContourType
from planchecker.errors import MetricError, PlanCheckerError
from planchecker.results import ExitCode
from planchecker.schemes.inference import INFERRED

PROTOCOL = rules()["protocol"]
SECTIONS = ("What", "Why", "Passes", "Fires", "Not evaluated", "References")
STEP = {"step_mm": 3.0}
FAMILIES = ("ID", "IM", "ST", "RX", "BM", "DG", "DL", "TC", "SO", "RI", "DE")


def small(gy=30.0):
    """Coarse enough to be quick; every shape below lies inside, and the cord leaves the dose."""

    def value(x, _y, z):
        return gy * np.clip((36 - np.abs(z)) / 12, 0, 1) + 0 * x

    return dose_of(value, half_mm=(48.0, 48.0, 48.0), spacing_mm=3.0)


def body():
    return cylinder(
        "BODY", number=9, radius_mm=45, length_mm=90, interpreted_type="EXTERNAL", **STEP
    )


def ptv():
    return box(size_mm=(30.0, 30.0, 30.0), **STEP)


def small_set(*rois):
    return structure_set(*(rois or (ptv(), cylinder(**STEP), body())))


def small_case(**overrides):
    values = {"structure_set": small_set(), "doses": (dose(small()),)}
    return case(**(values | overrides))


def codes(report, *statuses):
    return {f.code for f in report.findings if not statuses or f.status.value in statuses}


# The table of checks


def test_codes_are_unique_and_grouped_by_family():
    found = [one.code for one in CHECKS]
    assert len(set(found)) == len(found)
    assert tuple(dict.fromkeys(code[:2] for code in found)) == FAMILIES
    assert all(code[2:].isdecimal() and len(code) == 5 for code in found)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.code)
def test_every_check_is_documented_in_fixed_sections(one):
    lines = (inspect.getdoc(one.run) or "").splitlines()
    headings = [line for line in lines if line in SECTIONS]
    assert tuple(headings) == SECTIONS
    assert one.title
    assert lines[0].endswith((".", "?"))
    for start in SECTIONS:
        below = [line for line in lines[lines.index(start) + 1 :] if set(line) != {"-"}]
        assert below[0].strip(), start


def test_what_is_asked_without_a_plan_exists():
    assert set(WITHOUT_PLAN) <= {one.code for one in CHECKS}


# Reports


def test_a_clean_conventional_plan_passes():
    report = check(small_case())
    assert report.status == "pass", [f for f in report.findings if f.status != "pass"]
    assert report.exit_code is ExitCode.OK
    assert report.plan is not None
    assert report.plan.technique == "static conformal, conventional"
    assert report.plan.scheme.id == "T7-01/30-10"


def test_the_same_input_gives_the_same_report():
    assert check(small_case(), program_version="1") == check(small_case(), program_version="1")


def test_a_stereotactic_plan_over_the_cord_limit_fails():
    of = small_case(
        plan=plan(24, 2, beams=beams("vmat")),
        doses=(dose(ring_dose(24.0, core_gy=18.0, half_mm=(48.0,) * 3)),),
    )
    report = check(of)
    assert report.status == "fail"
    assert "DL001" in codes(report, "fail")


def test_a_dose_of_another_plan_fails_and_is_never_measured():
    of = small_case(doses=(), other_doses=(dose(small(), plan_uids=("1.9",)),))
    report = check(of)
    assert "ID002" in codes(report, "fail")
    assert report.curves == ()
    assert not codes(report, "pass") & {"DG001", "TC001", "DL002", "DL900"}
    assert all(row.volume_cc is None for row in report.structures)


def test_a_dose_tied_by_its_frame_alone_is_never_measured():
    report = check(small_case(doses=(dose(small(), plan_uids=()),)))
    assert "ID002" in codes(report, "not-evaluated")
    assert "DG001" in codes(report, "not-evaluated")
    assert report.exit_code is ExitCode.UNDECIDED


def test_a_relative_dose_gives_a_remedy():
    report = check(small_case(doses=(dose(units="RELATIVE", problem="relative"),)))
    found = next(f for f in report.findings if f.code == "DG001")
    assert found.status == "not-evaluated"
    assert "absolute units" in found.remedy


def test_a_fraction_dose_is_read_with_the_target_and_reported():
    report = check(small_case(doses=(dose(small(3.0), summation="FRACTION"),)))
    assert report.status == "warn"
    assert codes(report, "warn") == {"DG001"}
    assert any("read as one fraction" in note for note in report.notes)


NOTHING = {
    "no objects": Case(),
    "no plan": case(plan=None),
    "brachytherapy": case(plan=plan(brachy=True)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_without_an_external_beam_plan_the_report_says_what_to_export(name):
    report = check(NOTHING[name])
    assert report.status == "not-evaluated"
    assert codes(report) == set(WITHOUT_PLAN)
    assert all(f.remedy for f in report.findings if f.status == "not-evaluated")


def test_a_missing_prescription_never_passes_though_one_is_guessed():
    report = check(small_case(plan=plan(None, 10)))
    assert report.status == "not-evaluated"
    assert report.plan is not None
    assert report.plan.prescription_source == INFERRED
    assert report.plan.prescribed_dose_gy == 30.0
    assert not codes(report, "pass") & {"RX001", "RX010", "RX020", "DL002", "TC001", "TC002"}


def test_an_unknown_number_of_fractions_never_passes():
    report = check(small_case(plan=plan(30, None)))
    assert report.exit_code is ExitCode.UNDECIDED
    assert {"RX002", "RX010", "DL005"} <= codes(report, "not-evaluated")


def test_a_spine_without_a_cord_contour_never_passes():
    rois = small_set(ptv(), body())
    report = check(small_case(structure_set=rois))
    assert "DL900" in codes(report, "not-evaluated")


def test_a_given_indication_decides():
    assert check(small_case(), indication="mscc").plan.scheme.confidence == "certain"


def test_an_unknown_indication_is_the_users_mistake():
    with pytest.raises(PlanCheckerError, match="no indication 'spine'; there are"):
        check(small_case(), indication="spine")


def test_an_unknown_protocol_is_refused():
    with pytest.raises(LibraryError, match="no protocol"):
        check(small_case(), protocol="nothing")


def test_a_protocol_may_be_given_as_a_value():
    assert check(Case(), protocol=PROTOCOL.model_copy(update={"id": "own"})).protocol == "own"


def test_the_second_opinion_is_asked_only_when_wanted():
    assert not build_context(small_case(), PROTOCOL).second_opinion
    assert build_context(small_case(), PROTOCOL, second_opinion=True).second_opinion


def test_a_scheme_table_outside_the_guidelines_lends_no_limits():
    changes = {"guidelines": ("hytec-cord-2021",), "scheme_tables": ("supr-3d-2019",)}
    made = build_context(small_case(), PROTOCOL.model_copy(update=changes))
    assert list(made.guidelines) == ["hytec-cord-2021", "supr-3d-2019"]
    assert made.guidelines["hytec-cord-2021"].limits
    assert made.guidelines["supr-3d-2019"].limits == ()


# Errors inside a check


def with_checks(monkeypatch, *runs):
    table = tuple(Check(code=f"XX00{i}", title=f"check {i}", run=run) for i, run in enumerate(runs))
    monkeypatch.setattr(asking, "CHECKS", table)


def test_a_question_without_an_answer_becomes_not_evaluated(monkeypatch):
    def unanswered(context):
        raise MetricError("smaller than 0.03 cc")

    with_checks(monkeypatch, unanswered)
    (found,) = check(small_case()).findings
    assert (found.code, found.status.value) == ("XX000", "not-evaluated")
    assert "smaller than 0.03 cc" in found.message
    assert found.remedy


def test_an_error_halfway_leaves_no_half_answer(monkeypatch):
    def halfway(context):
        yield from CHECKS[0].run(context)
        raise MetricError("no answer")

    with_checks(monkeypatch, halfway)
    assert [f.status.value for f in check(small_case()).findings] == ["not-evaluated"]


def test_a_bug_in_a_check_is_not_hidden(monkeypatch):
    def broken(context):
        raise ZeroDivisionError

    with_checks(monkeypatch, broken)
    with pytest.raises(ZeroDivisionError):
        check(small_case())


# What is measured

POINT = Contour(points_mm=[[0.0, 0.0, 0.0]], geometric_type=ContourType.POINT)
FLAT = Contour(points_mm=[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
UNMEASURED = {
    "point": (cylinder(contours=(POINT,)), "no closed contours"),
    "no contours": (cylinder(contours=()), "no closed contours"),
    "no area": (cylinder(contours=(FLAT,)), ""),
    "another frame": (cylinder(frame_of_reference_uid="5"), "another frame of reference"),
    "number used twice": (cylinder(number=1), "more than once"),
}


@pytest.mark.parametrize("name", UNMEASURED)
def test_a_structure_without_a_volume_says_why(name):
    roi, why = UNMEASURED[name]
    made = build_context(small_case(structure_set=small_set(ptv(), roi, body())), PROTOCOL)
    assert roi.roi_number not in made.dvhs
    assert why in made.dvh_problems[roi.roi_number]


def test_a_cord_in_the_high_dose_makes_the_site_spine():
    near = build_context(small_case(plan=plan(label="PLAN1")), PROTOCOL)
    assert near.scheme.spine is True


def test_a_cord_far_from_the_dose_leaves_the_site_unknown():
    half = ring_dose(30.0, core_gy=5.0, inner_mm=40.0, half_mm=(48.0,) * 3, spacing_mm=3.0)
    far = small_case(plan=plan(label="PLAN1"), doses=(dose(half),))
    assert build_context(far, PROTOCOL).scheme.spine is None


def test_the_report_lists_structures_curves_and_files():
    report = check(small_case())
    assert [row.matched for row in report.structures] == ["PTV", "SpinalCord", "Body"]
    assert [curve.roi_name for curve in report.curves] == ["PTV", "SpinalCord"]
    assert all(len(c.dose_gy) == len(c.volume_percent) == 200 for c in report.curves)
    assert report.curves[0].volume_percent[0] == pytest.approx(100, abs=0.01)
    assert [file.modality for file in report.inputs] == ["RTPLAN", "RTSTRUCT", "RTDOSE"]
    assert report.library_sha256
    assert report.program_version


def test_notes_of_every_object_reach_the_report_once():
    of = small_case(
        plan=changed(plan(), notes=("from the plan", "from the plan")),
        foreign=(ForeignFile(path="notes.txt", reason="no DICOM"),),
        notes=("from the folder",),
        doses=(dose(small(), notes=("from the dose",)),),
    )
    notes = check(of).notes
    assert notes == (
        "from the folder",
        "notes.txt was not used: no DICOM",
        "plan: from the plan",
        "dose 1.2.3.3: from the dose",
    )
