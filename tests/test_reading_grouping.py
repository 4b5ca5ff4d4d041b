"""Sorting objects into cases: what belongs together, what contradicts, what is kept apart."""

from pathlib import Path

import numpy as np
import pytest
from dicom_factory import (
    DOSE_UID,
    PLAN_UID,
    SERIES_UID,
    STRUCTURES_UID,
    item,
    make_dose,
    make_image,
    make_plan,
    make_registration,
    make_structures,
    save,
)
from pydicom.dataset import Dataset

from planchecker.case import Case, Link, LinkKind
from planchecker.reading import read_cases

OTHER_FRAME = "1.2.3.55"
ABSENT = "1.2.99"


def cases(tmp_path: Path, *datasets: Dataset) -> tuple[Case, ...]:
    for number, dataset in enumerate(datasets):
        save(dataset, tmp_path / f"{number:02d}")
    return read_cases([tmp_path])


def link(case: Case, relation: str) -> Link:
    (found,) = (one for one in case.links if one.relation == relation)
    return found


def kinds(case: Case) -> dict[str, tuple[LinkKind, bool]]:
    return {one.relation: (one.kind, one.contradicts) for one in case.links}


def test_a_whole_export_is_one_case_held_by_references(tmp_path: Path):
    (case,) = cases(
        tmp_path, make_plan(), make_structures(), make_dose(structures=STRUCTURES_UID), make_image()
    )
    assert kinds(case) == {
        "dose-plan": (LinkKind.REFERENCE, False),
        "plan-structures": (LinkKind.REFERENCE, False),
        "dose-structures": (LinkKind.REFERENCE, False),
        "structures-image": (LinkKind.REFERENCE, False),
    }
    assert (link(case, "dose-plan").child, link(case, "dose-plan").parent) == (DOSE_UID, PLAN_UID)
    assert link(case, "plan-structures").parent == STRUCTURES_UID
    assert link(case, "structures-image").parent == SERIES_UID
    assert len(case.files) == 4
    assert case.other_plans == case.other_structure_sets == case.other_doses == ()
    assert case.notes == ()


def test_every_plan_is_a_case_of_its_own(tmp_path: Path):
    one, two = cases(
        tmp_path,
        make_plan("1.2.3.1"),
        make_plan("1.2.3.11"),
        make_structures(),
        make_dose("1.2.3.31", plan="1.2.3.1"),
        make_dose("1.2.3.32", plan="1.2.3.11"),
    )
    assert [d.sop_instance_uid for d in one.doses] == ["1.2.3.31"]
    assert [d.sop_instance_uid for d in two.doses] == ["1.2.3.32"]
    assert [d.sop_instance_uid for d in one.other_doses] == ["1.2.3.32"]
    assert one.other_plans == (two.plan,)
    assert one.structure_set is two.structure_set
    # A dose that belongs to the other plan contradicts nothing.
    assert not any(found.contradicts for found in (*one.links, *two.links))


def test_a_dose_of_an_absent_plan_contradicts(tmp_path: Path):
    (case,) = cases(tmp_path, make_plan(), make_structures(), make_dose(plan=ABSENT))
    assert case.doses == ()
    assert [d.sop_instance_uid for d in case.other_doses] == [DOSE_UID]
    found = link(case, "dose-plan")
    assert (found.kind, found.contradicts) == (LinkKind.FRAME_OF_REFERENCE, True)
    assert ABSENT in found.detail


def test_it_contradicts_by_the_patient_in_another_frame_too(tmp_path: Path):
    dose = make_dose(plan=ABSENT, FrameOfReferenceUID=OTHER_FRAME)
    (case,) = cases(tmp_path, make_plan(), dose)
    assert kinds(case) == {"dose-plan": (LinkKind.PATIENT, True)}


