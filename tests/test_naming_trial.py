"""Every ROI name of the real exports: matched, suggested or unmatched, in one table.

`python tests/test_naming_trial.py` writes the table anew; its difference is then read.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pydicom
import pytest

from constraints.vocabulary import load_vocabulary
from planchecker.dosimetry.structure import Structure
from planchecker.naming import match_structures

REAL = Path(__file__).resolve().parents[2] / "shared" / "real-dicom"
TABLE = Path(__file__).parent / "golden" / "roi_names.csv"
HEAD = ("roi_name", "roi_type", "outcome", "name", "suggestions")
Names = tuple[str, str]


def _outcome(roi_name: str, roi_type: str) -> tuple[str, str, str]:
    roi = Structure(roi_number=1, name=roi_name, interpreted_type=roi_type)
    (match,) = match_structures([roi], load_vocabulary())
    if match.name:
        return "matched", match.name, ""
    kind = match.how.partition(":")[0].partition(";")[0]
    word = "suggested" if match.suggestions else kind
    return word, "", " ".join(match.suggestions)


@cache
def _expected() -> dict[Names, tuple[str, ...]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row[0], row[1]): tuple(row[2:]) for row in list(csv.reader(file))[1:]}


def _names() -> Iterator[Names]:
    for path in sorted(REAL.rglob("*.dcm")):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        types = {
            item.get("ReferencedROINumber"): str(item.get("RTROIInterpretedType", "") or "")
            for item in dataset.get("RTROIObservationsSequence", [])
        }
        for item in dataset.get("StructureSetROISequence", []):
            yield str(item.get("ROIName", "")), types.get(item.get("ROINumber"), "")


@pytest.mark.parametrize(("roi_name", "roi_type"), _expected())
def test_a_name_of_a_real_export_comes_out_as_in_the_table(roi_name: str, roi_type: str) -> None:
    assert _outcome(roi_name, roi_type) == _expected()[roi_name, roi_type]


def test_the_outcomes_are_counted() -> None:
    found = Counter(row[0] for row in _expected().values())
    assert found == {"unmatched": 66, "matched": 51, "derived": 20, "suggested": 4}


def test_a_suggestion_is_never_the_match() -> None:
    assert [row for row in _expected().values() if row[1] and row[2]] == []


@pytest.mark.skipif(not REAL.is_dir(), reason="the real exports are not beside this checkout")
def test_the_table_holds_every_name_of_the_real_exports() -> None:
    assert set(_names()) == set(_expected())


def _write() -> None:
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows((*names, *_outcome(*names)) for names in sorted(set(_names())))


if __name__ == "__main__":
    _write()
