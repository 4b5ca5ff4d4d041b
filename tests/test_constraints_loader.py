"""Loading: what a file may say, and how exactly a mistake in it is named."""

from pathlib import Path

import pytest

import constraints
from constraints.errors import LibraryError
from constraints.loader import (
    available,
    library_digest,
    library_version,
    load,
    load_file,
    load_protocol,
    protocols,
)
from constraints.model import Comparison, Course, Evidence, Kind, Standing, Technique
from constraints.resources import packaged

GUIDELINE = """
id = "paper"
[source]
title = "A paper"
year = 2020
doi = "10.1/x"
[[limit]]
id = "cord"
structures = ["SpinalCord"]
metric = "Dmax"
comparison = "<="
value = { 1 = 14, 5 = 30.5 }
unit = "Gy"
kind = "reported"
technique = "stereotactic"
endpoint = "myelopathy"
evidence = "A"
where = "Table 1"
[[scheme]]
id = "row"
indication = "mscc"
pairs = [[30, 10], [20, 5]]
standing = "recommended"
evidence = "A"
where = "Table 2"
"""

# What is replaced in GUIDELINE, by what, and every piece the message must hold.
GUIDELINE_FAULTS = [
    ('id = "paper"', 'id = "other"', ["paper.toml", "id", "'other'", "'paper'"]),
    ("[source]", "[source", ["paper.toml", "TOML", "line 3"]),
    ('doi = "10.1/x"', 'dio = "10.1/x"', ["paper.toml", "source.dio", "'10.1/x'", "doi"]),
    ('title = "A paper"', "", ["paper.toml", "source.title", "missing"]),
    ('kind = "reported"', 'kind = "hard"', ["limit[0] ('cord').1.kind", "'hard'", "mandatory"]),
    ('kind = "reported"', 'kimd = "reported"', ["limit[0] ('cord').1.kimd", "unknown key", "kind"]),
    (
        'metric = "Dmax"',
        'metric = "D0,03cc"',
        ["limit[0] ('cord').1.metric", "'D0,03cc'", "D0.03cc"],
    ),
    ('unit = "Gy"', 'unit = "cGy"', ["limit[0] ('cord').1.unit", "'cGy'", "Gy"]),
    ('evidence = "A"\nwhere = "Table 1"', 'where = "Table 1"', ["('cord').1.evidence", "missing"]),
    ("{ 1 = 14, 5 = 30.5 }", '"14"', ["limit[0] ('cord').value", "'14'", "number"]),
    ("{ 1 = 14, 5 = 30.5 }", "true", ["limit[0] ('cord').value", "True", "number"]),
    ("{ 1 = 14, 5 = 30.5 }", "nan", ["limit[0] ('cord').value", "nan", "finite"]),
    ("{ 1 = 14, 5 = 30.5 }", "{ 1 = inf }", ["limit[0] ('cord').1.value", "inf", "finite"]),
    ("{ 1 = 14, 5 = 30.5 }", "{}", ["limit[0] ('cord').value", "empty"]),
    ("{ 1 = 14, 5 = 30.5 }", "{ one = 14 }", ["limit[0] ('cord').value", "'one'", "fractions"]),
    ("{ 1 = 14, 5 = 30.5 }", "{ 0 = 14 }", ["limit[0] ('cord').value", "'0'", "fractions"]),
    ('kind = "reported"', 'kind = "reported"\nfractions = [1]', ["('cord').fractions", "drop one"]),
    ('"SpinalCord"', '"Spinal_Cord"', ["'cord/1'", "'Spinal_Cord'", "TG-263"]),
    ('["SpinalCord"]', '"SpinalCord"', ["('cord').1.structures", "'SpinalCord'"]),
    ("[[30, 10], [20, 5]]", "[[30, 10, 1]]", ["scheme[0] ('row').pairs[0]", "[30, 10, 1]"]),
    ("[[30, 10], [20, 5]]", "[]", ["scheme[0] ('row').pairs", "[[30, 10], [20, 5]]"]),
    ("[[30, 10], [20, 5]]", "[[30, 10], [30, 10]]", ["scheme: id", "'row/30-10'", "twice"]),
    ("[[30, 10], [20, 5]]", "[[30, 0]]", ["scheme[0] ('row').pairs[0].fractions", "0"]),
    ("[[30, 10], [20, 5]]", "[[30, 2.5]]", ["scheme[0] ('row').pairs[0].fractions", "2.5"]),
    ("[[scheme]]", "[[schemes]]", ["paper.toml: schemes", "unknown key", "scheme"]),
    ('kind = "reported"', 'kind = "reported"\npublished = 13', ["limit[0].published", "drop it"]),
    ('kind = "reported"', 'kind = "reported"\nderived_from = ["a"]', ["limit[0].derived_from"]),
    ("[[limit]]", "[limit]", ["paper.toml: limit", "[[limit]]"]),
    ("[source]", "[defaults.limits]\n[source]", ["defaults.limits", "unknown key", "limit"]),
]