def test_the_dose_of_an_absent_plan_of_another_patient_is_kept_apart(tmp_path: Path):
    dose = make_dose(plan=ABSENT, PatientID="P2")
    (case,) = cases(tmp_path, make_plan(), dose)
    assert case.links == ()
    assert [d.patient.id for d in case.other_doses] == ["P2"]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [(None, LinkKind.FRAME_OF_REFERENCE), ("", LinkKind.PATIENT), (OTHER_FRAME, None)],
)
def test_a_dose_that_names_no_plan_is_paired_by_what_it_shares(
    tmp_path: Path, frame: str | None, kind: LinkKind | None
):
    dose = make_dose(plan="") if frame is None else make_dose(plan="", FrameOfReferenceUID=frame)
    (case,) = cases(tmp_path, make_plan(), dose)
    assert len(case.doses) == (kind is not None)
    assert len(case.other_doses) == (kind is None)
    if kind is not None:
        assert kinds(case) == {"dose-plan": (kind, False)}


def test_a_dose_that_the_plan_names_belongs_to_it(tmp_path: Path):
    dose = make_dose(plan="", FrameOfReferenceUID=OTHER_FRAME)
    plan = make_plan(ReferencedDoseSequence=[item(ReferencedSOPInstanceUID=DOSE_UID)])
    (case,) = cases(tmp_path, plan, dose)
    assert kinds(case) == {"dose-plan": (LinkKind.REFERENCE, False)}
    assert link(case, "dose-plan").detail == "the plan names the dose"


def test_a_dose_that_another_plan_names_belongs_to_that_one(tmp_path: Path):
    second = make_plan(
        "1.2.3.11",
        FrameOfReferenceUID=OTHER_FRAME,
        ReferencedDoseSequence=[item(ReferencedSOPInstanceUID=DOSE_UID)],
    )
    one, two = cases(tmp_path, make_plan("1.2.3.1"), second, make_dose(plan=""))
    assert (len(one.doses), len(one.other_doses)) == (0, 1)
    assert len(two.doses) == 1


def test_a_dose_that_names_no_plan_is_never_given_to_another_patient(tmp_path: Path):
    (case,) = cases(tmp_path, make_plan(), make_dose(plan="", PatientID="P2"))
    assert case.doses == ()
    assert len(case.other_doses) == 1


def test_a_dose_that_could_belong_to_two_plans_belongs_to_none(tmp_path: Path):
    found = cases(tmp_path, make_plan("1.2.3.1"), make_plan("1.2.3.11"), make_dose(plan=""))
    for case in found:
        assert case.doses == ()
        assert len(case.other_doses) == 1
        assert "fits 2" in case.notes[0]


def test_a_reference_holds_even_where_the_patient_differs_and_says_so(tmp_path: Path):
    (case,) = cases(
        tmp_path, make_plan(), make_structures(PatientID="P2"), make_dose(PatientID="P3")
    )
    assert case.structure_set is not None
    assert len(case.doses) == 1
    assert "'P3' and 'P1'" in link(case, "dose-plan").detail
    assert "'P1' and 'P2'" in link(case, "plan-structures").detail


def test_a_dose_of_several_plans_says_so(tmp_path: Path):
    dose = make_dose()
    second = make_plan("1.2.3.11").ReferencedStructureSetSequence[0]
    second.ReferencedSOPInstanceUID = "1.2.3.11"
    dose.ReferencedRTPlanSequence.append(second)
    (case,) = cases(tmp_path, make_plan(), dose)
    assert "names 2 plans" in link(case, "dose-plan").detail


def test_the_only_structure_set_of_the_frame_stands_in_and_contradicts(tmp_path: Path):
    (case,) = cases(tmp_path, make_plan(structures=ABSENT), make_structures())
    assert case.structure_set is not None
    assert kinds(case)["plan-structures"] == (LinkKind.FRAME_OF_REFERENCE, True)
    assert ABSENT in link(case, "plan-structures").detail


def test_a_plan_without_frame_takes_that_of_its_dose(tmp_path: Path):
    plan = make_plan(structures="")
    del plan.FrameOfReferenceUID
    (case,) = cases(tmp_path, plan, make_dose(), make_structures())
    assert kinds(case)["plan-structures"] == (LinkKind.FRAME_OF_REFERENCE, False)


@pytest.mark.parametrize(("named", "attached"), [("", True), (ABSENT, False)])
def test_the_patient_alone_holds_only_where_nothing_contradicts(
    tmp_path: Path, named: str, attached: bool
):
    plan = make_plan(structures=named)
    del plan.FrameOfReferenceUID
    (case,) = cases(tmp_path, plan, make_structures())
    assert (case.structure_set is not None) == attached
    assert len(case.other_structure_sets) == (not attached)


