"""Every `fail` and `warn` on exports of clinical systems, each with the reason why it is true."""

from functools import cache
from pathlib import Path

import pytest

from planchecker.checker import check
from planchecker.reading import read_cases

REAL = Path(__file__).parents[2] / "shared" / "real-dicom"
FOLDERS = sorted(path.name for path in REAL.iterdir() if path.is_dir()) if REAL.is_dir() else []
pytestmark = pytest.mark.skipif(not FOLDERS, reason="the folder of real exports is not here")

# (folder, plan label): {(code, subject, status)}
EXPECTED = {
    ("eclipse-breast-storeddvh", "B1"): {
        # Nine loops of less than 0.05 cc lie apart from the body: traces of its automatic outline.
        ("ST011", "BODY", "warn"),
    },
    ("eclipse-chestwall-plans", "LT CW BOL"): {
        # The export says REJECTED.
        ("ID006", "plan", "fail"),
        # Segments of a field-in-field plan, written as beams of their own with 4 to 5 MU each.
        ("BM001", "beams", "warn"),
    },
    ("eclipse-chestwall-plans", "LT CW e-"): {
        # Electrons: the house table names none.
        ("RX011", "technique", "warn"),
    },
    ("eclipse-prostate-phantom-nodose", "PROS"): {
        # Ten ROIs of this phantom are listed without contours; two of them are targets.
        ("ST004", "CTV", "warn"),
        ("ST004", "PROS", "warn"),
    },
    ("lung2018-multi-tps-a", "AVMAT"): {
        # Exports of three centres for one plan challenge lie in one folder, each with its own ID.
        ("ID001", "patient", "fail"),
        # A beam with dynamic jaws that close to 10 mm.
        ("BM008", "1", "warn"),
        # The plan states 20 Gy in 3 fractions; the highest dose of its PLAN dose is 10.3 Gy.
        ("DG004", "dose", "fail"),
    },
    ("lung2018-multi-tps-a", "Plan_04 98.2?"): {
        ("ID001", "patient", "fail"),
        # Loops of at most 0.01 cc beside the body and the chest wall.
        ("ST011", "BODY_P6", "warn"),
        ("ST011", "CHEST WALL", "warn"),
        # The chest wall reaches up to 3.4 mm through the skin, on 47 slices.
        ("ST016", "CHEST WALL", "warn"),
    },
    ("lung2018-multi-tps-a", "VMAT.0"): {("ID001", "patient", "fail")},
    ("monaco-srs-structs", None): {
        # Two structure sets of two phantoms in one folder.
        ("ID001", "patient", "fail"),
    },
    ("pinnacle-hn-3phase", "ANON"): {
        # Pinnacle exported no external contour.
        ("ST001", "body", "warn"),
        # Involved nodes drawn on separate levels, with a slice missing in one of them.
        ("ST005", "GTV_Low Volume", "warn"),
        # Nothing is drawn between 342.5 and 351.5 mm on slices of 3 mm; the outlines overlap.
        ("ST010", "Lips", "warn"),
        # Pieces of a thin nerve, 0.2 to 0.5 cc, that do not overlap from slice to slice.
        ("ST011", "BrachialPlexus_R", "warn"),
        ("ST011", "Brachial Plexus_L", "warn"),
        # Segments with jaws 24 and 29 mm apart.
        ("BM008", "1B", "warn"),
        ("BM008", "2B", "warn"),
    },
    ("pydicom-tiny-rt", "Plan1"): {
        # Plan and structures of the test set come from different patients.
        ("ID001", "patient", "fail"),
    },
    ("raystation-proton-ramp", "Slope101010E_o_1"): {
        # The anonymised plan carries another patient ID than its structures and doses.
        ("ID001", "patient", "fail"),
        # Protons: the house table names none.
        ("RX011", "technique", "warn"),
    },
}
"""The check of the dose limits, DL, is tested by its own cases and left out here."""


@cache
def flagged(folder):
    found = {}
    for case in read_cases([REAL / folder]):
        label = case.plan.label if case.plan else None
        label = label.replace("\ufffd", "?").strip() if label else label
        found.setdefault(label, set()).update(
            (finding.code, finding.subject, finding.status.value)
            for finding in check(case).findings
            if finding.status in ("fail", "warn") and not finding.code.startswith("DL")
        )
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_flagged_is_true(folder):
    expected = {label: rows for (home, label), rows in EXPECTED.items() if home == folder}
    found = {label: rows for label, rows in flagged(folder).items() if rows}
    assert found == expected
