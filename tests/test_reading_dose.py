"""RT Dose: where every voxel lies, what it holds, and why a grid cannot be used."""

from typing import Any

import numpy as np
import pytest
from dicom_factory import encode, encode_rle, item, make_dose
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from planchecker.case import DoseObject
from planchecker.dosimetry.dose import DoseGrid
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import read_object

# Image Orientation (Patient) and the direction of the frames, their cross product
ORIENTATIONS = {
    "head first supine": ([1, 0, 0, 0, 1, 0], [0, 0, 1]),
    "head first prone": ([-1, 0, 0, 0, -1, 0], [0, 0, 1]),
    "feet first supine": ([-1, 0, 0, 0, 1, 0], [0, 0, -1]),
    "feet first prone": ([1, 0, 0, 0, -1, 0], [0, 0, -1]),
    "decubitus right": ([0, 1, 0, -1, 0, 0], [0, 0, 1]),
    "decubitus left": ([0, -1, 0, 1, 0, 0], [0, 0, 1]),
    "sagittal": ([0, 1, 0, 0, 0, -1], [-1, 0, 0]),
    "coronal": ([1, 0, 0, 0, 0, -1], [0, 1, 0]),
    "oblique": ([0.8, 0.6, 0, -0.6, 0.8, 0], [0, 0, 1]),
    "tilted": ([1, 0, 0, 0, 0.96, 0.28], [0, -0.28, 0.96]),
}

# Grid Frame Offset Vector that begins with 0, rising and falling, even and uneven
RELATIVE = ([0, 2.5, 5], [0, -2.5, -5], [0, 1, 5])

# change of the data set, words of the problem
PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "relative dose": ({"DoseUnits": "RELATIVE"}, "export the dose in Gy"),
    "no units": ({"DoseUnits": None}, "Dose Units"),
    "a difference": ({"DoseType": "ERROR"}, "not a dose"),
    "no scaling": ({"DoseGridScaling": None}, "Dose Grid Scaling"),
    "no dose": ({"DoseGridScaling": 0}, "Dose Grid Scaling"),
    "negative scaling": ({"DoseGridScaling": -1}, "Dose Grid Scaling"),
    "overflow": ({"DoseGridScaling": "1e300"}, "not finite"),
    "no position": ({"ImagePositionPatient": None}, "Image Position"),
    "no orientation": ({"ImageOrientationPatient": None}, "Image Orientation"),
    "skewed": ({"ImageOrientationPatient": [1, 0, 0, 0.1, 1, 0]}, "orthogonal"),
    "not unit": ({"ImageOrientationPatient": [2, 0, 0, 0, 1, 0]}, "unit vectors"),
    "no spacing": ({"PixelSpacing": None}, "Pixel Spacing"),
    "spacing of 0": ({"PixelSpacing": [0, 1]}, "Pixel Spacing"),
    "no offsets": ({"GridFrameOffsetVector": None}, "0 values for 2 frames"),
    "too few offsets": ({"GridFrameOffsetVector": [0]}, "1 values for 2 frames"),
    "offsets that repeat": ({"GridFrameOffsetVector": [0, 0]}, "neither rises nor falls"),
    "offsets from nowhere": ({"GridFrameOffsetVector": [7, 9]}, "begins with 7"),
    "no frames": ({"NumberOfFrames": None}, "not a volume"),
    "negative frames": ({"NumberOfFrames": -2}, "-2 frames"),
    "absurd rows": ({"Rows": 65535, "Columns": 65535}, "more than the limit"),
    "absurd frames": ({"NumberOfFrames": 2**31 - 1}, "more than the limit"),
    "no rows": ({"Rows": None}, "None rows"),
    "more rows than data": ({"Rows": 30}, "holds 48 bytes"),
    "fewer rows than data": ({"Rows": 2}, "holds 48 bytes"),
    "no pixels": ({"PixelData": None}, "no Pixel Data"),
    "empty pixels": ({"PixelData": b""}, "no Pixel Data"),
    "8 bits": ({"BitsAllocated": 8}, "Bits Allocated"),
    "12 of 16 bits": ({"BitsStored": 12}, "BitsStored is 12"),
    "colour": ({"SamplesPerPixel": 3}, "SamplesPerPixel is 3"),
}


