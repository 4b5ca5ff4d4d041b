"""A plain palliative field is asked for nothing that only stereotactic treatment needs."""

import case_factory as factory
import pytest
from check_cases import BODY, CORD, PTV, RUN

import sample_dicom
from constraints.loader import load
from constraints.model import Technique
from planchecker.checker import check
from planchecker.checker.measuring import build_context
from planchecker.reading import read_case
from planchecker.results import Finding, NotApplicable

# What is asked of stereotactic plans only, by code.
DEMANDS = (
    *("DG002", "IM005", "DL001"),
    *("TC010", "TC011", "TC012", "TC013", "TC014", "TC015", "TC020"),
    *("DE001", "DE002", "DE003"),
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("femur")
    sample_dicom.write("long-bone-8-in-1", folder)
    return check(read_case(folder))


@pytest.fixture(scope="module")
def spine():
    """Opposed pair of 8 Gy in 1 on a vertebra, on slices and a dose grid of 5 mm."""
    plan = factory.plan(8, 1, beams=factory.beams("static"), label="L3 8/1")
    grid = factory.uniform_dose(8.0, half_mm=(60.0, 60.0, 60.0), spacing_mm=5.0)
    case = factory.case(
        plan=plan,
        structure_set=factory.structure_set(PTV, CORD, BODY),
        doses=(factory.dose(grid),),
        images=factory.images(31, spacing_mm=5.0),
    )
    return build_context(case, factory.rules()["protocol"])


def test_a_correct_opposed_pair_needs_nobody(report):
    assert report.status == "pass"
    assert report.attention == ()
    assert report.exit_code == 0


def test_no_limit_of_stereotactic_tables_is_tested_on_it(report):
    asked = {finding.guideline for finding in report.findings if finding.guideline}
    assert not asked & {"hytec-cord-2021", "tg101-2010"}
    for name in asked - {"bone_metastases"}:
        assert any(limit.technique is not Technique.STEREOTACTIC for limit in load(name).limits)


@pytest.mark.parametrize("code", DEMANDS)
def test_a_field_on_the_spine_raises_no_stereotactic_demand(spine, code):
    assert spine.technique.worlds == (Technique.CONVENTIONAL,)
    found = list(RUN[code](spine))
    assert found
    assert all(isinstance(outcome, NotApplicable) for outcome in found)


def test_a_coarse_grid_and_thick_slices_are_named_as_not_asked_for(spine):
    reasons = {code: next(iter(RUN[code](spine))).reason for code in ("DG002", "IM005")}
    assert all("plain palliative field" in reason for reason in reasons.values())


def test_what_matters_is_still_asked_of_it(spine):
    asked = ("DL002", "RX010", "TC005", "BM001", "BM016", "DG001", "DG003", "ST017")
    found = {code: list(RUN[code](spine)) for code in asked}
    assert all(isinstance(one, Finding) for outcomes in found.values() for one in outcomes)
