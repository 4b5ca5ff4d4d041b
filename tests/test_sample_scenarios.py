"""Scenarios: written, read and checked, with what is known about them."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pydicom
import pytest

from planchecker.checker import check
from planchecker.cli.prior import read_priors
from planchecker.courses import Exported
from planchecker.errors import PlanCheckerError
from planchecker.reading import read_case, read_cases
from planchecker.results import Status
from sample_dicom.scenarios import SCENARIOS, scenarios, write_scenario


@pytest.fixture(scope="module")
def reirradiation(tmp_path_factory):
    return write_scenario("reirradiation-registered", tmp_path_factory.mktemp("again"))


def found(report, code):
    return [finding for finding in report.findings if finding.code == code]


def test_every_scenario_is_described():
    assert scenarios() == tuple(SCENARIOS)
    assert all(
        one.title and one.expected and one.folders[0] == "plan" for one in SCENARIOS.values()
    )


def test_an_unknown_scenario_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there are reirradiation-registered"):
        write_scenario("none", tmp_path)


def test_the_same_scenario_gives_the_same_bytes(reirradiation, tmp_path):
    again = write_scenario("reirradiation-registered", tmp_path)
    for one, other in zip(reirradiation, again, strict=True):
        for name in ("RP.dcm", "RD.dcm", "RS.dcm"):
            assert (one / name).read_bytes() == (other / name).read_bytes()


def test_retreatment_is_added_voxel_by_voxel(reirradiation):
    plan, earlier = (read_case(folder) for folder in reirradiation)
    report = check(plan, prior=[Exported(case=earlier)])
    laid = found(report, "RI003")
    assert [f.status for f in laid] == [Status.PASS]
    assert "voxel by voxel" in laid[0].message
    conditions = {f.limit: f for f in found(report, "RI010")}
    assert {bound: f.status.value for bound, f in conditions.items()} == {
        70.0: "pass",
        25.0: "pass",
        0.5: "pass",
        5.0: "pass",
    }
    # 20.3 Gy in 5 fractions at the sac are 30.8 Gy EQD2(2); the new course adds what it gives.
    assert 30.0 < conditions[70.0].value < 31.0 + conditions[25.0].value
    assert [f.status for f in found(report, "RI012")] == [Status.PASS]
    assert Status.FAIL not in {f.status for f in report.findings}
    assert {f.path for f in earlier.files} <= {f.path for f in report.inputs}


def test_without_the_registration_the_sum_is_bounded(reirradiation):
    plan, earlier = (read_case(folder) for folder in reirradiation)
    plan = type(plan)(**{n: getattr(plan, n) for n in plan.__slots__} | {"registrations": ()})
    report = check(plan, prior=[earlier])
    assert [f.status for f in found(report, "RI003")] == [Status.WARN]
    bound = next(f for f in found(report, "RI010") if f.limit == 70.0)
    assert "hot spots coinciding" in bound.message


def test_priors_are_read_from_folder_list_and_line(reirradiation, tmp_path):
    _, earlier = reirradiation
    listed = tmp_path / "courses.toml"
    listed.write_text(f'[[course]]\npath = "{earlier.as_posix()}"\nend = 2023-04-01\n')
    folder, entry, typed = read_priors([str(earlier), str(listed), "dose_gy=8,fractions=1"])
    assert folder.case.plan.prescription.dose_gy == 20.0
    assert folder.stated is None
    assert entry.stated.ended_on.isoformat() == "2023-04-01"
    assert typed.scheme == "8 Gy in 1 fraction"


def test_a_prior_that_is_nowhere_is_refused(tmp_path):
    with pytest.raises(PlanCheckerError, match="does not exist"):
        read_priors([str(tmp_path / "none")])


def test_the_command_line_takes_a_prior(reirradiation):
    plan, earlier = reirradiation
    command = [sys.executable, "-m", "planchecker", "check", str(plan), "--prior", str(earlier)]
    done = subprocess.run(
        [*command, "--format", "json"], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    assert done.returncode == report["exit_code"] == 3, done.stderr
    codes = {f["code"] for f in report["findings"]}
    assert {"RI001", "RI003", "RI010", "RI011", "RI012"} <= codes


def test_a_missed_sector_is_found(tmp_path):
    (folder,) = write_scenario("missed-sector", tmp_path)
    report = check(read_case(folder))
    sectors = found(report, "DE001")
    assert {f.status for f in sectors} == {Status.WARN}
    missing = " ".join(f.message for f in sectors)
    assert "the left pedicle belongs to the CTV" in missing
    assert "the left transverse process and lamina belongs to the CTV" in missing
    assert "right" not in missing.replace("right reserved", "")
    assert all(f.location_mm is not None for f in sectors)


def test_two_targets_share_an_isocentre(tmp_path):
    (folder,) = write_scenario("two-targets", tmp_path)
    report = check(read_case(folder))
    budget = {f.subject: f for f in found(report, "TC015")}
    assert set(budget) == {"PTV", "PTV_T12"}
    assert budget["PTV_T12"].value == pytest.approx(0.97, abs=0.1)
    assert report.status is Status.PASS


def rewritten(reirradiation, tmp_path, change):
    """Copy the plan's folder with its registration changed."""
    folder = tmp_path / "plan"
    shutil.copytree(reirradiation[0], folder)
    dataset = pydicom.dcmread(folder / "REG.dcm")
    change(dataset)
    dataset.save_as(folder / "REG.dcm")
    return folder


def turned_round(dataset):
    for item in dataset.RegistrationSequence:
        for matrix in item.MatrixRegistrationSequence[0].MatrixSequence:
            stated = np.array(matrix.FrameOfReferenceTransformationMatrix, dtype=float)
            inverse = np.linalg.inv(stated.reshape(4, 4)).round(9)
            matrix.FrameOfReferenceTransformationMatrix = inverse.ravel().tolist()


def test_a_matrix_written_the_wrong_way_round_is_noticed(reirradiation, tmp_path):
    folder = rewritten(reirradiation, tmp_path, turned_round)
    report = check(read_case(folder), prior=[read_case(reirradiation[1])])
    (laid,) = found(report, "RI003")
    assert laid.status is Status.MANUAL
    assert "the direction may be wrong" in laid.message


def deformable(dataset):
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.3"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID


def test_a_deformable_registration_is_refused_in_words(reirradiation, tmp_path):
    folder = rewritten(reirradiation, tmp_path, deformable)
    report = check(read_case(folder), prior=[read_case(reirradiation[1])])
    (laid,) = found(report, "RI003")
    assert laid.status is Status.MANUAL
    assert "only a deformable registration" in laid.message


def test_an_earlier_plan_in_the_same_folder_is_listed_by_itself(reirradiation):
    reports = [check(case) for case in read_cases(reirradiation[0].parent)]
    assert len(reports) == 2
    for report in reports:
        (other,) = found(report, "RI002")
        assert other.status is Status.MANUAL
        assert "overlapping" in other.message
        assert "cc over" in other.message
        assert "dated 202" in other.message


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("sacrum-24-in-2", ("DE006", "DL001", "TC010")),
        ("femur-35-in-5", ("DE005", "TC010", "TC011", "TC012")),
    ],
)
def test_stereotactic_sites_are_clean_and_asked_for_their_own(name, codes, tmp_path):
    (folder,) = write_scenario(name, tmp_path)
    report = check(read_case(folder))
    assert report.attention == ()
    assert all([f.status for f in found(report, code)] == [Status.PASS] for code in codes)
