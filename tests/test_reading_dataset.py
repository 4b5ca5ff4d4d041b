"""Encodings that must be read, and encodings that must be refused."""

from copy import deepcopy

import pytest
from dicom_factory import (
    encode,
    encode_rle,
    item,
    make_dose,
    make_image,
    make_plan,
    make_structures,
)
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
)

from planchecker.case import DoseObject, Plan, StructureSet
from planchecker.errors import ReadError
from planchecker.reading.dataset import parse
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import ReadObject, read_object

LIMITS = ReadLimits()
SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
BARE = {
    "no preamble": {"preamble": False},
    "no meta": {"meta": False},
    "no transfer syntax": {"state_syntax": False},
}


def read(data: bytes) -> ReadObject:
    return read_object(data, label="x", limits=LIMITS)


@pytest.mark.parametrize("syntax", [*SYNTAXES, DeflatedExplicitVRLittleEndian])
def test_every_encoding_gives_the_same_structures(syntax: str):
    content = read(encode(make_structures(), syntax=syntax)).content
    assert isinstance(content, StructureSet)
    assert content.structures[0].contours[1].points_mm[2].tolist() == [10, 10, 3]
    assert content.structures[0].contours[1].image_uid == "1.2.9.1"


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("options", BARE.values(), ids=BARE)
def test_what_is_missing_before_the_data_is_assumed_and_noted(
    syntax: str, options: dict[str, bool]
):
    found = read(encode(make_dose(), syntax=syntax, **options))
    assert isinstance(found.content, DoseObject)
    assert found.content.grid is not None
    assert found.content.grid.max_gy == pytest.approx(2.3)
    assert found.file.notes
    if "preamble" not in options:
        order = "big" if syntax == ExplicitVRBigEndian else "little"
        how = "implicit" if syntax == ImplicitVRLittleEndian else "explicit"
        assert found.file.notes[-1] == f"no transfer syntax: read as {how} VR {order} endian"


def test_run_length_encoded_dose_is_read():
    content = read(encode_rle(make_dose())).content
    assert isinstance(content, DoseObject)
    assert content.grid is not None
    assert content.grid.values_gy[1, 2, 3] == pytest.approx(2.3)


def test_cut_run_length_data_are_a_problem_of_the_dose():
    data = encode_rle(make_dose())
    with pytest.raises(ReadError, match=r"ends early|end early"):
        read(data[:-20])


def test_run_length_data_that_do_not_fit_the_grid_are_a_problem():
    data = encode_rle(make_dose()).replace(
        b"\x28\x00\x10\x00US\x02\x00\x03\x00", b"\x28\x00\x10\x00US\x02\x00\x09\x00"
    )
    content = read(data).content
    assert isinstance(content, DoseObject)
    assert "run-length" in content.problem


def test_other_compression_is_a_problem_of_the_dose():
    data = encode(make_dose(), syntax=ExplicitVRLittleEndian)
    data = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4.70\0\0")
    data = data.replace(b"UI\x14\x001.2.840.10008.1.2.4", b"UI\x16\x001.2.840.10008.1.2.4")
    data = data.replace(b"4.70\0\0", b"4.70")
    content = read(data).content
    assert isinstance(content, DoseObject)
    assert JPEGLosslessSV1.name in content.problem


