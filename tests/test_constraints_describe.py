"""Every row of the library can be read by a person."""

import pytest

from constraints.describe import SECTIONS, describe, sections
from constraints.loader import available, load
from constraints.model import Guideline

# guideline, field, id, what a reader sees
SENTENCES = [
    (
        "tg101-2010",
        "part_limits",
        "TG-C4/1",
        "SpinalCord D10% < 10 Gy in 1 fraction, from 5 to 6 mm above to 5 to 6 mm below the target",
    ),
    (
        "hanna-2018",
        "conditional_limits",
        "rectum-v36gy/5",
        "Rectum V36Gy[cc] < 1 cc in 5 fractions; treatment of the prostate",
    ),
    (
        "helse-more-romsdal-2025",
        "rescaled_limits",
        "kidneys-dmean",
        "Kidneys Dmean < 15 Gy in 1 to 10 fractions, stated for 25 fractions, alpha/beta 2 Gy",
    ),
    (
        "quantec-organs-2010",
        "risk_curves",
        "optic-dmax",
        (
            "OpticChiasm, OpticNrv_L, OpticNrv_R Dmax: 55 Gy optic neuropathy <3 %; 60 Gy optic "
            "neuropathy 3-7 % between 55 and 60"
        ),
    ),
    (
        "redmond-survey",
        "practices",
        "RE-R3/4",
        "SpinalCord, SpinalCord_PRV, ThecalSac Dmax 16.2 to 24 Gy in 4 fractions after 30/10",
    ),
    (
        "jawad-2016",
        "risk_flags",
        "VCF-3",
        (
            "prescribed dose as EQD2(10) >= 38.4 Gy: raised; more so with fracture before "
            "treatment, solitary metastasis"
        ),
    ),
    (
        "hytec-cord-2021",
        "reirradiation",
        "RE-H1",
        "cumulative dose ThecalSac EQD2(2):Dmax <= 70 Gy",
    ),
    (
        "nieder-2018",
        "reirradiation",
        "RE-N18a",
        (
            "cumulative dose SpinalCord EQD2(2):Dmax <= 75 Gy, from 12 months on, course 3; a "
            "person must judge"
        ),
    ),
    ("shaw-1993", "indices", "ci-optimal", "PTV CI_RTOG <= 2 in 1 to 8 fractions"),
    ("icru-83", "report_items", "near-max", "PTV D2%: Near-maximum dose."),
    ("uw-plan-review-2023", "grids", "ct-spine-sbrt", "slice thickness <= 1 mm, spine SBRT"),
    (
        "isrc-2012",
        "sectors",
        "ISRC-08",
        (
            "GTV in body, pedicle left, pedicle right: CTV body, pedicle left, pedicle right, "
            "transverse left, transverse right, lamina left, lamina right, spinous disputed"
        ),
    ),
    ("tseng-2018", "margins", "TSE-18", "CTV to PTV, all: 2 mm"),
]


@pytest.mark.parametrize(("guideline", "field", "id_", "expected"), SENTENCES)
def test_a_row_reads_as_one_sentence(guideline: str, field: str, id_: str, expected: str) -> None:
    (row,) = (row for row in getattr(load(guideline), field) if row.id == id_)
    assert describe(row) == expected


@pytest.mark.parametrize("id_", available())
def test_every_row_without_a_table_of_its_own_has_words(id_: str) -> None:
    for _, rows in sections(load(id_)):
        for row in rows:
            assert describe(row), row.id


def test_no_kind_of_row_is_forgotten() -> None:
    elsewhere = {"limits", "schemes", "ranges", "statements"}
    kinds = {
        name for name, field in Guideline.model_fields.items() if "tuple" in str(field.annotation)
    }
    assert set(SECTIONS) | elsewhere == kinds
