"""The cases a batch is measured with are distinct, real and cheap; the watching counts right."""

import sqlite3
import sys
from contextlib import closing

import pydicom
import pytest
from batch_store_factory import C, write_store

from benchmarks.batch import by_kind, grown, sizes
from benchmarks.many import KINDS, write_case, write_many
from planchecker.checker import check
from planchecker.reading import read_cases
from planchecker.results import Status

MOST_BYTES, MOST_ON_AVERAGE = 600_000, 400_000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return list(write_many(tmp_path_factory.mktemp("many"), 8, seed=3))


def objects(folder):
    return {path.name: pydicom.dcmread(path) for path in sorted(folder.iterdir())}


def test_no_identifier_of_an_object_or_a_patient_occurs_twice(many):
    uids, patients = [], set()
    for folder in many:
        found = objects(folder)
        uids += [one.SOPInstanceUID for one in found.values()]
        assert len({one.PatientID for one in found.values()}) == 1
        assert all(
            one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID for one in found.values()
        )
        patients.add((found["RP.dcm"].PatientID, str(found["RP.dcm"].PatientName)))
    assert len(set(uids)) == len(uids)
    assert len(patients) == len(many)


def test_references_stay_within_a_case(many):
    for folder in many:
        found = objects(folder)
        plan, dose = found["RP.dcm"], found["RD.dcm"]
        named = plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
        assert named == found["RS.dcm"].SOPInstanceUID
        assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
        assert len({one.FrameOfReferenceUID for one in found.values()}) == 1
        images = {one.SOPInstanceUID for name, one in found.items() if name.startswith("CT")}
        contour = found["RS.dcm"].ROIContourSequence[0].ContourSequence[0]
        assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID in images


def test_dose_contours_and_dates_differ_between_cases_of_one_kind(many):
    first, second = objects(many[0]), objects(many[len(KINDS)])
    assert first["RP.dcm"].RTPlanLabel == second["RP.dcm"].RTPlanLabel
    assert first["RD.dcm"].PixelData != second["RD.dcm"].PixelData

    def cord(one):
        names = [roi.ROIName for roi in one["RS.dcm"].StructureSetROISequence]
        contours = one["RS.dcm"].ROIContourSequence[names.index("SpinalCord")].ContourSequence
        return list(contours[0].ContourData)

    assert cord(first) != cord(second)
    assert first["RP.dcm"].RTPlanDate != second["RP.dcm"].RTPlanDate


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_patient(tmp_path, many):
    again = write_case(tmp_path / "again", 5, seed=3)
    other = write_case(tmp_path / "other", 5, seed=4)
    for path in many[5].iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
        assert (other / path.name).read_bytes() != path.read_bytes()


def test_the_order_in_which_cases_are_written_changes_nothing(tmp_path, many):
    backwards = [write_case(tmp_path, index, seed=3) for index in (5, 1)]
    for folder, first in zip(backwards, (many[5], many[1]), strict=True):
        assert (folder / "RS.dcm").read_bytes() == (first / "RS.dcm").read_bytes()


def test_a_case_is_small(many):
    found = [sum(path.stat().st_size for path in folder.iterdir()) for folder in many]
    assert max(found) < MOST_BYTES
    assert sum(found) / len(found) < MOST_ON_AVERAGE


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_a_case_of_each_kind_is_read_and_judged(many, index):
    (case,) = read_cases([many[index]])
    assert case.notes == ()
    report = check(case)
    assert report.plan is not None
    assert report.plan.scheme.id
    assert not [f for f in report.findings if f.status is Status.NOT_EVALUATED]
    dose, fractions = tuple(KINDS)[index]
    assert (report.plan.prescribed_dose_gy, report.plan.fractions) == (dose, fractions)


def test_a_run_is_watched_by_its_own_memory_and_the_cases_in_its_store(tmp_path):
    write_store(tmp_path / "planchecker.sqlite", [C(key="a"), C(key="b", plan_uid="1")])
    hold = "import time; held = bytearray(64 * 1024 * 1024); time.sleep(1.5); raise SystemExit(3)"
    found = grown([sys.executable, "-c", hold], tmp_path, every_s=0.1)
    assert found.code == 3
    assert {sample.cases for sample in found.samples} <= {2}
    if sys.platform == "linux":
        assert 64 < max(sample.resident_mb for sample in found.samples) < 200


def test_each_kind_gets_a_row(many):
    *_, rule, first, second = by_kind(many[:2]).splitlines()
    assert set(rule) == {"-", " "}
    assert (first[:10], second[:10]) == ("T 30Gy/10 ", "T 20Gy/5  ")


def test_sizes_are_told_apart(tmp_path):
    for name, size in {
        "planchecker.sqlite": 5, "planchecker.sqlite-wal": 2, "cases/a/report.json": 11,
        "index.html": 3, "assets/dashboard.js": 4, "results.jsonl": 1,
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert sizes(tmp_path) == {"store": 7, "reports": 11, "dashboard": 7, "other": 1}


def test_a_store_that_is_only_begun_counts_as_empty(tmp_path):
    with closing(sqlite3.connect(tmp_path / "planchecker.sqlite")) as opened, opened:
        opened.execute("CREATE TABLE batch (id)")
    found = grown([sys.executable, "-c", "import time; time.sleep(0.6)"], tmp_path, every_s=0.1)
    assert {sample.cases for sample in found.samples} <= {0}
    assert found.code == 0