def test_a_wrong_transfer_syntax_is_seen_through():
    data = encode(make_plan(), syntax=ImplicitVRLittleEndian)
    found = read(data.replace(b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2 "))
    assert isinstance(found.content, Plan)
    start = encode(make_plan(), syntax=ExplicitVRLittleEndian)
    body = encode(make_plan(), meta=False)
    found = read(start[: start.index(b"\x08\x00\x16\x00")] + body)
    assert isinstance(found.content, Plan)
    assert "the data have implicit VR" in found.file.notes[0]


def test_sequences_of_undefined_length_read_alike():
    dataset = make_structures()
    for element in dataset.iterall():
        if element.VR == "SQ":
            element.is_undefined_length = True
            for one in element.value:
                one.is_undefined_length_sequence_item = True
    for syntax in SYNTAXES:
        content = read(encode(deepcopy(dataset), syntax=syntax)).content
        assert isinstance(content, StructureSet)
        assert len(content.structures[0].contours) == 2
        assert content.structures[0].contours[0].image_uid == "1.2.9.1"


@pytest.mark.parametrize("make", [make_plan, make_structures])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_file_cut_anywhere_is_never_read_as_whole(make, syntax: str):
    data = encode(make(), syntax=syntax)
    for end in range(400, len(data), 7):
        try:
            content = read(data[:end]).content
        except ReadError:
            continue
        # A cut between two elements of the file cannot be told from a shorter file.
        assert isinstance(content, Plan | StructureSet)
        if isinstance(content, StructureSet):
            assert all(len(s.contours) in (0, 2) for s in content.structures)


def test_trailing_zeros_are_padding():
    assert isinstance(read(encode(make_plan()) + b"\0\0").content, Plan)


def test_a_deflated_file_may_not_unpack_without_limit():
    data = encode(make_plan(RTPlanDescription="a" * 1024), syntax=DeflatedExplicitVRLittleEndian)
    with pytest.raises(ReadError, match="unpacks to more than"):
        parse(data, limits=ReadLimits(max_file_bytes=500))


def test_a_cut_deflated_file_is_refused():
    data = encode(make_plan(), syntax=DeflatedExplicitVRLittleEndian)
    with pytest.raises(ReadError, match="ends early"):
        read(data[:-10])


def test_noise_in_place_of_deflated_data_is_refused():
    data = encode(make_plan(), syntax=DeflatedExplicitVRLittleEndian)
    start = 144 + int.from_bytes(data[140:144], "little")
    with pytest.raises(ReadError, match="cannot be unpacked"):
        read(data[:start] + b"\xff" * 50)


def test_sequences_nested_without_end_are_refused():
    deep = b"\x08\x00\x40\x11\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5000
    with pytest.raises(ReadError, match="nested"):
        read(deep)


def test_names_are_decoded_by_the_stated_character_set():
    dataset = make_plan(RTPlanLabel="Wirbelsäule")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    content = read(encode(dataset)).content
    assert isinstance(content, Plan)
    assert content.label == "Wirbelsäule"


def test_a_nested_name_is_decoded_too():
    dataset = make_structures(rois={1: "Rückenmark"})
    dataset.SpecificCharacterSet = "ISO_IR 100"
    content = read(encode(dataset)).content
    assert isinstance(content, StructureSet)
    assert content.structures[0].name == "Rückenmark"


@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_decoded_is_replaced_and_not_fatal():
    data = encode(make_plan(RTPlanLabel="T10abc")).replace(b"T10abc", b"T10\xff\xfe\xfd")
    data = data.replace(
        b"\x08\x00\x16\x00", b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 192\x08\x00\x16\x00", 1
    )
    content = read(data).content
    assert isinstance(content, Plan)
    assert content.label.startswith("T10")


@pytest.mark.parametrize("name", [b"ISO_IR 999", b"ISO\0IR 100"])
def test_an_unknown_character_set_is_noted(name: bytes):
    data = encode(make_plan()).replace(
        b"\x08\x00\x16\x00", b"\x08\x00\x05\x00\x0a\x00\x00\x00" + name + b"\x08\x00\x16\x00", 1
    )
    found = read(data)
    assert isinstance(found.content, Plan)
    assert found.content.label == "T10"
    assert "character set" in found.file.notes[0]


def test_an_object_without_instance_uid_is_refused():
    with pytest.raises(ReadError, match="no SOP Instance UID"):
        read(encode(make_plan(), meta=False).replace(b"1.2.3.1\0", b"\0" * 8))


def test_the_sop_class_of_the_meta_stands_in():
    dataset = make_plan()
    data = encode(dataset)
    meta_end = data.index(b"\x08\x00\x16\x00")
    body = data[meta_end:]
    length = int.from_bytes(body[4:8], "little")
    found = read(data[:meta_end] + body[8 + length :])
    assert isinstance(found.content, Plan)
    assert "SOP class taken from the file meta" in found.file.notes


def test_identity_is_read_as_stated():
    dataset = make_image(PatientBirthDate="19500101", PatientSex="F")
    patient = read(encode(dataset)).file.patient
    assert (patient.id, patient.name, patient.birth_date, patient.sex) == (
        "P1",
        "Doe^Jane",
        "19500101",
        "F",
    )


def test_a_missing_patient_id_is_empty():
    dataset = make_plan()
    del dataset.PatientID
    assert read(encode(dataset)).file.patient.id == ""


def test_another_vr_than_the_dictionary_is_read_by_its_own():
    dataset = make_plan()
    dataset.add_new(0x300A00B4, "DS", "")
    del dataset[0x300A00B4]
    beam = dataset.BeamSequence[0]
    del beam.SourceAxisDistance
    beam.add_new(0x300A00B4, "FD", 1000.5)
    content = read(encode(dataset, syntax=ExplicitVRLittleEndian)).content
    assert isinstance(content, Plan)
    assert content.beams[0].source_axis_mm == 1000.5


def test_a_value_in_place_of_a_sequence_is_noted():
    dataset = item()
    dataset.update(make_plan())
    data = encode(dataset)
    beams = data.index(b"\x0a\x30\xb0\x00")
    broken = data[: beams + 8] + b"not items" + data[beams + 17 :]
    content = read(broken).content
    assert isinstance(content, Plan)
    assert content.beams == ()
    assert any("BeamSequence (300A,00B0): is malformed" in note for note in content.notes)
