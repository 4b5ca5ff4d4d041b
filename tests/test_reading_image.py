"""Image headers and registrations."""

from datetime import date

import numpy as np
import pytest
from dicom_factory import (
    FRAME_UID,
    SERIES_UID,
    encode,
    header,
    item,
    make_image,
    make_registration,
)
from pydicom.dataset import Dataset

from planchecker.case import ImageSlice, Registration
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import DicomObject, read_object

SHIFT = np.array([[1, 0, 0, 5], [0, 1, 0, -3], [0, 0, 1, 2], [0, 0, 0, 1]])
BAD_MATRICES = {
    "fifteen numbers": np.arange(15),
    "perspective": np.ones((4, 4)),
}


def read(dataset: Dataset) -> DicomObject:
    return read_object(encode(dataset), label="in/x", limits=ReadLimits()).content


def test_a_slice_carries_what_its_header_states():
    image = read(
        make_image(
            z_mm=-12.5, GantryDetectorTilt=1.5, ReconstructionDiameter=500, Manufacturer="Maker"
        )
    )
    assert isinstance(image, ImageSlice)
    assert (image.modality, image.series_uid, image.path) == ("CT", SERIES_UID, "in/x")
    assert image.frame_of_reference_uid == FRAME_UID
    assert image.position_mm == (-100, -100, -12.5)
    assert image.orientation == (1, 0, 0, 0, 1, 0)
    assert image.spacing_mm == (1, 2)
    assert (image.rows, image.columns, image.thickness_mm, image.tilt_deg) == (2, 2, 3, 1.5)
    assert image.acquired_on == date(2024, 1, 1)
    assert image.reconstruction_diameter_mm == 500


def test_what_a_header_lacks_is_empty():
    image = read(header("1.2.840.10008.5.1.4.1.1.4", "1.2.9"))
    assert isinstance(image, ImageSlice)
    assert image.modality == "MR"
    assert (image.position_mm, image.orientation, image.spacing_mm) == (None, (), None)
    assert image.acquired_on is None


def test_a_registration_leads_from_the_item_to_the_object():
    found = read(make_registration(SHIFT))
    assert isinstance(found, tuple)
    (registration,) = found
    assert isinstance(registration, Registration)
    assert registration.source_frame_of_reference_uid == "1.2.8.1"
    assert registration.target_frame_of_reference_uid == FRAME_UID
    np.testing.assert_array_equal(registration.matrix, SHIFT)


def test_the_frame_of_reference_of_the_object_itself_adds_nothing():
    assert read(make_registration(np.eye(4), source=FRAME_UID)) == ()


def test_an_identity_beside_the_matrix_changes_nothing():
    dataset = make_registration(SHIFT)
    steps = dataset.RegistrationSequence[0].MatrixRegistrationSequence[0].MatrixSequence
    steps.append(item(FrameOfReferenceTransformationMatrix=np.eye(4).ravel().tolist()))
    found = read(dataset)
    assert isinstance(found, tuple)
    np.testing.assert_array_equal(found[0].matrix, SHIFT)


def test_two_matrices_are_left_out_with_a_note():
    dataset = make_registration(SHIFT)
    steps = dataset.RegistrationSequence[0].MatrixRegistrationSequence[0].MatrixSequence
    steps.append(steps[0])
    found = read_object(encode(dataset), label="x", limits=ReadLimits())
    assert found.content == ()
    assert "holds 2 matrices" in found.file.notes[0]


@pytest.mark.parametrize("matrix", BAD_MATRICES.values(), ids=BAD_MATRICES)
def test_what_is_no_matrix_is_left_out_with_a_note(matrix: np.ndarray):
    found = read_object(encode(make_registration(matrix)), label="x", limits=ReadLimits())
    assert found.content == ()
    assert "not a transformation matrix" in found.file.notes[0]


def test_a_registration_must_name_both_frames():
    found = read_object(encode(make_registration(SHIFT, source="")), label="x", limits=ReadLimits())
    assert found.content == ()
    assert "both frames of reference" in found.file.notes[0]
