"""RT Structure Set: every ROI, every readable contour, and a word about the rest."""

from datetime import date
from typing import Any

import pytest
from dicom_factory import FRAME_UID, SERIES_UID, contour, encode, item, make_structures
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from planchecker.case import StructureSet
from planchecker.dosimetry.structure import ContourType, Structure
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import read_object

# Contour Data as written, and what the note says
MALFORMED = {
    "comma": (b"0,0\\0\\0\\10\\0\\0\\10\\10\\0", "not a list of decimal numbers"),
    "empty number": (b"0\\0\\\\10\\0\\0\\10\\10\\0", "not a list of decimal numbers"),
    "not threes": (b"0\\0\\0\\10\\0\\0\\10\\10", "8 coordinates do not make points"),
    "words": (b"0\\0\\zero", "not a list of decimal numbers"),
    "nan": (b"0\\0\\nan", "not a list of decimal numbers"),
    "too large": (b"0\\0\\1e999", "not a list of decimal numbers"),
    "nothing": (b"", "no coordinates"),
}


def read(dataset: Dataset | bytes, **options: Any) -> StructureSet:
    data = dataset if isinstance(dataset, bytes) else encode(dataset, **options)
    content = read_object(data, label="x", limits=ReadLimits()).content
    assert isinstance(content, StructureSet)
    return content


def only(dataset: Dataset | bytes) -> Structure:
    (structure,) = read(dataset).structures
    return structure


def raw_contour(data: bytes) -> bytes:
    """A structure set of two contours, the second with this Contour Data."""
    good = contour(0)
    bad = contour(3)
    bad.ContourData = [7777.0] * 12
    written = encode(make_structures(contours={1: [good, bad]}))
    old = b"\\".join([b"7777.0"] * 12)
    old += b" " * (len(old) % 2)
    # Padding with blanks keeps every length in the file right.
    assert len(data) <= len(old)
    return written.replace(old, data.ljust(len(old)))


def test_a_structure_carries_what_the_export_says():
    dataset = make_structures(StructureSetDate="20240301")
    dataset.StructureSetROISequence[0].ROIVolume = "12.5"
    seen = dataset.RTROIObservationsSequence[0]
    seen.update(item(RTROIInterpretedType="organ"))
    seen.RTROIIdentificationCodeSequence = [
        item(CodeValue="7647", CodingSchemeDesignator="FMA"),
    ]
    seen.ROIPhysicalPropertiesSequence = [
        item(ROIPhysicalProperty="REL_ELEC_DENSITY", ROIPhysicalPropertyValue="1.1")
    ]
    structures = read(dataset)
    (cord,) = structures.structures
    assert structures.drawn_on == date(2024, 3, 1)
    assert structures.frame_of_reference_uids == (FRAME_UID,)
    assert structures.series_uids == (SERIES_UID,)
    assert structures.image_uids == ("1.2.9.1",)
    assert (cord.roi_number, cord.name, cord.interpreted_type) == (1, "SpinalCord", "ORGAN")
    assert cord.codes == (("7647", "FMA"),)
    assert cord.physical_properties == (("REL_ELEC_DENSITY", 1.1),)
    assert cord.stated_volume_cc == 12.5
    assert cord.frame_of_reference_uid == FRAME_UID
    assert cord.contours[1].points_mm.tolist() == [[0, 0, 3], [10, 0, 3], [10, 10, 3], [0, 10, 3]]
    assert cord.contours[0].geometric_type is ContourType.CLOSED_PLANAR