def test_of_two_structure_sets_none_is_guessed(tmp_path: Path):
    (case,) = cases(
        tmp_path, make_plan(structures=""), make_structures("1.2.3.21"), make_structures("1.2.3.22")
    )
    assert case.structure_set is None
    assert len(case.other_structure_sets) == 2
    assert "2 share its frame of reference" in case.notes[0]


@pytest.mark.parametrize("change", [{"PatientID": "P2"}, {"frame": OTHER_FRAME}])
def test_structures_of_another_patient_or_frame_are_kept_apart(
    tmp_path: Path, change: dict[str, str]
):
    (case,) = cases(tmp_path, make_plan(structures=""), make_structures(**change))
    assert case.structure_set is None
    assert len(case.other_structure_sets) == 1


def test_structures_and_dose_without_plan_are_one_case_by_frame(tmp_path: Path):
    (case,) = cases(tmp_path, make_structures(), make_dose(plan=ABSENT))
    assert case.plan is None
    assert len(case.doses) == 1
    assert kinds(case) == {"dose-structures": (LinkKind.FRAME_OF_REFERENCE, False)}


def test_a_dose_goes_to_the_structures_it_names(tmp_path: Path):
    one, two = cases(
        tmp_path,
        make_structures("1.2.3.21"),
        make_structures("1.2.3.22"),
        make_dose(structures="1.2.3.22"),
    )
    assert (len(one.doses), len(one.other_doses)) == (0, 1)
    assert (len(two.doses), len(two.other_doses)) == (1, 0)


def test_a_dose_that_names_absent_structures_contradicts(tmp_path: Path):
    (case,) = cases(tmp_path, make_plan(), make_structures(), make_dose(structures=ABSENT))
    assert kinds(case)["dose-structures"] == (LinkKind.FRAME_OF_REFERENCE, True)


def test_doses_alone_are_one_case_for_each_frame(tmp_path: Path):
    one, two = cases(
        tmp_path,
        make_dose("1.2.3.31"),
        make_dose("1.2.3.32", FrameOfReferenceUID=OTHER_FRAME),
    )
    assert [len(one.doses), len(one.other_doses), len(two.doses)] == [1, 1, 1]


def test_images_alone_are_a_case(tmp_path: Path):
    (case,) = cases(tmp_path, make_image())
    assert (case.plan, case.structure_set, len(case.images)) == (None, None, 1)


def test_images_that_are_not_named_are_held_by_the_frame(tmp_path: Path):
    (case,) = cases(
        tmp_path,
        make_plan(),
        make_structures(),
        make_image("1.2.9.5", SeriesInstanceUID="1.2.44"),
        make_image("1.2.9.6", SeriesInstanceUID="1.2.45", FrameOfReferenceUID=OTHER_FRAME),
    )
    assert [image.series_uid for image in case.images] == ["1.2.44"]
    assert kinds(case)["structures-image"] == (LinkKind.FRAME_OF_REFERENCE, True)
    assert case.notes == ("1 images under the paths do not belong to the case",)


def test_without_structures_images_are_held_by_the_plan(tmp_path: Path):
    (case,) = cases(tmp_path, make_plan(structures=""), make_image())
    assert kinds(case) == {"plan-image": (LinkKind.FRAME_OF_REFERENCE, False)}


def test_registrations_belong_to_every_case(tmp_path: Path):
    found = cases(
        tmp_path, make_plan("1.2.3.1"), make_plan("1.2.3.11"), make_registration(np.eye(4) * 1.0)
    )
    assert [len(case.registrations) for case in found] == [1, 1]


def test_no_object_is_ever_lost(tmp_path: Path):
    found = cases(
        tmp_path,
        make_plan("1.2.3.1"),
        make_plan("1.2.3.11", PatientID="P2"),
        make_structures("1.2.3.21", PatientID="P3"),
        make_structures(),
        make_dose("1.2.3.31", plan=ABSENT, PatientID="P4"),
        make_dose(),
    )
    for case in found:
        assert case.plan is not None
        assert len(case.other_plans) == 1
        assert len(case.other_structure_sets) + (case.structure_set is not None) == 2
        assert len(case.doses) + len(case.other_doses) == 2