PROTOCOL = """
id = "site"
title = "A site"
guidelines = ["hytec-cord-2021"]
scheme_tables = ["aura-bone-table"]
nested = [["SpinalCord", "ThecalSac"]]
[[indication]]
id = "mscc"
title = "Compression"
spine = true
[[governing]]
structures = ["SpinalCord"]
technique = "stereotactic"
guidelines = ["hytec-cord-2021"]
[criteria.grid]
step_mm = { value = 2, unit = "mm", mark = "local", source = "Local." }
[alpha_beta_gy]
default = 3
"""

PROTOCOL_FAULTS = [
    ('id = "site"', 'id = "other"', ["site.toml", "'other'", "'site'"]),
    ('["aura-bone-table"]', '["aura"]', ["site.toml: scheme_tables", "'aura'", "aura-bone-table"]),
    ('\nguidelines = ["hytec-cord-2021"]\nscheme', '\nguidelines = ["hytec"]\nscheme', ["'hytec'"]),
    ('"SpinalCord", "ThecalSac"', '"SpinalCord", "Sac"', ["nested[0]", "'Sac'", "TG-263"]),
    ('structures = ["SpinalCord"]', 'structures = ["Cord"]', ["governing[0]", "'Cord'"]),
    ("default = 3", "default = 3\nCord = 2", ["alpha_beta_gy", "'Cord'"]),
    ('mark = "local"', 'mark = "guess"', ["criteria.grid.step_mm.mark", "'guess'", "local"]),
    ("value = 2,", "", ["criteria.grid.step_mm", "'mm'", "must be a table"]),
    ("value = 2,", 'value = "2",', ["criteria.grid.step_mm.value", "'2'", "number"]),
    ("spine = true", "spine = true\nspin = 1", ["indication[0].spin", "unknown key", "spine"]),
    ("[[indication]]", "[[indications]]", ["site.toml: indications", "unknown key", "indication"]),
    (
        "[alpha_beta_gy]",
        '[[keywords]]\nwords = ["x"]\nplaces = ["plan"]\nindications = ["rib"]\n[alpha_beta_gy]',
        ["keywords[0]", "'rib'", "mscc"],
    ),
]


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_with_a_figure_per_fraction_becomes_one_limit_each(tmp_path: Path) -> None:
    limits = load_file(_write(tmp_path, "paper.toml", GUIDELINE)).limits
    assert [(limit.id, limit.fractions, limit.value) for limit in limits] == [
        ("cord/1", (1,), 14.0),
        ("cord/5", (5,), 30.5),
    ]


def test_a_single_value_keeps_its_id_and_its_fractions(tmp_path: Path) -> None:
    text = GUIDELINE.replace("value = { 1 = 14, 5 = 30.5 }", "value = 14\nfractions = [1, 2]")
    (limit,) = load_file(_write(tmp_path, "paper.toml", text)).limits
    assert (limit.id, limit.fractions, limit.value) == ("cord", (1, 2), 14.0)


def test_the_words_of_a_limit_become_the_values_of_the_model(tmp_path: Path) -> None:
    limit = load_file(_write(tmp_path, "paper.toml", GUIDELINE)).limits[0]
    assert limit.comparison is Comparison.AT_MOST
    assert limit.kind is Kind.REPORTED
    assert limit.technique is Technique.STEREOTACTIC
    assert limit.course is Course.ANY
    assert limit.evidence is Evidence.A
    assert str(limit.metric) == "Dmax"


def test_pairs_become_one_scheme_each(tmp_path: Path) -> None:
    schemes = load_file(_write(tmp_path, "paper.toml", GUIDELINE)).schemes
    assert [(s.id, s.dose_gy, s.fractions) for s in schemes] == [
        ("row/30-10", 30.0, 10),
        ("row/20-5", 20.0, 5),
    ]
    assert schemes[0].standing is Standing.RECOMMENDED


def test_a_row_wins_over_the_defaults(tmp_path: Path) -> None:
    text = GUIDELINE + '[defaults.limit]\nkind = "optimal"\nnote = "shared"\n'
    limit = load_file(_write(tmp_path, "paper.toml", text)).limits[0]
    assert (limit.kind, limit.note) == (Kind.REPORTED, "shared")


