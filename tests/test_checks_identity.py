"""Family ID: identity, object chain, state of the plan."""

import pytest
from case_factory import (
    PATIENT,
    beams,
    box,
    case,
    changed,
    context,
    cylinder,
    dose,
    input_file,
    plan,
    rules,
    structure_set,
)

from planchecker.case import Case, ImageSlice, Patient, PrescribedTarget
from planchecker.checks.identity import CHECKS
from planchecker.checks.patient import is_same_person
from planchecker.results import Finding, NotApplicable, worst

ASK = {check.code: check.run for check in CHECKS}
OTHER = "1.2.99.1"
STRANGER = Patient(id="P002", name="Other^Person", birth_date="19600101", sex="M")


def statuses(code, of):
    """Status of every finding, and "n/a" for what does not apply."""
    found = ASK[code](context(of, **rules()))
    return [o.status.value if isinstance(o, Finding) else "n/a" for o in found]


def with_dose_patient(**changes):
    return case(doses=(dose(patient=changed(PATIENT, **changes)),))


def image(**overrides):
    return ImageSlice(
        sop_instance_uid="1", series_uid="2", path="ct.dcm", **({"patient": PATIENT} | overrides)
    )


def anonymous(**stated):
    nobody = Patient(**stated)
    return Case(plan=plan(patient=nobody), doses=(dose(patient=nobody),))


ID001 = {
    "same patient": (case(), "pass"),
    "id in other case and spaces": (with_dose_patient(id=" p001 "), "pass"),
    "name without caret": (with_dose_patient(name="TEST CASE"), "pass"),
    "name with comma": (with_dose_patient(name="test, case"), "pass"),
    "name with accent": (with_dose_patient(name="Tést^Case"), "pass"),
    "name with ideographs": (with_dose_patient(name="Test^Case=検査"), "pass"),
    "birth date missing": (with_dose_patient(birth_date=""), "pass"),
    "other id in the dose": (with_dose_patient(id="P002"), "fail"),
    "other id in an image": (case(images=(image(patient=STRANGER),)), "fail"),
    "other id in a file": (case(files=(input_file(patient=STRANGER),)), "fail"),
    "other patient's plan beside": (
        case(other_plans=(plan(patient=STRANGER, sop_instance_uid=OTHER),)),
        "fail",
    ),
    "other name": (with_dose_patient(name="Other^Person"), "fail"),
    "other birth date": (with_dose_patient(birth_date="19600101"), "fail"),
    "middle name in one": (with_dose_patient(name="Test^Case^A"), "manual"),
    "other sex": (with_dose_patient(sex="M"), "manual"),
    "id missing, name same": (with_dose_patient(id=""), "manual"),
    "id missing, name missing": (with_dose_patient(id="", name=""), "not-evaluated"),
    "no ids at all": (anonymous(name="Test^Case"), "not-evaluated"),
    "no objects": (Case(), "not-evaluated"),
}


@pytest.mark.parametrize("name", ID001)
def test_patient(name):
    of, expected = ID001[name]
    assert statuses("ID001", of) == [expected]


def test_a_mix_up_of_patients_does_not_write_their_ids_into_the_report():
    found = next(iter(ASK["ID001"](context(with_dose_patient(id="SECRET")))))
    assert "SECRET" not in found.message
    assert "P001" not in found.message
    assert "dose" in found.message


def test_two_objects_without_an_id_count_as_the_same_person():
    assert is_same_person(Patient(), Patient(name="x"))
    assert not is_same_person(Patient(id="1"), Patient())


other_plan = plan(sop_instance_uid=OTHER, label="OLD")
stray = dose(sop_instance_uid="8.1", plan_uids=(OTHER,))
unnamed = dose(sop_instance_uid="8.2", plan_uids=())
ID002 = {
    "own dose": (case(), ["pass"]),
    "named by the plan": (
        case(doses=(unnamed,), plan=plan(dose_uids=("8.2",))),
        ["pass"],
    ),
    "dose of an absent plan only": (case(doses=(), other_doses=(stray,)), ["fail"]),
    "the same, attached": (case(doses=(stray,)), ["fail"]),
    "absent plan's dose beside the own": (case(other_doses=(stray,)), ["pass", "manual"]),
    "another plan's dose beside the own": (
        case(other_doses=(stray,), other_plans=(other_plan,)),
        ["n/a", "pass"],
    ),
    "only another plan's dose": (
        case(doses=(), other_doses=(stray,), other_plans=(other_plan,)),
        ["n/a", "not-evaluated"],
    ),
    "names no plan": (case(doses=(unnamed,)), ["not-evaluated"]),
    "names no plan, beside the own": (case(other_doses=(unnamed,)), ["pass", "manual"]),
    "no dose": (case(doses=()), ["not-evaluated"]),
    "no plan": (case(plan=None), ["not-evaluated"]),
}


@pytest.mark.parametrize("name", ID002)
def test_dose_belongs_to_the_plan(name):
    of, expected = ID002[name]
    assert statuses("ID002", of) == expected


def prescribing_to(*numbers):
    targets = tuple(
        PrescribedTarget(number=i, roi_number=roi, reference_type="TARGET", prescription_gy=30.0)
        for i, roi in enumerate(numbers)
    )
    return changed(plan(), prescription=changed(plan().prescription, targets=targets))


