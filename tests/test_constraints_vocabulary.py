"""The vocabulary: its size, its lookups and the traps of structure names."""

import csv
from pathlib import Path

import pytest

from constraints.errors import LibraryError
from constraints.vocabulary import Alias, StructureName, Vocabulary, load_vocabulary
from constraints.words import Margin, fold, load_words, pieces, squeeze

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "clinical" / "structure_names.csv"

FOLDED = [
    ("Moelle_Épinière", "moelle epiniere"),
    ("Œsophage", "oesophage"),
    ("  SPINAL--cord ", "spinal cord"),
    ("Étui dural", "etui dural"),
    ("Matériel d’ostéosynthèse", "materiel d osteosynthese"),
    ("", ""),
    ("^~_", ""),
]
SQUEEZED = [
    ("Spinal_Cord", "spinalcord"),
    ("T1-2", ""),
    ("Rein D", "reind"),
    ("Cote_1_G", "cote1g"),
]
PIECES = [
    ("optPTV", ("opt", "ptv")),
    ("SPINAL CORD2", ("spinal", "cord", "2")),
    ("PRV 1.5mm", ("prv", "1.5", "mm")),
    ("Cord+0,3cm", ("cord", "+", "0,3", "cm")),
]
FOUND = [
    ("SpinalCord", "SpinalCord"),
    ("spinal-cord", "SpinalCord"),
    ("MOELLE EPINIERE", "SpinalCord"),
    ("moelle osseuse", "BoneMarrow"),
    ("Sac Dural", "ThecalSac"),
    ("canal rachidien", "SpinalCanal"),
    ("canal anal", "Canal_Anal"),
    ("LungsGTV", "Lungs-GTV"),
    ("oeil droit", "Eye_R"),
]
NOT_FOUND = ["canal", "sac", "plexus", "tronc", "Heart opt", "T1-2", "S C", "", "Kidney"]
SIDES = [
    ("Dt rein", "Kidney_R"),
    ("rein gche", "Kidney_L"),
    ("Rein_L", "Kidney_L"),
    ("Femoral Head RT", "Femur_Head_R"),
    ("Kidney_D", None),
    ("Kidney_G", None),
    ("Parotid D", None),
    ("D", None),
    ("Heart L", None),
]
MARGINS = [
    ("moelle PRV 3mm", Margin(base="moelle", mm=3.0)),
    ("PRV05_SpinalCord", Margin(base="spinal cord", mm=5.0)),
    ("cord+2mm", Margin(base="cord", mm=2.0)),
    ("Moelle + 0,5 cm", Margin(base="moelle", mm=5.0)),
    ("PRVmoelle", Margin(base="moelle", mm=None)),
    ("sc+35", None),
    ("cord+200mm", None),
    ("cord+0mm", None),
    ("cord 2 + 3mm", None),
    ("cord", None),
]


def test_every_structure_and_spelling_is_there() -> None:
    vocabulary = load_vocabulary()
    assert (len(vocabulary.names), len(vocabulary.aliases)) == (242, 2931)


@pytest.mark.skipif(
    not REFERENCE.is_file(), reason="the transcribed reference tables are not beside this checkout"
)
def test_the_spellings_are_those_of_the_reference_table() -> None:
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        expected = {(r["tg263"], r["synonym"], r["language"]) for r in csv.DictReader(file)}
    found = {(a.name, a.synonym, a.language) for a in load_vocabulary().aliases}
    assert found == expected


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_folding_forgives_case_accents_and_separators(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(("text", "expected"), SQUEEZED)
def test_squeezing_never_joins_two_numbers(text: str, expected: str) -> None:
    assert squeeze(text) == expected


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_a_name_is_cut_at_changes_of_case_and_numbers(text: str, expected: tuple[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize(("text", "name"), FOUND)
def test_a_spelling_leads_to_its_structure(text: str, name: str) -> None:
    found = load_vocabulary().find(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", NOT_FOUND)
def test_an_open_or_derived_name_leads_nowhere(text: str) -> None:
    assert load_vocabulary().find(text) is None


@pytest.mark.parametrize(("text", "name"), SIDES)
def test_sides_are_read_in_the_language_of_the_organ(text: str, name: str | None) -> None:
    found = load_vocabulary().find_lateral(text)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(("text", "expected"), MARGINS)
def test_a_margin_is_read_only_where_it_is_clear(text: str, expected: Margin | None) -> None:
    assert load_words().margin(text) == expected


def test_no_refused_word_is_a_spelling() -> None:
    vocabulary = load_vocabulary()
    assert [word for word in vocabulary.words.refused if vocabulary.find(word)] == []


def test_no_spelling_begins_like_a_helper() -> None:
    vocabulary = load_vocabulary()
    prefixes = vocabulary.words.derived_prefixes
    assert [a for a in vocabulary.aliases if a.synonym.lower().startswith(prefixes)] == []


def test_no_side_is_left_and_right() -> None:
    words = load_words()
    assert set(words.sides) & set(words.sides_fr) == set()
    assert words.sides_fr["d"] == "R"
    assert words.sides_fr["g"] == "L"


@pytest.mark.parametrize("name", ["SpinalCord", "SpinalCord_PRV", "Kidney_L_PRV07", "Lungs-GTV"])
def test_a_name_and_its_prv_belong_to_the_vocabulary(name: str) -> None:
    assert name in load_vocabulary()


@pytest.mark.parametrize("name", ["spinalcord", "SpinalCord_PRV2", "Cord_PRV02", "", None])
def test_a_near_name_does_not_belong_to_the_vocabulary(name: object) -> None:
    assert name not in load_vocabulary()


def test_names_outside_the_published_list_are_marked() -> None:
    assert load_vocabulary().names["CouchSurface"].in_tg263 is False
    assert load_vocabulary().names["SpinalCord"].in_tg263 is True


def test_a_spelling_with_two_meanings_is_refused() -> None:
    names = {n: StructureName(name=n, category="neural") for n in ("SpinalCord", "ThecalSac")}
    aliases = (
        Alias(name="SpinalCord", synonym="My cord", language="en"),
        Alias(name="ThecalSac", synonym="MY_CORD", language="en"),
    )
    with pytest.raises(LibraryError, match="must have one meaning"):
        Vocabulary(names=names, aliases=aliases, words=load_words())
