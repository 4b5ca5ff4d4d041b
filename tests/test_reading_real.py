"""The reader on real exports of many planning systems."""

import time
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from planchecker.case import LinkKind
from planchecker.reading import ReadLimits, read_case, read_cases
from planchecker.reading.objects import read_object

REAL = Path(__file__).parents[2] / "shared" / "real-dicom"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real exports are not at hand")

FOLDERS = sorted(path.name for path in REAL.iterdir() if path.is_dir()) if REAL.is_dir() else []

# folder, plans, structure sets of the first case, usable doses of all cases
WHOLE = {
    "brachy-hdr-water": (1, 1, 0),
    "dose-orientations-a": (0, 0, 0),
    "eclipse-breast-storeddvh": (1, 1, 1),
    "eclipse-chestwall-plans": (4, 0, 0),
    "eclipse-prostate-phantom-nodose": (1, 1, 0),
    "lung2018-multi-tps-a": (3, 0, 2),
    "monaco-srs-structs": (0, 1, 0),
    "monaco-three-rx-one-plan": (4, 0, 0),
    "oncentra-slab-phantom": (1, 1, 4),
    "pinnacle-hn-3phase": (1, 1, 1),
    "raystation-proton-ramp": (1, 1, 3),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_gives_cases_and_every_file_is_accounted_for(folder: str):
    cases = read_cases([REAL / folder])
    seen = {file.path for file in cases[0].files} | {file.path for file in cases[0].foreign}
    assert len(seen) == sum(path.is_file() for path in (REAL / folder).rglob("*"))


@pytest.mark.parametrize(("folder", "expected"), WHOLE.items())
def test_what_a_folder_holds(folder: str, expected: tuple[int, int, int]):
    cases = read_cases([REAL / folder])
    plans = sum(case.plan is not None for case in cases)
    usable = sum(dose.grid is not None for case in cases for dose in case.doses)
    assert (plans, int(cases[0].structure_set is not None), usable) == expected


def test_the_whole_tree_is_read():
    cases = read_cases([REAL])
    assert sum(case.plan is not None for case in cases) > 15


def test_a_breast_plan_in_full():
    case = read_case(REAL / "eclipse-breast-storeddvh")
    assert case.plan is not None
    assert case.structure_set is not None
    prescription = case.plan.prescription
    assert (prescription.dose_gy, prescription.fractions) == (14, 7)
    assert len(case.structure_set.structures) == 10
    assert {found.kind for found in case.links} == {LinkKind.REFERENCE}
    (dose,) = case.doses
    assert len(dose.stored_dvhs) == 9
    assert dose.grid is not None
    assert dose.grid.values_gy.shape == (98, 129, 194)


def test_contours_are_the_numbers_that_pydicom_reads():
    path = REAL / "eclipse-breast-storeddvh" / "rtss.dcm"
    structures = read_cases([path])[0].structure_set
    assert structures is not None
    by_number = {structure.roi_number: structure for structure in structures.structures}
    for roi in dcmread(path).ROIContourSequence:
        contours = by_number[roi.ReferencedROINumber].contours
        expected = [np.array(c.ContourData, dtype=float) for c in roi.get("ContourSequence", [])]
        assert len(contours) == len(expected)
        for found, values in zip(contours, expected, strict=True):
            np.testing.assert_array_equal(found.points_mm.ravel(), values)


def test_a_structure_set_of_2_megabytes_is_read_far_faster_than_pydicom_converts_it():
    data = (REAL / "eclipse-prostate-phantom-nodose").glob("RS*")
    content = next(data).read_bytes()
    best = min(_seconds(content) for _ in range(5))
    # 0.06 s on a quiet machine; pydicom's own conversion takes about 1 s.
    assert best < 0.4


def _seconds(content: bytes) -> float:
    start = time.perf_counter()
    read_object(content, label="x", limits=ReadLimits())
    return time.perf_counter() - start
