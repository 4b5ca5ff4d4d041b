"""Which publications a protocol evaluates, and that adding some displaces none that governs."""

from pathlib import Path

import pytest

import constraints
from constraints.errors import LibraryError
from constraints.loader import available, load, load_protocol, protocols
from constraints.model import Course, Evidence, Protocol, Technique

# What the default protocol evaluated before publications were added beside, in its order.
CORE = (
    "aura-bone-table", "astro-2024", "astro-2017", "aristot", "rades-2017", "rades-2019",
    "scorad-2019", "sc20-2014", "sc24-2021", "sabr-comet-2012", "toulouse-spine-2019",
    "nguyen-2020", "guckenberger-2014", "hytec-cord-2021", "sahgal-2013", "quantec-2010",
    "fractionated-cord-2015", "schultheiss-2008", "supr-3d-2019", "lovelock-2010", "tg101-2010",
)  # fmt: skip
# In the library and in no protocol, and why.
IN_NO_PROTOCOL = {
    "aura-bone-table-2021": "superseded edition",
    "tg101-2010-first-printing": "superseded printing",
    "astro-2011": "held by reference; its schemes are those of 2017",
    "al-omair-2013": "no rule, evidence only",
    "barillot-2018": "nothing read",
    "chan-2016": "no rule, evidence only",
    "elekta-2016": "no rule, evidence only",
    "estro-2024": "no figure read",
    "getug-2022": "no figure read",
    "oligocare-2024": "no rule, evidence only",
    "pasquier-2016": "no figure read",
    "rades-2011": "nothing read",
    "recorad-2022": "nothing read",
    "rich-2018": "nothing read",
    "sminia-2002": "no rule, evidence only",
    "stereo-os-2021": "no figure read",
    "thureau-2015": "nothing read",
    "thureau-2016": "no figure of its own",
    "timmerman-2007": "nothing read",
    "tseng-2017": "no figure read",
    "vcf-review-table": "no rule, evidence only",
}
MOST_FRACTIONS = 40


def _governing(
    protocol: Protocol, ids: tuple[str, ...], technique: Technique, fractions: int, structure: str
) -> str:
    """Return who decides: the named guidelines first, then any other in the order of the list."""
    entries = [entry for entry in protocol.governing if entry.technique is technique]
    named = [e for e in entries if structure in e.structures] or [
        e for e in entries if not e.structures
    ]
    order = [name for entry in named for name in entry.guidelines]
    for id_ in dict.fromkeys((*order, *(i for i in ids if i not in protocol.beside))):
        for limit in load(id_).limits if id_ in ids else ():
            if (
                limit.evidence is not Evidence.D
                and limit.technique is technique
                and limit.course is not Course.REIRRADIATION
                and structure in limit.structures
                and (not limit.fractions or fractions in limit.fractions)
            ):
                return id_
    return ""


@pytest.mark.parametrize("name", protocols())
@pytest.mark.parametrize("technique", list(Technique))
def test_what_governs_is_what_governed_before_publications_were_added(
    name: str, technique: Technique
) -> None:
    protocol = load_protocol(name)
    structures = {
        structure
        for id_ in protocol.guidelines
        for limit in load(id_).limits
        for structure in limit.structures
    }
    for structure in structures:
        for fractions in (1, 2, 3, 4, 5, 6, 8, 10, 15, MOST_FRACTIONS):
            now = _governing(protocol, protocol.guidelines, technique, fractions, structure)
            before = _governing(protocol, CORE, technique, fractions, structure)
            assert now == before, (structure, fractions)


def test_the_default_protocol_begins_with_what_governs() -> None:
    assert load_protocol("bone_metastases").guidelines[: len(CORE)] == CORE


@pytest.mark.parametrize("name", protocols())
def test_every_added_publication_with_limits_stands_beside(name: str) -> None:
    protocol = load_protocol(name)
    added = {id_ for id_ in protocol.guidelines if id_ not in CORE}
    assert {id_ for id_ in added if load(id_).limits} <= set(protocol.beside) <= added


def test_the_full_protocol_differs_by_added_publications_only() -> None:
    small, full = load_protocol("bone_metastases"), load_protocol("bone_metastases_full")
    assert full.guidelines[: len(small.guidelines)] == small.guidelines
    same = {"id", "title", "guidelines", "beside"}
    assert full.model_dump(exclude=same) == small.model_dump(exclude=same)


def test_a_publication_in_no_protocol_has_a_reason() -> None:
    used = {id_ for name in protocols() for id_ in load_protocol(name).guidelines}
    assert set(available()) - used == set(IN_NO_PROTOCOL)


def test_the_default_protocol_has_no_beside_limit_that_could_only_say_unconfirmed() -> None:
    # A row of one transcription (C) beside turns a plan that meets everything into a warning.
    protocol = load_protocol("bone_metastases")
    for id_ in protocol.beside:
        strengths = {limit.evidence for limit in load(id_).limits}
        assert Evidence.C not in strengths, id_


EXTENDING = """
id = "site"
extends = "bone_metastases"
guidelines = ["quantec-organs-2010"]
"""
EXTENDING_FAULTS = [
    ('"bone_metastases"', '"bone"', ["site.toml: extends", "'bone'", "bone_metastases"]),
    ('"bone_metastases"', '"bone_metastases_full"', ["extends", "another protocol"]),
    ("quantec-organs-2010", "tg101-2010", ["guidelines", "'tg101-2010'", "already"]),
    ("quantec-organs-2010", "quantec", ["guidelines", "'quantec'"]),
    ('["quantec-organs-2010"]', '"x"', ["guidelines", "'x'", "list"]),
    ("guidelines =", "criteria = {}\nguidelines =", ["criteria", "unknown key", "extends"]),
]


def test_a_protocol_file_may_extend_a_packaged_one(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(EXTENDING, encoding="utf-8")
    protocol = load_protocol(path)
    assert protocol.id == "site"
    assert protocol.guidelines == (
        *load_protocol("bone_metastases").guidelines,
        "quantec-organs-2010",
    )
    assert protocol.title == load_protocol("bone_metastases").title


@pytest.mark.parametrize(("old", "new", "told"), EXTENDING_FAULTS)
def test_a_fault_in_an_extending_protocol_is_named(
    old: str, new: str, told: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(EXTENDING.replace(old, new), encoding="utf-8")
    with pytest.raises(LibraryError) as caught:
        load_protocol(path)
    assert [piece for piece in told if piece not in str(caught.value)] == []


def test_the_bones_that_people_treat_ask_a_person_where_they_overlap_a_target() -> None:
    protocol = load_protocol("bone_metastases")
    assert protocol.treated_bones == (
        "Rib", "Chestwall", "Femur_Head_L", "Femur_Head_R", "Sacrum", "Bone_Mandible",
    )  # fmt: skip
    assert load_protocol("bone_metastases_full").treated_bones == protocol.treated_bones


def test_a_treated_bone_that_is_no_name_is_refused(tmp_path: Path) -> None:
    packaged = Path(constraints.__file__).parent / "protocols" / "bone_metastases.toml"
    text = packaged.read_text(encoding="utf-8").replace('"Chestwall"', '"Chest wall"')
    path = tmp_path / "bone_metastases.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LibraryError, match="treated_bones: structure 'Chest wall'"):
        load_protocol(path)
