"""Histograms of many structures are those of each, however many processes make them."""

import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.many import compute_dvhs
from planchecker.errors import GeometryError
from planchecker.reading import read_case
from planchecker.side_by_side import processes_at_hand
from sample_dicom import write

SAMPLE = "spine-sbrt-24-in-2"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    home = tmp_path_factory.mktemp("spine")
    write(SAMPLE, home)
    return read_case(home)


def same(one, other):
    """Compare two values to the last bit."""
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        pairs = [(getattr(one, name), getattr(other, name)) for name in names]
        return type(one) is type(other) and all(same(a, b) for a, b in pairs)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True) and one.dtype == other.dtype
    return one == other


def test_many_are_what_each_is_alone(case):
    structures, dose = case.structure_set.structures, case.doses[0].grid
    found = compute_dvhs(structures, dose)
    assert len(found) == len(structures) >= 5
    for structure, dvh in zip(structures, found, strict=True):
        assert same(dvh, compute_dvh(structure, dose)), structure.name


def test_a_structure_without_a_volume_is_an_error_in_its_place(case):
    good, dose = case.structure_set.structures[0], case.doses[0].grid
    flat = type(good)(roi_number=99, name="Nothing", contours=())
    first, error, last = compute_dvhs([good, flat, good], dose)
    assert isinstance(error, GeometryError)
    assert "'Nothing'" in str(error)
    assert same(first, last)


BOTH_WAYS = """
import sys
sys.path.insert(0, sys.argv[2])
from test_dosimetry_many import same
from planchecker import side_by_side
from planchecker.dosimetry.many import compute_dvhs
from planchecker.errors import GeometryError
from planchecker.reading import read_case
side_by_side.os.sched_getaffinity = lambda pid: range(3)
case = read_case(sys.argv[1])
structures, dose = case.structure_set.structures, case.doses[0].grid
flat = type(structures[0])(roi_number=99, name="Nothing", contours=())
asked = [*structures, flat, *structures]
assert side_by_side.processes_at_hand() == 3
alone, shared = (compute_dvhs(asked, dose, processes=n) for n in (1, 3))
for one, other in zip(alone, shared, strict=True):
    if isinstance(one, GeometryError):
        assert type(one) is type(other) and str(one) == str(other)
    else:
        assert same(one, other), one.roi_name
print("all the same")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux copies a process safely")
def test_several_processes_change_no_bit(case, tmp_path):
    write(SAMPLE, tmp_path)
    tests = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", BOTH_WAYS, str(tmp_path), tests],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "all the same\n", "")


def test_asking_for_more_processes_than_there_are_is_no_error(case):
    structures, dose = case.structure_set.structures[:2], case.doses[0].grid
    found = compute_dvhs(structures, dose, processes=processes_at_hand() + 50)
    assert [dvh.roi_name for dvh in found] == [structure.name for structure in structures]
