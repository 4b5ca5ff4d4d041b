"""Every `fail` and `warn` on exports of clinical systems, each with the reason why it is true."""

from functools import cache
from pathlib import Path

import pytest

from planchecker.checker import check
from planchecker.reading import read_cases

REAL = Path(__file__).parents[2] / "shared" / "real-dicom"
FOLDERS = sorted(path.name for path in REAL.iterdir() if path.is_dir()) if REAL.is_dir() else []
pytestmark = pytest.mark.skipif(not FOLDERS, reason="the folder of real exports is not here")

THREE_CENTRES = (
    "Exports of three centres for one plan challenge lie in one folder, each with its own ID."
)
# (folder, plan label): {(code, subject, status): why it is true}
EXPECTED = {
    ("eclipse-breast-storeddvh", "B1"): {
        (
            "ST011",
            "BODY",
            "warn",
        ): "Nine loops of less than 0.05 cc lie apart from the body: traces "
        "of its automatic outline.",
    },
    ("eclipse-chestwall-plans", "LT CW BOL"): {
        ("ID006", "plan", "fail"): "The export says REJECTED.",
        ("BM001", "beams", "warn"): "Segments of a field-in-field plan are written as beams of "
        "their own with 4 to 5 MU each.",
    },
    ("eclipse-chestwall-plans", "LT CW e-"): {
        ("RX011", "technique", "warn"): "Electrons: the house table names none.",
    },
    ("eclipse-prostate-phantom-nodose", "PROS"): {
        ("ST004", "CTV", "warn"): "The target is listed without contours.",
        ("ST004", "PROS", "warn"): "The target is listed without contours.",
    },
    ("lung2018-multi-tps-a", "AVMAT"): {
        ("ID001", "patient", "fail"): THREE_CENTRES,
        ("BM008", "1", "warn"): "A beam with dynamic jaws that close to 10 mm.",
        ("DG004", "dose", "fail"): "The plan states 20 Gy in 3 fractions; the highest dose of its "
        "PLAN dose is 10.3 Gy.",
    },
    ("lung2018-multi-tps-a", "Plan_04 98.2?"): {
        ("ID001", "patient", "fail"): THREE_CENTRES,
        ("ST011", "BODY_P6", "warn"): "Loops of at most 0.01 cc beside the body.",
        ("ST011", "CHEST WALL", "warn"): "Loops of at most 0.01 cc beside the chest wall.",
        ("ST016", "CHEST WALL", "warn"): "It reaches up to 3.4 mm through the skin, on 47 slices.",
    },
    ("lung2018-multi-tps-a", "VMAT.0"): {("ID001", "patient", "fail"): THREE_CENTRES},
    ("monaco-srs-structs", None): {
        ("ID001", "patient", "fail"): "Two structure sets of two phantoms lie in one folder.",
    },
    ("pinnacle-hn-3phase", "ANON"): {
        ("ST001", "body", "warn"): "No external contour was exported.",
        ("ST005", "GTV_Low Volume", "warn"): "Involved nodes drawn on separate levels, with a "
        "slice missing in one of them.",
        ("ST010", "Lips", "warn"): "Nothing is drawn between 342.5 and 351.5 mm on slices of 3 mm, "
        "and the outlines on both sides overlap.",
        ("ST011", "BrachialPlexus_R", "warn"): "Pieces of a thin nerve, 0.2 to 0.5 cc, that do not "
        "overlap from slice to slice.",
        ("ST011", "Brachial Plexus_L", "warn"): "Pieces of a thin nerve, 0.2 to 0.5 cc, that do "
        "not overlap from slice to slice.",
        ("BM008", "1B", "warn"): "A segment with jaws 29 mm apart.",
        ("BM008", "2B", "warn"): "A segment with jaws 24 mm apart.",
    },
    ("pydicom-tiny-rt", "Plan1"): {
        ("ID001", "patient", "fail"): "Plan and structures of the test set are of two patients.",
    },
    ("raystation-proton-ramp", "Slope101010E_o_1"): {
        ("ID001", "patient", "fail"): "The anonymised plan carries another patient ID than its "
        "structures and doses.",
        ("RX011", "technique", "warn"): "Protons: the house table names none.",
    },
}


@cache
def flagged(folder):
    found = {}
    for case in read_cases([REAL / folder]):
        label = case.plan.label if case.plan else None
        label = label.replace("\ufffd", "?").strip() if label else label
        found.setdefault(label, set()).update(
            (finding.code, finding.subject, finding.status.value)
            for finding in check(case).findings
            if finding.status in ("fail", "warn")
        )
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_flagged_is_true(folder):
    expected = {label: set(rows) for (home, label), rows in EXPECTED.items() if home == folder}
    found = {label: rows for label, rows in flagged(folder).items() if rows}
    assert found == expected


def test_every_explanation_is_one():
    assert all(len(why) > 20 for rows in EXPECTED.values() for why in rows.values())