def read(dataset: Dataset | bytes, *, limits: ReadLimits | None = None) -> DoseObject:
    data = dataset if isinstance(dataset, bytes) else encode(dataset)
    content = read_object(data, label="x", limits=limits or ReadLimits()).content
    assert isinstance(content, DoseObject)
    return content


def grid_of(dataset: Dataset | bytes) -> DoseGrid:
    dose = read(dataset)
    assert dose.problem == ""
    assert dose.grid is not None
    return dose.grid


def dose_at(grid: DoseGrid, point_mm: NDArray[np.float64]) -> float:
    return float(grid.at(point_mm[np.newaxis])[0])


def test_a_dose_carries_what_it_states():
    plan = item(
        ReferencedSOPInstanceUID="1.2.3.1",
        ReferencedFractionGroupSequence=[
            item(
                ReferencedFractionGroupNumber=1,
                ReferencedBeamSequence=[item(ReferencedBeamNumber=n) for n in (2, 3)],
            )
        ],
    )
    dose = read(
        make_dose(
            structures="1.2.3.2",
            ReferencedRTPlanSequence=[plan],
            TissueHeterogeneityCorrection=["IMAGE", "ROI_OVERRIDE"],
            DoseComment="sum",
        )
    )
    assert (dose.units, dose.dose_type, dose.summation) == ("GY", "PHYSICAL", "PLAN")
    assert dose.plan_uids == ("1.2.3.1",)
    assert dose.structure_set_uid == "1.2.3.2"
    assert dose.beam_numbers == (2, 3)
    assert dose.fraction_group == 1
    assert dose.heterogeneity == ("IMAGE", "ROI_OVERRIDE")
    assert dose.comment == "sum"


