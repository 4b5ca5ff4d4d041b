"""RT Plan and RT Ion Plan: what is stated, and nothing that is not."""

from datetime import date

import pytest
from dicom_factory import (
    RT_ION_PLAN,
    STRUCTURES_UID,
    encode,
    item,
    make_beam,
    make_plan,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from planchecker.case import Plan
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import read_object

STANDS_IN = "stands in"


def read(dataset: Dataset) -> Plan:
    content = read_object(encode(dataset), label="x", limits=ReadLimits()).content
    assert isinstance(content, Plan)
    return content


def test_a_plan_carries_what_it_states():
    plan = read(
        make_plan(
            ApprovalStatus="APPROVED",
            PlanIntent="PALLIATIVE",
            RTPlanGeometry="PATIENT",
            Manufacturer="Maker",
            SoftwareVersions=["1", "2"],
            PatientSetupSequence=[item(PatientPosition="HFS"), item(PatientPosition="HFS")],
            ReferencedDoseSequence=[item(ReferencedSOPInstanceUID="1.2.3.3")],
            ToleranceTableSequence=[item(ToleranceTableNumber=4)],
        )
    )
    assert (plan.label, plan.approval, plan.intent) == ("T10", "APPROVED", "PALLIATIVE")
    assert plan.planned_on == date(2024, 2, 29)
    assert plan.geometry == "PATIENT"
    assert plan.patient_position == "HFS"
    assert plan.software == "Maker 1\\2"
    assert plan.structure_set_uid == STRUCTURES_UID
    assert plan.dose_uids == ("1.2.3.3",)
    assert plan.tolerance_tables == (4,)
    assert plan.fraction_groups == 1
    assert not plan.brachy
    assert plan.notes == ()


def test_a_beam_carries_what_it_states():
    beam = read(make_plan()).beams[1]
    assert (beam.number, beam.name, beam.meterset, beam.dose_gy) == (2, "B2", 200, 2)
    assert beam.fluence_mode == "NON_STANDARD FFF"
    assert beam.bolus_rois == (7,)
    assert beam.devices[0].kind == "X"
    first, second = beam.control_points
    assert (first.gantry_deg, first.energy, first.isocentre_mm) == (180, 6, (1, 2, 3))
    assert first.positions_mm == (("X", (-50, 50)),)
    assert (second.gantry_deg, second.meterset_weight, second.positions_mm) == (None, 1, ())


def test_an_ion_plan_is_read_from_its_own_sequences():
    plan = make_plan(beam_doses=(1.0,))
    plan.SOPClassUID = RT_ION_PLAN
    beam = make_beam(1, ScanMode="MODULATED", RadiationType="PROTON")
    beam.IonControlPointSequence = beam.ControlPointSequence
    del beam.ControlPointSequence
    del plan.BeamSequence
    plan.IonBeamSequence = Sequence([beam])
    (read_beam,) = read(plan).beams
    assert (read_beam.scan_mode, read_beam.radiation) == ("MODULATED", "PROTON")
    assert len(read_beam.control_points) == 2
    assert read_beam.meterset == 100


def test_the_prescription_is_the_target_dose():
    prescription = read(make_plan()).prescription
    assert (prescription.dose_gy, prescription.fractions) == (30, 10)
    assert prescription.source == "target prescription dose"


def test_of_several_targets_the_highest_counts_and_all_are_kept():
    plan = make_plan(
        DoseReferenceSequence=[
            item(DoseReferenceNumber=n, DoseReferenceType=kind, TargetPrescriptionDose=dose)
            for n, kind, dose in ((1, "TARGET", 20), (2, "TARGET", 30), (3, "ORGAN_AT_RISK", 45))
        ]
    )
    read_plan = read(plan)
    assert read_plan.prescription.dose_gy == 30
    assert [t.prescription_gy for t in read_plan.prescription.targets] == [20, 30, 45]
    assert "several targets" in read_plan.notes[0]


def test_without_a_target_dose_the_beam_doses_stand_in_and_say_so():
    plan = read(make_plan(dose_gy=None, fractions=5, beam_doses=(1.5, 2.5)))
    assert plan.prescription.dose_gy == 20
    assert plan.prescription.source == "beam doses"
    assert STANDS_IN in plan.notes[0]


def test_a_target_dose_of_zero_is_not_a_prescription():
    plan = read(make_plan(dose_gy=0, beam_doses=(None,)))
    assert plan.prescription.dose_gy is None
    assert "0 Gy or less" in plan.notes[0]


@pytest.mark.parametrize("beam_doses", [(1.0, None), (), (0.0,)])
def test_beam_doses_that_do_not_add_up_to_a_plan_give_no_prescription(beam_doses):
    prescription = read(make_plan(dose_gy=None, beam_doses=beam_doses)).prescription
    assert (prescription.dose_gy, prescription.source) == (None, "")


def test_set_up_beams_do_not_count():
    plan = make_plan(dose_gy=None, beam_doses=(2.0, None))
    plan.BeamSequence[1].TreatmentDeliveryType = "SETUP"
    assert read(plan).prescription.dose_gy == 20


def test_several_fraction_groups_are_not_one_prescription():
    plan = make_plan(dose_gy=None)
    plan.FractionGroupSequence.append(item(FractionGroupNumber=2, NumberOfFractionsPlanned=5))
    read_plan = read(plan)
    assert read_plan.fraction_groups == 2
    assert read_plan.prescription.fractions is None
    assert read_plan.prescription.dose_gy is None
    assert "2 fraction groups (10, 5 fractions)" in read_plan.notes[0]


@pytest.mark.parametrize("fractions", [0, -1])
def test_a_number_of_fractions_below_one_is_none(fractions: int):
    plan = read(make_plan(fractions=fractions))
    assert plan.prescription.fractions is None
    assert "at least 1 would be right" in plan.notes[0]


def test_a_beam_in_two_fraction_groups_is_noted():
    plan = make_plan()
    plan.FractionGroupSequence.append(
        item(ReferencedBeamSequence=[item(ReferencedBeamNumber=1, BeamMeterset=7)])
    )
    read_plan = read(plan)
    assert read_plan.beams[0].meterset == 100
    assert "beam 1 is named twice in the fraction groups" in read_plan.notes


def test_a_beam_without_a_number_has_no_share():
    plan = make_plan(beam_doses=(2.0,))
    del plan.BeamSequence[0].BeamNumber
    read_plan = read(plan)
    assert read_plan.beams[0].meterset is None
    assert "has no Beam Number" in read_plan.notes[0]


def test_brachytherapy_is_marked():
    plan = make_plan(beam_doses=(), ApplicationSetupSequence=[item(ApplicationSetupNumber=1)])
    del plan.BeamSequence
    assert read(plan).brachy


def test_brachytherapy_beside_beams_is_noted():
    plan = read(make_plan(ApplicationSetupSequence=[item(ApplicationSetupNumber=1)]))
    assert not plan.brachy
    assert "brachytherapy" in plan.notes[0]


def test_setups_that_differ_are_noted():
    plan = read(
        make_plan(PatientSetupSequence=[item(PatientPosition="HFS"), item(PatientPosition="FFS")])
    )
    assert plan.patient_position == "HFS\\FFS"
    assert "differ in position" in plan.notes[0]


def test_two_structure_sets_are_noted():
    plan = make_plan()
    plan.ReferencedStructureSetSequence.append(item(ReferencedSOPInstanceUID="1.2.5"))
    read_plan = read(plan)
    assert read_plan.structure_set_uid == STRUCTURES_UID
    assert "names 2 structure sets" in read_plan.notes[0]


def test_numbers_that_are_none_are_none_with_a_note():
    data = encode(make_plan(RTPlanDate="today"))
    plan_bytes = data.replace(b"\x001000", b"\x001,00").replace(b"\\2.0\\3.0", b"\\2.0    ")
    plan = read_object(plan_bytes, label="x", limits=ReadLimits()).content
    assert isinstance(plan, Plan)
    assert plan.planned_on is None
    assert plan.beams[0].source_axis_mm is None
    assert plan.beams[0].control_points[0].isocentre_mm is None
    assert {note.split(" (")[0] for note in plan.notes} == {
        "RTPlanDate",
        "SourceAxisDistance",
        "IsocenterPosition",
    }


def test_several_values_for_one_number_are_none_with_a_note():
    plan = make_plan(beam_doses=(2.0,))
    plan.BeamSequence[0].update(item(SourceAxisDistance=[1000, 2000]))
    read_plan = read(plan)
    assert read_plan.beams[0].source_axis_mm is None
    assert "holds 2 values where one is expected" in read_plan.notes[0]


def test_a_sequence_in_place_of_a_value_is_noted():
    plan = make_plan(beam_doses=(2.0,))
    plan.BeamSequence[0].add_new(0x300A00C2, "SQ", [item(BeamName="B")])
    plan.BeamSequence[0][0x300A00C2].is_undefined_length = True
    content = read_object(
        encode(plan, syntax=ExplicitVRLittleEndian), label="x", limits=ReadLimits()
    ).content
    assert isinstance(content, Plan)
    assert content.beams[0].name == ""
    assert "is a sequence, not a value" in content.notes[0]


def test_a_share_that_names_no_beam_is_nobodys():
    plan = make_plan(beam_doses=(2.0,))
    del plan.FractionGroupSequence[0].ReferencedBeamSequence[0].ReferencedBeamNumber
    assert read(plan).beams[0].meterset is None


def test_a_number_that_is_not_whole_is_no_fraction_number():
    data = encode(make_plan(fractions=10)).replace(
        b"\x78\x00\x02\x00\x00\x0010", b"\x78\x00\x02\x00\x00\x00.5"
    )
    plan = read_object(data, label="x", limits=ReadLimits()).content
    assert isinstance(plan, Plan)
    assert plan.prescription.fractions is None
