"""Objects with one hostile or missing value: a finding or a refusal, never a number or a crash.

Each row changes one thing in the files of a sample that passes; the report names what is wrong
by its code, and the exit code is not 0.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

import planchecker
from planchecker.results import Status
from sample_dicom import write

SAMPLE = "cord-compression-30-in-10"


def far(name: str, *place_mm: float) -> Callable[[Dataset], None]:
    """Put the first vertex of a structure somewhere else."""

    def change(structures: Dataset) -> None:
        (number,) = (
            roi.ROINumber for roi in structures.StructureSetROISequence if roi.ROIName == name
        )
        (contours,) = (
            roi for roi in structures.ROIContourSequence if roi.ReferencedROINumber == number
        )
        first = contours.ContourSequence[0]
        first.ContourData = [*place_mm, *first.ContourData[3:]]

    return change


def dangling_target(plan: Dataset) -> None:
    for reference in plan.DoseReferenceSequence:
        reference.ReferencedROINumber = 999


def minutes(plan: Dataset) -> None:
    for beam in plan.BeamSequence:
        beam.PrimaryDosimeterUnit = "MINUTE"


def nine_beams(plan: Dataset) -> None:
    plan.FractionGroupSequence[0].NumberOfBeams = 9


def without_angle(keyword: str) -> Callable[[Dataset], None]:
    def change(plan: Dataset) -> None:
        for beam in plan.BeamSequence:
            for point in beam.ControlPointSequence:
                if keyword in point:
                    delattr(point, keyword)

    return change


def narrow(image: Dataset) -> None:
    image.Columns = 1


# What is changed in which object, and the code that must speak up.
ROWS = {
    "PTV vertex at 9e15 mm": ("RTSTRUCT", far("PTV", 9e15, 0, 0), "TC001"),
    "PTV vertex 20 m away": ("RTSTRUCT", far("PTV", 0, -2e4, 0), "TC001"),
    "CTV vertex at 9e15 mm": ("RTSTRUCT", far("CTV", 9e15, 0, 0), "ST014"),
    "cord vertex at 9e15 mm": ("RTSTRUCT", far("SpinalCord", 9e15, 0, 0), "DL002"),
    "body vertex at 9e15 mm": ("RTSTRUCT", far("External", 9e15, 9e15, 0), "ST016"),
    "prescribed to an ROI that is not there": ("RTPLAN", dangling_target, "ID003"),
    "metersets in minutes": ("RTPLAN", minutes, "BM001"),
    "nine beams stated": ("RTPLAN", nine_beams, "RX002"),
    "no collimator angle": ("RTPLAN", without_angle("BeamLimitingDeviceAngle"), "BM006"),
    "no couch angle": ("RTPLAN", without_angle("PatientSupportAngle"), "BM006"),
    "no gantry angle": ("RTPLAN", without_angle("GantryAngle"), "BM006"),
    "a slice of one column": ("CT", narrow, "IM004"),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write(SAMPLE, folder)
    return folder


@pytest.fixture(name="object_file")
def restored(sample: Path) -> Iterator[Callable[[str], Path]]:
    """Give the file of a modality, and put back what it held."""
    before: dict[Path, bytes] = {}

    def find(modality: str) -> Path:
        for path in sorted(sample.rglob("*.dcm")):
            if pydicom.dcmread(path, stop_before_pixels=True).Modality == modality:
                before[path] = path.read_bytes()
                return path
        raise AssertionError(modality)

    yield find
    for path, content in before.items():
        path.write_bytes(content)


def test_the_sample_itself_passes(sample):
    (case,) = planchecker.read_cases([sample])
    assert planchecker.check(case).status is Status.PASS


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_hostile_value_is_named(row, sample, object_file):
    modality, change, code = row
    path = object_file(modality)
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    (case,) = planchecker.read_cases([sample])
    report = planchecker.check(case)
    assert report.exit_code != 0
    spoken = {f.code for f in report.findings if f.status not in (Status.PASS, Status.WARN)}
    assert code in spoken