@pytest.mark.parametrize("bits", [16, 32])
def test_values_are_scaled_to_single_precision_exactly(bits: int):
    top = 2**bits - 1
    stored = np.array([[[0, 1], [2, top]], [[top // 3, 7], [9, top - 1]]])
    grid = grid_of(make_dose(stored=stored, bits=bits, DoseGridScaling="3.1415926535e-7"))
    expected = (stored * 3.1415926535e-7).astype(np.float32)
    np.testing.assert_array_equal(grid.values_gy, expected)


@pytest.mark.parametrize("offsets", RELATIVE)
@pytest.mark.parametrize(("cosines", "normal"), ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_every_voxel_lies_where_the_standard_puts_it(
    cosines: list[float], normal: list[float], offsets: list[float]
):
    stored = np.arange(60).reshape(3, 4, 5)
    position = np.array([-10.0, -20.0, 30.0])
    grid = grid_of(
        make_dose(
            stored=stored,
            ImageOrientationPatient=cosines,
            GridFrameOffsetVector=offsets,
            ImagePositionPatient=position.tolist(),
        )
    )
    along_row, down_column = np.array(cosines[:3]), np.array(cosines[3:])
    for frame, row, column in np.ndindex(stored.shape):
        point = (
            position
            + offsets[frame] * np.array(normal)
            + row * 2 * down_column
            + column * 3 * along_row
        )
        assert dose_at(grid, point) == pytest.approx(0.1 * stored[frame, row, column], abs=1e-5)


@pytest.mark.parametrize("offsets", [[30, 32.5, 35], [30, 27.5, 25]])
@pytest.mark.parametrize("name", ["head first supine", "head first prone", "feet first supine"])
def test_offsets_may_be_patient_coordinates_on_transverse_planes(name: str, offsets: list[float]):
    stored = np.arange(60).reshape(3, 4, 5)
    cosines = ORIENTATIONS[name][0]
    dose = read(
        make_dose(stored=stored, ImageOrientationPatient=cosines, GridFrameOffsetVector=offsets)
    )
    assert dose.grid is not None
    for frame in range(3):
        point = np.array([-10.0, -20.0, offsets[frame]])
        assert dose_at(dose.grid, point) == pytest.approx(0.1 * stored[frame, 0, 0], abs=1e-5)
    assert bool(dose.notes) == name.startswith("feet")


@pytest.mark.parametrize("name", ["sagittal", "tilted"])
def test_patient_coordinates_on_other_planes_are_a_problem(name: str):
    dose = make_dose(
        ImageOrientationPatient=ORIENTATIONS[name][0], GridFrameOffsetVector=[30, 32.5]
    )
    assert "neither zero nor" in read(dose).problem


def test_pixels_need_not_be_square():
    grid = grid_of(make_dose())
    assert grid.row_mm.tolist() == [0, 2, 4]
    assert grid.column_mm.tolist() == [0, 3, 6, 9]


def test_cosines_are_made_exactly_orthogonal():
    grid = grid_of(make_dose(ImageOrientationPatient=[1, 4e-4, 0, 0, 1, 0]))
    np.testing.assert_allclose(grid.axes @ grid.axes.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(("change", "words"), PROBLEMS.values(), ids=PROBLEMS)
def test_an_unusable_grid_is_a_problem_and_not_fatal(change: dict[str, Any], words: str):
    dose = read(make_dose(**change))
    assert dose.grid is None
    assert words in dose.problem


def test_one_plane_is_no_volume():
    dose = read(make_dose(stored=np.zeros((1, 3, 4))))
    assert "not a volume" in dose.problem


def test_negative_dose_is_a_problem():
    stored = np.full((2, 3, 4), 2**16 - 1)
    dose = read(make_dose(stored=stored, PixelRepresentation=1))
    assert "negative" in dose.problem


def test_signed_values_that_are_not_negative_are_read():
    assert grid_of(make_dose(PixelRepresentation=1)).max_gy == pytest.approx(2.3)


def test_the_limit_of_voxels_is_kept():
    dose = read(make_dose(), limits=ReadLimits(max_dose_voxels=23))
    assert "more than the limit of 23 voxels" in dose.problem


@pytest.mark.parametrize("cut", [1, 8, 40, 47])
def test_cut_pixels_are_a_problem(cut: int):
    dose = read(encode(make_dose())[:-cut])
    assert "Pixel Data (7FE0,0010) are cut" in dose.problem


def test_a_position_of_two_numbers_is_no_position():
    dose = read(make_dose(ImagePositionPatient=[1, 2]))
    assert "no Image Position" in dose.problem
    assert "holds 2 values where three are expected" in dose.notes[0]


def test_run_length_data_longer_than_the_grid_are_refused_before_decoding():
    noise = np.random.default_rng(1).integers(0, 2**16, size=(2, 40, 40))
    data = encode_rle(make_dose(stored=noise))
    rows = b"\x28\x00\x10\x00US\x02\x00"
    dose = read(data.replace(rows + b"\x28\x00", rows + b"\x02\x00"))
    assert "longer than the dose grid" in dose.problem


def dvh(*, kind: str = "CUMULATIVE", data: Any = (1, 8, 1, 4, 2, 2), **elements: Any) -> Dataset:
    one = item(
        DVHReferencedROISequence=[item(ReferencedROINumber=5)],
        DVHType=kind,
        DoseUnits="GY",
        DVHVolumeUnits="CM3",
        DVHDoseScaling=2,
        DVHData=list(data),
        DVHMeanDose=3,
    )
    one.update(item(**elements))
    return one


def test_a_cumulative_stored_dvh_begins_with_the_whole_volume_at_0():
    (curve,) = read(make_dose(DVHSequence=[dvh()])).stored_dvhs
    assert curve.dose.tolist() == [0, 2, 4]
    assert curve.volume.tolist() == [8, 4, 2]
    assert (curve.roi_number, curve.stated_mean, curve.stated_maximum) == (5, 3, None)
    assert (curve.dose_units, curve.volume_units) == ("GY", "CM3")


def test_a_differential_stored_dvh_is_summed_from_its_high_end():
    (curve,) = read(
        make_dose(DVHSequence=[dvh(kind="DIFFERENTIAL", data=(1, 4, 1, 2, 2, 2))])
    ).stored_dvhs
    assert curve.dvh_type == "DIFFERENTIAL"
    assert curve.dose.tolist() == [0, 2, 4]
    assert curve.volume.tolist() == [8, 4, 2]


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "NATURAL"},
        {"data": (1, 2, 3)},
        {"data": ()},
        {"data": (-1, 2)},
        {"DVHDoseScaling": 0},
        {"DVHReferencedROISequence": [item(ReferencedROINumber=1), item(ReferencedROINumber=2)]},
        {"DVHReferencedROISequence": [item(DVHROIContributionType="INCLUDED")]},
    ],
)
def test_a_stored_dvh_that_is_not_one_curve_of_one_roi_is_left_out(bad: dict[str, Any]):
    dose = read(make_dose(DVHSequence=[dvh(**bad), dvh()]))
    assert len(dose.stored_dvhs) == 1
    assert "stored DVH 1 is left out" in dose.notes[-1]