@pytest.mark.parametrize(("data", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_contour_is_left_out_and_counted(data: bytes, reason: str):
    cord = only(raw_contour(data))
    assert [c.points_mm[0, 2] for c in cord.contours] == [0]
    assert cord.dropped_contours == 1
    assert reason in cord.notes[0]
    assert "contour 2 is left out" in cord.notes[0]


def test_blanks_round_numbers_are_no_fault():
    cord = only(raw_contour(b"0 \\ 0\\3\\10\\0\\3\\10\\10\\3"))
    assert len(cord.contours) == 2
    assert cord.dropped_contours == 0


def test_contours_of_few_points_and_huge_coordinates_pass_through():
    line = contour(0, points=((0.0, 0.0), (1.0, 0.0)))
    far = contour(0, points=((1e9, 0.0), (1e9, 1.0), (0.0, 1.0)))
    cord = only(make_structures(contours={1: [line, far]}))
    assert [len(c.points_mm) for c in cord.contours] == [2, 3]
    assert cord.dropped_contours == 0


def test_an_unknown_geometric_type_is_no_volume():
    odd = contour(0)
    odd.ContourGeometricType = "SOLID"
    assert only(make_structures(contours={1: [odd]})).contours[0].geometric_type == ""


def test_a_displaced_contour_is_left_out():
    moved = contour(0)
    moved.add_new(0x30060045, "DS", [0, 0, 5])
    cord = only(make_structures(contours={1: [moved]}))
    assert cord.contours == ()
    assert "Contour Offset Vector" in cord.notes[0]


def test_many_malformed_contours_make_a_short_list_of_notes():
    empty = [item(ContourGeometricType="POINT") for _ in range(30)]
    cord = only(make_structures(contours={1: empty}))
    assert cord.dropped_contours == 30
    assert len(cord.notes) == 21
    assert cord.notes[-1] == "10 more contours are left out"


def test_a_sequence_of_wrong_length_loses_the_contours_with_a_note():
    data = encode(make_structures())
    first = data.index(b"\x06\x30\x40\x00") + 8 + 4
    broken = data[:first] + b"\x40\x00\x00\x00" + data[first + 4 :]
    cord = only(broken)
    assert cord.contours == ()
    assert cord.dropped_contours == 1
    assert "contours are lost" in cord.notes[0]


def test_an_roi_without_contours_is_listed():
    structures = read(make_structures(rois={1: "Cord", 2: "Empty"}))
    assert [(s.name, len(s.contours)) for s in structures.structures] == [("Cord", 2), ("Empty", 0)]


def test_one_name_may_belong_to_two_rois():
    structures = read(make_structures(rois={1: "PTV", 2: "PTV"}, contours={2: [contour(0)]}))
    assert [len(s.contours) for s in structures.structures] == [0, 1]


def test_contours_of_a_number_used_twice_are_given_to_nobody():
    dataset = make_structures(rois={1: "Cord", 2: "PTV"})
    dataset.StructureSetROISequence[1].ROINumber = 1
    structures = read(dataset)
    assert [(s.name, s.contours, s.dropped_contours) for s in structures.structures] == [
        ("Cord", (), 2),
        ("PTV", (), 2),
    ]
    assert structures.notes == ("ROI number 1 is used 2 times",)


def test_contours_without_an_entry_in_the_list_are_kept_without_a_name():
    structures = read(make_structures(contours={9: [contour(0)]}))
    assert [(s.roi_number, s.name, len(s.contours)) for s in structures.structures] == [
        (1, "SpinalCord", 0),
        (9, "", 1),
    ]
    assert "which is not in the list" in structures.notes[0]


def test_contours_in_several_items_of_one_roi_belong_together():
    dataset = make_structures()
    dataset.ROIContourSequence.append(item(ReferencedROINumber=1, ContourSequence=[contour(6)]))
    assert len(only(dataset).contours) == 3


def test_an_roi_without_a_number_is_noted():
    dataset = make_structures(rois={1: "Cord", 2: "Lost"})
    del dataset.StructureSetROISequence[1].ROINumber
    structures = read(dataset)
    assert len(structures.structures) == 1
    assert structures.notes == ("the ROI 'Lost' has no ROI number and is left out",)


def test_contours_and_observations_without_a_number_are_given_to_nobody():
    dataset = make_structures()
    dataset.ROIContourSequence.append(item(ContourSequence=[contour(6)]))
    dataset.ROIContourSequence.append(item(ROIDisplayColor=[255, 0, 0]))
    dataset.RTROIObservationsSequence.append(item(RTROIInterpretedType="PTV"))
    structures = read(dataset)
    assert len(structures.structures[0].contours) == 2
    assert structures.structures[0].interpreted_type == "ORGAN"
    assert structures.notes == ("contours without an ROI number are left out",)


def test_codes_and_properties_without_a_value_say_nothing():
    dataset = make_structures()
    seen = dataset.RTROIObservationsSequence[0]
    seen.RTROIIdentificationCodeSequence = [item(CodeMeaning="cord")]
    seen.ROIPhysicalPropertiesSequence = [item(ROIPhysicalProperty="REL_ELEC_DENSITY")]
    cord = only(dataset)
    assert (cord.codes, cord.physical_properties) == ((), ())


def test_two_interpreted_types_are_noted():
    dataset = make_structures()
    dataset.RTROIObservationsSequence.append(
        item(ReferencedROINumber=1, RTROIInterpretedType="PTV")
    )
    cord = only(dataset)
    assert cord.interpreted_type == "ORGAN"
    assert "several interpreted types" in cord.notes[0]


def test_an_invalid_date_is_none_with_a_note():
    structures = read(make_structures(StructureSetDate="20240231"), syntax=ExplicitVRLittleEndian)
    assert structures.drawn_on is None
    assert structures.notes == ("StructureSetDate (3006,0008): '20240231' is not a date",)
