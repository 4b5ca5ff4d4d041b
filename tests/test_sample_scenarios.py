"""Scenarios: written, read and checked, with what is known about them."""

import pytest

from planchecker.checker import check
from planchecker.courses import Exported
from planchecker.reading import read_case
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
