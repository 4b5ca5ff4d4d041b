"""The 57 checks that plain DICOM allows, each mapped to a check or to the appendix."""

from pathlib import Path

import case_factory as factory
import pytest
import test_checks_delineation as drawing
import test_checks_reirradiation as courses
from check_cases import RUN, context

from benchmarks.commission import INFORMS
from planchecker.checker import build_context
from planchecker.checks.appendix import NEEDS_SITE_LIST, NOT_IN_DICOM, appendix
from planchecker.commission import MUTATIONS
from planchecker.results import NotApplicable

# Row of the list of checks that AAPM TG-275 and MPPG 11.a leave to plain DICOM: codes.
ROWS = {
    1: ("ID001",),
    2: ("ID002",),
    3: ("ID003",),
    4: ("IM001",),
    5: ("ID004", "IM002"),
    6: ("ID006",),
    7: ("ID008",),
    8: ("ID009",),
    9: ("ID005",),
    10: ("ID010",),
    11: ("IM003",),
    12: ("IM004", "IM005"),
    13: ("IM006",),
    14: ("IM007",),
    15: ("IM008",),
    16: (),
    17: ("IM009",),
    18: ("IM010",),
    19: ("IM011",),
    20: ("ST001", "ST002"),
    21: ("ST001", "ST004"),
    22: ("ST002",),
    23: ("ST003",),
    24: ("ST010", "ST005"),
    25: ("ST011",),
    26: ("ST012",),
    27: ("ST013",),
    28: ("ST014",),
    29: ("ST015",),
    30: ("ST016",),
    31: ("ST006", "ST017"),
    32: ("RX001", "RX002", "RX003", "RX005"),
    33: ("RX010", "RX011"),
    34: ("RX004", "BM003"),
    35: ("RX020", "RX021", "TC001"),
    36: ("BM001",),
    37: ("BM002",),
    38: ("BM004",),
    39: ("BM009", "BM010", "BM016"),
    40: ("BM011",),
    41: ("BM006",),
    42: ("BM005",),
    43: ("BM007", "BM008"),
    44: ("BM013",),
    45: ("BM012",),
    46: ("BM014",),
    47: ("BM015",),
    48: ("DG001",),
    49: ("DG002",),
    50: ("DG003",),
    51: ("DG004",),
    52: ("TC004", "TC005"),
    53: ("TC002", "TC003", "DL001", "DL002", "DL010", "DL020", "DL900"),
    54: ("SO001",),
    55: ("DG005",),
    56: ("DG006",),
    57: ("ID007", "RI002"),
}
# Rows, or parts of rows, that stand in the appendix: topic.
IN_APPENDIX = {
    6: "workflow",
    10: "names",
    16: "scanner",
    20: "couch",
    26: "volumes",
    38: "machine",
    41: "travel",
    43: "travel",
    46: "tolerances",
    55: "algorithm",
    57: "earlier treatment",
}
# Checks of the registry for which no error is seeded, and why.
NOT_SEEDED = {
    **dict.fromkeys(INFORMS, "it shows and has no status"),
}
TABLE = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def with_course(**overrides):
    return build_context(
        courses.case_of(), factory.rules()["protocol"], prior=[courses.older(**overrides)]
    )


# What a check that has no status must report: (context, words).
REPORTS = {
    "RI013": (with_course, "low group"),
    "RI015": (with_course, "not applied: 25 % recovery from 6 months on"),
    "RI030": (with_course, "Gy EQD2(0.87)"),
    "DE003": (lambda: drawing.context_of(factory.box(), factory.cylinder()), "PTV and SpinalCord"),
    "DE007": (
        lambda: drawing.context_of(factory.box(), scheme=factory.scheme("postoperative")),
        "cannot be told from an export",
    ),
}


# Errors that the list of deliverables names, by the id of their mutation.
NAMED = (
    *("isocentre-1cm", "isocentre-1cm-along", "other-scan", "other-patient-dose", "dose-x10"),
    *("dose-x-fractions", "swapped", "one-fraction-fewer", "not-as-labelled", "target-gap"),
    *("cord-gap", "mirrored", "shifted-dose", "shifted-dose-along", "cord-cropped", "prv-small"),
    *("leaves-crossed", "no-units", "dose-frame", "plan-frame", "structures-frame"),
    *("image-frame", "older-structures", "several-plans", "neither-reading", "beam-dose"),
)


def test_there_are_57_rows():
    assert list(ROWS) == list(range(1, 58))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_check_or_stands_in_the_appendix(row):
    assert set(ROWS[row]) <= set(RUN)
    assert ROWS[row] or row in IN_APPENDIX
    assert IN_APPENDIX.get(row, "scanner") in {**NEEDS_SITE_LIST, **NOT_IN_DICOM}


@pytest.mark.parametrize("code", RUN)
def test_every_check_has_a_seeded_error_or_a_reason(code):
    seeded = code in {mutation.code for mutation in MUTATIONS}
    assert seeded is not (code in NOT_SEEDED)


def test_every_check_of_a_row_has_a_seeded_error():
    assert not {code for codes in ROWS.values() for code in codes} & set(NOT_SEEDED)


@pytest.mark.parametrize("identifier", NAMED)
def test_the_errors_that_are_asked_for_by_name_are_seeded(identifier):
    assert identifier in {mutation.id for mutation in MUTATIONS}


def test_sixty_errors_at_least_are_seeded():
    assert len({mutation.id for mutation in MUTATIONS}) == len(MUTATIONS) >= 60


def test_the_appendix_lists_everything_once_and_names_the_machine():
    lines = list(appendix(context()))
    assert len(lines) == len(set(lines)) == len(NEEDS_SITE_LIST) + len(NOT_IN_DICOM)
    assert any("LINAC1" in line for line in lines)


def test_what_informs_is_known_to_the_table():
    assert set(REPORTS) == set(INFORMS)
    assert all(f"| {code} | informs | – | – |" in TABLE for code in INFORMS)


@pytest.mark.parametrize("code", REPORTS)
def test_a_check_without_a_status_reports_what_it_should(code):
    situation, words = REPORTS[code]
    told = list(RUN[code](situation()))
    assert all(isinstance(outcome, NotApplicable) for outcome in told)
    assert any(words in outcome.reason for outcome in told), [o.reason for o in told]
    # Where there is nothing to report it does not say it.
    assert not any(words in outcome.reason for outcome in RUN[code](context()))
