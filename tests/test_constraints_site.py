"""The site file: what a centre changes takes effect, is listed, and needs a reason and a name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from constraints.errors import LibraryError
from constraints.loader import available, load, load_protocol
from constraints.model import Evidence, Guideline, Limit, Protocol
from constraints.site import apply_site, load_site, site_library, site_vocabulary
from constraints.site_model import Change, Site
from constraints.vocabulary import load_vocabulary

SITE = """
id = "hospital"
title = "A hospital"
add_guidelines = ["quantec-organs-2010"]
drop_guidelines = ["scorad-2019"]

[[limit]]
guideline = "tg101-2010"
limit = "heart-d15cc/5"
value = 30
reason = "Cardiac committee"
approver = "Dr A"
date = "2026-01-02"

[[limit]]
guideline = "tg101-2010"
limit = "skin-d10cc/5"
value = 38
reason = "Superficial targets"
approver = "Dr A"

[[confirm]]
guideline = "tg101-2010"
row = "renal-hilum"
read = "copy"
by = "Physicist B"
date = "2026-01-03"

[[confirm]]
guideline = "tg101-2010"
row = "liver-cv700cc"
read = "publication"
by = "Physicist B"
date = "2026-01-03"

[[own]]
id = "lungs-mean"
structures = ["Lungs"]
metric = "Dmean"
comparison = "<="
value = 13
unit = "Gy"
kind = "mandatory"
technique = "conventional"
dose_per_fraction_gy = [1.8, 2.0]
endpoint = "pneumonitis 10 %"
evidence = "C"
where = "Second point of the curve lungs-dmean of quantec-organs-2010"
reason = "Thoracic committee"
approver = "Dr C"

[[governing]]
structures = []
technique = "conventional"
guidelines = ["hospital", "supr-3d-2019"]
reason = "Own limits first"
approver = "Dr C"

[criteria.coverage]
ptv_d95_percent = { value = 93, reason = "Palliative plans", approver = "Dr A" }

[[alias]]
name = "SpinalCord"
synonyms = ["Medulla S."]