ID003 = {
    "named": (case(), ["pass"]),
    "dose names the same": (case(doses=(dose(structure_set_uid="1.2.3.2"),)), ["pass"]),
    "other set": (case(plan=plan(structure_set_uid=OTHER)), ["fail"]),
    "dose names another set": (case(doses=(dose(structure_set_uid=OTHER),)), ["pass", "fail"]),
    "plan names none": (case(plan=plan(structure_set_uid="")), ["not-evaluated"]),
    "prescribes to an ROI that is there": (case(plan=prescribing_to(1)), ["pass"]),
    "prescribes to an ROI that is not": (case(plan=prescribing_to(1, 999)), ["fail"]),
    "no structure set": (case(structure_set=None), ["not-evaluated"]),
    "no plan": (case(plan=None), ["not-evaluated"]),
}


@pytest.mark.parametrize("name", ID003)
def test_plan_names_its_structures(name):
    of, expected = ID003[name]
    assert statuses("ID003", of) == expected


def framed(*uids):
    rois = (box(frame_of_reference_uid=uid, number=i) for i, uid in enumerate(uids))
    return structure_set(*rois)


ID004 = {
    "one frame": (case(), ["pass"]),
    "dose elsewhere": (case(doses=(dose(frame_of_reference_uid="5"),)), ["fail"]),
    "plan elsewhere": (case(plan=plan(frame_of_reference_uid="5")), ["fail"]),
    "two doses apart": (
        case(doses=(dose(), dose(frame_of_reference_uid="5", sop_instance_uid="8"))),
        ["fail"],
    ),
    "plan states none": (case(plan=plan(frame_of_reference_uid="")), ["manual"]),
    "dose states none": (case(doses=(dose(frame_of_reference_uid=""),)), ["not-evaluated"]),
    "structures state none": (
        case(structure_set=structure_set(box(frame_of_reference_uid=""))),
        ["not-evaluated"],
    ),
    "one roi states none": (case(structure_set=framed("1.2.3.9", "")), ["not-evaluated"]),
    "one roi in another frame": (
        case(structure_set=framed("1.2.3.9", "5")),
        ["pass", "not-evaluated"],
    ),
    "no structures": (case(structure_set=None), ["not-evaluated"]),
}


@pytest.mark.parametrize("name", ID004)
def test_one_frame_of_reference(name):
    of, expected = ID004[name]
    assert statuses("ID004", of) == expected


def test_an_roi_without_contours_has_no_say_in_the_frame():
    rois = structure_set(box(), cylinder(contours=(), frame_of_reference_uid="5"))
    assert statuses("ID004", case(structure_set=rois)) == ["pass"]


ID005 = [
    ({}, "pass"),
    ({"intent": ""}, "pass"),
    ({"intent": "VERIFICATION"}, "fail"),
    ({"intent": "MACHINE_QA"}, "fail"),
    ({"intent": "SERVICE"}, "fail"),
    ({"intent": "VERIFICATION", "geometry": ""}, "fail"),
    ({"intent": "RESEARCH"}, "manual"),
    ({"intent": "CURATIVE"}, "pass"),
    ({"intent": "GY"}, "manual"),
    ({"geometry": "TREATMENT_DEVICE"}, "manual"),
    ({"geometry": ""}, "not-evaluated"),
]


@pytest.mark.parametrize(("stated", "expected"), ID005)
def test_plan_is_meant_for_the_patient(stated, expected):
    assert statuses("ID005", case(plan=plan(**stated))) == [expected]


ID006 = {
    "APPROVED": "pass",
    "UNAPPROVED": "pass",
    "REJECTED": "fail",
    "REVIEWED": "manual",
    "": "n/a",
}


@pytest.mark.parametrize("approval", ID006)
def test_plan_is_not_rejected(approval):
    assert statuses("ID006", case(plan=plan(approval=approval))) == [ID006[approval]]


def rival(**overrides):
    return case(
        other_plans=(plan(sop_instance_uid=OTHER, label="L3", **overrides),),
        other_doses=(dose(sop_instance_uid="8.1", plan_uids=(OTHER,)),),
    )


ID007 = {
    "alone": (case(), "pass"),
    "another patient's plan": (rival(patient=STRANGER), "pass"),
    "verification plan": (rival(intent="VERIFICATION"), "pass"),
    "another plan with a dose": (rival(), "manual"),
    "another plan without a dose": (changed(rival(), other_doses=()), "manual"),
}


@pytest.mark.parametrize("name", ID007)
def test_other_plans_of_the_patient(name):
    of, expected = ID007[name]
    assert statuses("ID007", of) == [expected]


def test_another_plan_is_named_with_its_dose():
    found = next(iter(ASK["ID007"](context(rival()))))
    assert "'L3'" in found.message
    assert "with a dose" in found.message


def test_without_a_plan_its_state_is_not_judged():
    assert [statuses(code, case(plan=None)) for code in ("ID005", "ID006", "ID007")] == [[]] * 3


def test_a_clean_case_passes_every_check():
    outcomes = [o for check in CHECKS for o in check.run(context(case(), **rules()))]
    assert not any(isinstance(o, NotApplicable) for o in outcomes)
    assert worst(o.status for o in outcomes) == "pass"


def test_what_is_not_evaluated_names_a_remedy():
    tables = {"ID001": ID001, "ID002": ID002, "ID003": ID003, "ID004": ID004}
    found = [
        outcome
        for code, table in tables.items()
        for of, _ in table.values()
        for outcome in ASK[code](context(of))
        if isinstance(outcome, Finding) and outcome.status == "not-evaluated"
    ]
    assert len(found) > 5
    assert all(outcome.remedy for outcome in found)


def test_set_up_beams_do_not_matter_to_identity():
    assert statuses("ID002", case(plan=plan(beams=beams("setup")))) == ["pass"]