def test_evidence_may_differ_per_number_of_fractions(tmp_path: Path) -> None:
    text = GUIDELINE.replace(
        'evidence = "A"\nwhere = "Table 1"', 'evidence = { 1 = "C", 5 = "B" }\nwhere = "T"'
    )
    limits = load_file(_write(tmp_path, "paper.toml", text)).limits
    assert [limit.evidence for limit in limits] == [Evidence.C, Evidence.B]


def test_evidence_must_name_the_same_fractions_as_the_value(tmp_path: Path) -> None:
    text = GUIDELINE.replace(
        'evidence = "A"\nwhere = "Table 1"', 'evidence = { 1 = "C" }\nwhere = "T"'
    )
    with pytest.raises(LibraryError, match=r"\('cord'\).evidence: is given for \['1'\]"):
        load_file(_write(tmp_path, "paper.toml", text))


@pytest.mark.parametrize(("old", "new", "told"), GUIDELINE_FAULTS)
def test_a_fault_in_a_guideline_is_named(
    old: str, new: str, told: list[str], tmp_path: Path
) -> None:
    assert GUIDELINE.count(old) >= 1
    path = _write(tmp_path, "paper.toml", GUIDELINE.replace(old, new, 1))
    with pytest.raises(LibraryError) as caught:
        load_file(path)
    assert [piece for piece in told if piece not in str(caught.value)] == []


@pytest.mark.parametrize(("old", "new", "told"), PROTOCOL_FAULTS)
def test_a_fault_in_a_protocol_is_named(
    old: str, new: str, told: list[str], tmp_path: Path
) -> None:
    assert PROTOCOL.count(old) >= 1
    path = _write(tmp_path, "site.toml", PROTOCOL.replace(old, new, 1))
    with pytest.raises(LibraryError) as caught:
        load_protocol(path)
    assert [piece for piece in told if piece not in str(caught.value)] == []


def test_criteria_are_read_by_dotted_name(tmp_path: Path) -> None:
    protocol = load_protocol(str(_write(tmp_path, "site.toml", PROTOCOL)))
    assert protocol.criteria["grid.step_mm"].value == 2.0


def test_several_faults_are_told_together(tmp_path: Path) -> None:
    text = GUIDELINE.replace('kind = "reported"', 'kind = "x"').replace('unit = "Gy"', 'unit = "y"')
    with pytest.raises(LibraryError) as caught:
        load_file(_write(tmp_path, "paper.toml", text))
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LibraryError, match=r"paper.toml: cannot be read"):
        load_file(path)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"none.toml: cannot be read"):
        load_file(tmp_path / "none.toml")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_bytes(b"#" * 3_000_000)
    with pytest.raises(LibraryError, match="larger than"):
        load_file(path)


def test_a_byte_order_mark_is_forgiven(tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_text(GUIDELINE, encoding="utf-8-sig")
    assert load_file(path).id == "paper"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("zzz", "there are al-omair-2013"),
        ("", "there are al-omair-2013"),
        ("hytec-cord", "did you mean hytec-cord-2021"),
        ("../protocols/bone_metastases", "no guideline"),
    ],
)
def test_an_unknown_guideline_names_the_near_ones_or_all(wrong: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told):
        load(wrong)


def test_an_unknown_protocol_names_those_there_are() -> None:
    with pytest.raises(LibraryError, match="bone_metastases"):
        load_protocol("nothing")


def test_every_packaged_file_loads() -> None:
    assert [load(id_).id for id_ in available()] == list(available())
    assert [load_protocol(id_).id for id_ in protocols()] == list(protocols())


def test_the_version_stands_in_its_file() -> None:
    text = packaged("version.toml").read_text(encoding="utf-8")
    assert f'version = "{library_version()}"' in text


def test_the_digest_does_not_depend_on_line_endings(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = library_digest()
    original = type(packaged("version.toml")).read_bytes
    monkeypatch.setattr(
        type(packaged("version.toml")),
        "read_bytes",
        lambda self: original(self).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    )
    assert library_digest.__wrapped__() == expected


def test_the_digest_changes_with_one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    original = type(packaged("version.toml")).read_bytes
    monkeypatch.setattr(
        type(packaged("version.toml")),
        "read_bytes",
        lambda self: original(self).replace(b"20.3", b"20.4"),
    )
    assert library_digest.__wrapped__() != library_digest()


def test_the_front_door_is_sorted_and_complete() -> None:
    assert list(constraints.__all__) == sorted(constraints.__all__)
    assert [name for name in constraints.__all__ if not hasattr(constraints, name)] == []
    assert constraints.load is load


def test_the_front_door_refuses_what_it_does_not_hold() -> None:
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = constraints.nothing  # type: ignore[attr-defined]