[[machine]]
name = "Linac 1"
energies = ["6X", "10FFF"]
"""

# What is replaced in SITE, by what, and every piece the message must hold.
FAULTS = [
    ('id = "hospital"', 'id = "other"', ["hospital.toml: id", "'other'", "'hospital'"]),
    ("[[limit]]", "[[limits]]", ["limits", "unknown key", "limit"]),
    ("value = 30", 'value = "30"', ["limit[0].value", "'30'"]),
    ("value = 30", "value = true", ["limit[0].value", "True"]),
    ('reason = "Cardiac committee"', 'reason = " "', ["limit[0].reason"]),
    ('reason = "Cardiac committee"', "", ["limit[0].reason", "missing"]),
    ('approver = "Dr A"\ndate', "date", ["limit[0].approver", "missing"]),
    ('read = "copy"', 'read = "glance"', ["confirm[0]", "'glance'"]),
    ('by = "Physicist B"', 'by = ""', ["confirm[0].by"]),
    ('reason = "Thoracic committee"', "", ["own[0] ('lungs-mean').reason", "missing"]),
    ("value = 93, ", "", ["criteria.coverage.ptv_d95_percent"]),
    ('reason = "Palliative plans", ', "", ["criteria.coverage.ptv_d95_percent.reason", "missing"]),
    ("synonyms = [", "synonym = [", ["alias[0].synonym", "unknown key", "synonyms"]),
    ('name = "Linac 1"', 'name = ""', ["machine[0].name"]),
]
# The same, where the file loads and the library does not know what it names.
REFUSED = [
    ('"quantec-organs-2010"]', '"quantec"]', ["add_guidelines", "'quantec'"]),
    ('["quantec-organs-2010"]', '["tg101-2010"]', ["add_guidelines", "already"]),
    ('["scorad-2019"]', '["hytec-cord-2021"]', ["drop_guidelines", "governs"]),
    ('["scorad-2019"]', '["nothing"]', ["drop_guidelines", "'nothing'"]),
    ('limit = "heart-d15cc/5"', 'limit = "heart"', ["tg101-2010", "'heart'"]),
    ('guideline = "tg101-2010"\nlimit', 'guideline = "x"\nlimit', ["limit", "'x'"]),
    ("value = 30", "value = 32", ["heart-d15cc/5", "32 Gy already"]),
    ('limit = "heart-d15cc/5"', 'limit = "liver-cv700cc/9"', ["'liver-cv700cc/9'"]),
    ('row = "renal-hilum"', 'row = "hilum"', ["confirm", "'hilum'"]),
    ('row = "renal-hilum"', 'row = "heart-d15cc"', ["confirm", "heart-d15cc", "nothing"]),
    ('"hospital", "supr-3d-2019"', '"sfro-2007"', ["governing", "'sfro-2007'"]),
    ("ptv_d95_percent =", "ptv_d96_percent =", ["criteria", "'coverage.ptv_d96_percent'"]),
    ("value = 93", "value = 95", ["coverage.ptv_d95_percent", "already"]),
    ('structures = ["Lungs"]', 'structures = ["Poumons"]', ["own 'lungs-mean'", "'Poumons'"]),
]


def _write(folder: Path, text: str) -> Path:
    path = folder / "hospital.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(_write(tmp_path, SITE))


@pytest.fixture
def applied(site: Site) -> tuple[Protocol, dict[str, Guideline], tuple[Change, ...]]:
    return site_library(site)


@pytest.fixture
def limit_of(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> Callable[[str, str], Limit]:
    def find(guideline: str, id_: str) -> Limit:
        (limit,) = (row for row in applied[1][guideline].limits if row.id == id_)
        return limit

    return find


def test_a_changed_limit_holds_its_published_value(
    limit_of: Callable[[str, str], Limit],
) -> None:
    limit = limit_of("tg101-2010", "heart-d15cc/5")
    assert (limit.value, limit.published) == (30, 32)
    assert limit_of("tg101-2010", "heart-d15cc/3").published is None


def test_a_lower_dose_is_tighter_and_a_higher_one_looser(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    directions = {c.where: c.direction for c in applied[2] if c.subject == "limit"}
    assert directions == {
        "tg101-2010 heart-d15cc/5": "tightened",
        "tg101-2010 skin-d10cc/5": "loosened",
    }


def test_a_lower_bound_is_tighter_when_it_rises(tmp_path: Path) -> None:
    text = SITE.replace('guideline = "tg101-2010"\nlimit = "heart-d15cc/5"\nvalue = 30',
                        'guideline = "lovelock-2010"\nlimit = "COV-1"\nvalue = 16')  # fmt: skip
    _, _, changes = site_library(load_site(_write(tmp_path, text)))
    assert {c.where: c.direction for c in changes}["lovelock-2010 COV-1"] == "tightened"


def test_a_row_compared_with_a_copy_gains_one_step(
    limit_of: Callable[[str, str], Limit],
) -> None:
    for fractions in (1, 3, 5):
        limit = limit_of("tg101-2010", f"renal-hilum/{fractions}")
        assert limit.evidence is Evidence.B


def test_a_row_read_in_the_publication_has_the_best_strength_even_when_it_was_off(
    limit_of: Callable[[str, str], Limit],
) -> None:
    assert limit_of("tg101-2010", "liver-cv700cc/3").evidence is Evidence.A


def test_a_memory_row_compared_with_a_copy_is_one_transcription(tmp_path: Path) -> None:
    text = SITE.replace('row = "renal-hilum"', 'row = "S13-01"').replace(
        'guideline = "tg101-2010"\nrow = "S13-01"', 'guideline = "sahgal-2013"\nrow = "S13-01"'
    )
    _, guidelines, changes = site_library(load_site(_write(tmp_path, text)))
    rows = [row for row in guidelines["sahgal-2013"].limits if row.id.startswith("S13-01/")]
    assert {row.evidence for row in rows} == {Evidence.C}
    assert sum(c.before == "strength D" and c.after == "strength C" for c in changes) == len(rows)


def test_an_own_limit_is_a_guideline_of_its_own_that_may_govern(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    protocol, guidelines, _ = applied
    assert [limit.id for limit in guidelines["hospital"].limits] == ["lungs-mean"]
    assert "hospital" in protocol.guidelines
    (entry,) = (e for e in protocol.governing if e.technique == "conventional" and not e.structures)
    assert entry.guidelines == ("hospital", "supr-3d-2019")


def test_an_added_guideline_stands_beside_and_a_dropped_one_is_gone(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    protocol, guidelines, _ = applied
    assert "quantec-organs-2010" in protocol.beside
    assert "quantec-organs-2010" in guidelines
    assert "scorad-2019" not in guidelines
    assert "scorad-2019" not in (*protocol.guidelines, *protocol.scheme_tables)


def test_an_added_guideline_that_governs_does_not_stand_beside(tmp_path: Path) -> None:
    text = SITE.replace('["hospital", "supr-3d-2019"]', '["quantec-organs-2010"]')
    protocol, _, _ = site_library(load_site(_write(tmp_path, text)))
    assert "quantec-organs-2010" not in protocol.beside


def test_a_criterion_keeps_its_published_number_in_its_source(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    criterion = applied[0].criteria["coverage.ptv_d95_percent"]
    assert (criterion.value, criterion.mark) == (93, "local")
    for piece in ("Palliative plans", "Dr A", "published with 95"):
        assert piece in criterion.source


def test_every_difference_is_listed_with_reason_and_approver(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    changes = applied[2]
    subjects = [change.subject for change in changes]
    assert {name: subjects.count(name) for name in dict.fromkeys(subjects)} == {
        "guideline": 2,
        "evidence": 6,
        "limit": 2,
        "own-limit": 1,
        "governing": 1,
        "criterion": 1,
        "alias": 1,
    }
    for change in changes:
        if change.subject not in ("guideline", "alias"):
            assert change.reason, change
            assert change.approver, change


def test_a_change_reads_in_one_line(
    applied: tuple[Protocol, dict[str, Guideline], tuple[Change, ...]],
) -> None:
    lines = [change.summary for change in applied[2]]
    assert "tg101-2010 heart-d15cc/5: 32 Gy -> 30 Gy, tightened (Dr A)" in lines


def test_applying_a_site_changes_nothing_of_what_is_published(site: Site) -> None:
    published = {id_: load(id_) for id_ in available()}
    protocol = load_protocol("bone_metastases")
    before = (protocol.model_dump(), {id_: g.model_dump() for id_, g in published.items()})
    apply_site(protocol, published, site)
    assert (protocol.model_dump(), {id_: g.model_dump() for id_, g in published.items()}) == before


def test_a_site_that_decides_nothing_changes_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path, 'id = "hospital"\ntitle = "A hospital"\n')
    protocol, guidelines, changes = site_library(load_site(path))
    assert changes == ()
    assert protocol == load_protocol("bone_metastases")
    assert guidelines == {id_: load(id_) for id_ in protocol.guidelines}


def test_the_spelling_of_a_site_is_known_afterwards(site: Site) -> None:
    vocabulary = load_vocabulary()
    assert vocabulary.find("Medulla S.") is None
    found = site_vocabulary(vocabulary, site).find("medulla s")
    assert found is not None
    assert (found.name, found.language) == ("SpinalCord", "site")


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        ('name = "Cord"', "'Cord'"),
        ('name = "Heart"\nsynonyms = ["Moelle"]\n[[alias]]\nname = "SpinalCord"', "Moelle"),
    ],
)
def test_a_spelling_cannot_be_given_a_second_meaning(alias: str, told: str, tmp_path: Path) -> None:
    text = SITE.replace('name = "SpinalCord"', alias)
    site = load_site(_write(tmp_path, text))
    with pytest.raises(LibraryError, match=told):
        site_vocabulary(load_vocabulary(), site)


def test_machines_are_read(site: Site) -> None:
    assert [(m.name, m.energies) for m in site.machines] == [("Linac 1", ("6X", "10FFF"))]


@pytest.mark.parametrize(("old", "new", "told"), FAULTS)
def test_a_fault_in_a_site_file_is_named(
    old: str, new: str, told: list[str], tmp_path: Path
) -> None:
    assert old in SITE
    with pytest.raises(LibraryError) as caught:
        load_site(_write(tmp_path, SITE.replace(old, new, 1)))
    assert [piece for piece in told if piece not in str(caught.value)] == []


@pytest.mark.parametrize(("old", "new", "told"), REFUSED)
def test_a_decision_about_what_does_not_exist_is_refused(
    old: str, new: str, told: list[str], tmp_path: Path
) -> None:
    assert old in SITE
    site = load_site(_write(tmp_path, SITE.replace(old, new, 1)))
    with pytest.raises(LibraryError) as caught:
        site_library(site)
    assert [piece for piece in told if piece not in str(caught.value)] == []


def test_a_switched_off_limit_cannot_be_changed_before_it_is_confirmed(tmp_path: Path) -> None:
    text = SITE.replace("heart-d15cc/5", "liver-cv700cc/3").replace(
        'row = "liver-cv700cc"', 'row = "lungs-cv1500cc"'
    )
    site = load_site(_write(tmp_path, text))
    with pytest.raises(LibraryError, match="switched off"):
        site_library(site)
