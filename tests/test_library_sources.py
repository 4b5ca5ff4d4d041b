"""Where each publication is found: what the reference prints, or what the file owns up to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from constraints.loader import available, load
from constraints.model import Source

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "clinical"
needs_reference = pytest.mark.skipif(
    not (REFERENCE / "spine.md").is_file(),
    reason="the transcribed reference tables are not beside this checkout",
)
# Read on the page of the publication or its index entry, which the reference does not print.
READ_ELSEWHERE = {
    "rades-2017": {"title", "doi"},
    "rades-2019": {"locator"},
    "sahgal-vcf-2013": {"title"},
    "vcf-v15-2021": {"title", "doi", "locator"},
}
# Titles that are no quotation: the words of this library for a page, a file or a collection.
DESCRIBED = {
    "al-omair-2013", "aristot", "aura-bone-table", "aura-bone-table-2021", "barillot-2018",
    "bone-sbrt-trial-2025", "fff-bone-2013", "fractionated-cord-2015", "french-renal-review",
    "getug-2022", "helse-more-romsdal-2025", "hytec-organs-2021", "icru-50-62", "icru-83",
    "icru-91", "nccn-nsclc-sabr", "oligocare-2024", "pasquier-2016", "plancrosscheck-2025",
    "portpy-paraspinal-2024", "prophylactic-bone-trial-2020", "rades-2011", "rades-2019",
    "recorad-2022", "redmond-survey", "renal-sbrt-10fx-2016", "rtog-0529", "rtog-0534",
    "rtog-0915-0813", "sfro-2007", "sfro-2010", "sfro-head-neck-2016", "sfro-organs-2017",
    "single-centre-cord-2022", "sminia-2002", "stereo-os-2021", "thureau-2015", "thureau-2016",
    "timmerman-2007", "toulouse-spine-2019", "uw-plan-review-2023", "uw-spine-sbrt-2023",
    "vcf-review-table",
}  # fmt: skip
_PLACE = re.compile(r"PMC\d+|NCT\d+|(?<=PMID )\d+|\d+(?:\(\d+\))?:[A-Za-z]?\d+")


@pytest.fixture(scope="module")
def printed() -> str:
    names = ("spine.md", "oar.md", "oar.csv")
    text = " ".join((REFERENCE / name).read_text(encoding="utf-8") for name in names)
    return " ".join(text.split()).lower()


def _not_printed(source: Source, printed: str) -> Iterator[str]:
    if source.title.lower() not in printed:
        yield "title"
    first = re.split(r"[ ;,]", source.authors)[0].lower()
    if first not in printed:
        yield "authors"
    if source.doi.lower() not in printed:
        yield "doi"
    if any(place.lower() not in printed for place in _PLACE.findall(source.locator)):
        yield "locator"


@needs_reference
@pytest.mark.parametrize("id_", available())
def test_what_the_reference_does_not_print_is_marked(id_: str, printed: str) -> None:
    source = load(id_).source
    unproved = set(_not_printed(source, printed)) - READ_ELSEWHERE.get(id_, set())
    if id_ in DESCRIBED:
        unproved.discard("title")
    assert set(source.unread) == unproved


@pytest.mark.parametrize("id_", available())
def test_a_doi_has_the_form_of_one(id_: str) -> None:
    doi = load(id_).source.doi
    assert not doi or re.fullmatch(r"10\.\d{4,9}/[^\s,;]+", doi)


def test_no_doi_stands_on_memory() -> None:
    assert [id_ for id_ in available() if "doi" in load(id_).source.unread] == []


def test_two_publications_share_a_doi_only_where_one_is_another_printing() -> None:
    seen: dict[str, list[str]] = {}
    for id_ in available():
        doi = load(id_).source.doi.lower()
        if doi:
            seen.setdefault(doi, []).append(id_)
    shared = {tuple(ids) for ids in seen.values() if len(ids) > 1}
    assert shared == {
        ("aura-bone-table", "thureau-2016"),
        ("tg101-2010", "tg101-2010-first-printing"),
    }
