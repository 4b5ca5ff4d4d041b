"""Importing goal sheets: what is understood becomes limits, the rest is listed, none is guessed."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constraints.errors import LibraryError
from constraints.importing import (
    Imported,
    Scope,
    guideline_text,
    import_scorecard,
    import_sheet,
    site_text,
)
from constraints.lint import lint
from constraints.loader import load_file
from constraints.model import Evidence, Technique
from constraints.site import load_site, site_library, site_vocabulary
from constraints.vocabulary import load_vocabulary

SCOPE = Scope(technique=Technique.STEREOTACTIC, fractions=(3,))
HEAD = "Structure IDs,Structure Codes,IDAliases,CodeAliases,DVH Objective,Evaluation Point,Variation,Priority,Met,Achieved"  # noqa: E501

SHEET = f"""{HEAD}
Target,PTV_High|PTV_Low,PTV|CTV,,V95%[%],>=95,90,1,,
Target,PTV_High|PTV_Low,PTV|CTV,,CN95%[%],<=1.2,1.5,1,,
Body,BODY,Body,,GI50%[%],<=5,6,1,,
Brainstem,79876,,,Max[cGy],<=2310,2426,1,,
Spinal Cord,7647|9680,Spinal Canal|Myelo X,,D0.35cc[cGy],<=1590,1700,1,,
Spinal Cord,7647|9680,Spinal Canal|Myelo X,,D1.2cc[cGy],<=1230,,2,,
Kidney_L,7205,Kidney L|L_Kidney,,CV1500cGy[cc],>=100,105,1,,
Lungs,68877,Total Lung,,CV1050cGy[cc],>=1500,1425,1,,
Lungs,68877,Total Lung,,D37%[cGy],<=1100,1155,1,,
Liver,7197,,,Mean[Gy],<15,,1,,
Wotsit,1,,,Max[Gy],<=1,,1,,
Plexus,1,,,Max[Gy],<=1,,1,,
Skin,7163,,,Max[cGy],3300,,1,,
Heart,7088,,,Max[mGy],<=3300,,1,,
Heart,7088,,,Hottest[Gy],<=3300,,1,,
Heart,7088,,,D15cc[cGy],<=2400,>=2300,1,,
Brainstem,79876,,,Max[cGy],<=2310,2426,1,,
,,,,,,,,,
"""

# structure, metric, comparison, value, unit, kind
CARRIED = [
    ("PTV|CTV", "V95%[%]", ">=", 95, "%", "optimal"),
    ("PTV|CTV", "V95%[%]", ">=", 90, "%", "mandatory"),
    ("Brainstem", "Dmax", "<=", 23.1, "Gy", "optimal"),
    ("Brainstem", "Dmax", "<=", 24.26, "Gy", "mandatory"),
    ("SpinalCord", "D0.35cc", "<=", 15.9, "Gy", "optimal"),
    ("SpinalCord", "D0.35cc", "<=", 17, "Gy", "mandatory"),
    ("SpinalCord", "D1.2cc", "<=", 12.3, "Gy", "mandatory"),
    ("Kidney_L", "CV100cc", "<", 15, "Gy", "mandatory"),
    ("Lungs", "CV1500cc", "<", 10.5, "Gy", "optimal"),
    ("Lungs", "CV1425cc", "<", 10.5, "Gy", "mandatory"),
    ("Lungs", "D37%", "<=", 11, "Gy", "optimal"),
    ("Lungs", "D37%", "<=", 11.55, "Gy", "mandatory"),
    ("Liver", "Dmean", "<", 15, "Gy", "mandatory"),
    ("Heart", "D15cc", "<=", 24, "Gy", "mandatory"),
]
# line, word of what, word of the reason
LEFT_OUT = [
    ("line 3", "CN95%", "conformation number"),
    ("line 4", "GI50%", "gradient index"),
    ("line 8", "variation 105", "not looser than the goal"),
    ("line 12", "Wotsit", "no structure of the vocabulary"),
    ("line 13", "Plexus", "brachial, lumbar or sacral plexus"),
    ("line 14", "Skin", "has no sign"),
    ("line 15", "Heart", "'mGy'"),
    ("line 16", "Hottest", "no such metric"),
    ("line 17", "variation >=2300", "the goal says <="),
    ("line 18", "Brainstem", "repeats line 5"),
]


def _sheet(text: str, scope: Scope = SCOPE) -> Imported:
    return import_sheet(text, title="3 fractions", scope=scope, vocabulary=load_vocabulary())


def _card(data: Any, scope: Scope = SCOPE) -> Imported:
    text = data if isinstance(data, str) else json.dumps(data)
    return import_scorecard(text, title="card", scope=scope, vocabulary=load_vocabulary())


def _rows(imported: Imported) -> list[tuple[str, str, str, float, str, str]]:
    return [
        (
            "|".join(limit.structures),
            str(limit.metric),
            limit.comparison.value,
            limit.value,
            limit.unit,
            limit.kind.value,
        )
        for limit in imported.limits
    ]


# ------------------------------------------------------------------------------- goal sheets


def test_a_sheet_becomes_limits_in_gray_and_exactly() -> None:
    assert _rows(_sheet(SHEET)) == CARRIED


def test_everything_that_was_not_carried_is_listed_with_its_line() -> None:
    left = _sheet(SHEET).left_out
    found = [
        (item.place, what, reason)
        for item, (_, what, reason) in zip(left, LEFT_OUT, strict=True)
        if what in item.what and reason in item.reason
    ]
    assert found == LEFT_OUT


def test_an_imported_limit_is_one_transcription_for_the_scope_given() -> None:
    for limit in _sheet(SHEET).limits:
        assert limit.evidence is Evidence.C
        assert (limit.technique, limit.fractions) == (Technique.STEREOTACTIC, (3,))
        assert limit.where.startswith("line ")


def test_the_priority_of_the_sheet_is_kept_as_a_note() -> None:
    notes = {str(limit.metric): limit.note for limit in _sheet(SHEET).limits}
    assert notes["D1.2cc"] == "Priority 2"


def test_a_spelling_the_vocabulary_lacks_becomes_an_alias_and_a_contradicting_one_does_not() -> (
    None
):
    assert _sheet(SHEET).aliases == (("SpinalCord", "Myelo X"), ("Lungs", "Total Lung"))


CLEARPLAN = """TemplateId,TemplateCodes,TemplateAliases,TemplateTypes,DVHObjective,Goal,Variation,Priority,Source,Notes
SpinalCord,,SpinalCord|Myelon,,D0.035cc[Gy],<=25,<=30,1,Starter,Serial organ
Body,,BODY|External,External,D0.035cc[%],<=125,<=130,2,Starter,High dose
"""  # noqa: E501


def test_the_headings_of_another_script_are_known_as_well() -> None:
    imported = _sheet(CLEARPLAN)
    assert _rows(imported) == [
        ("SpinalCord", "D0.035cc", "<=", 25, "Gy", "optimal"),
        ("SpinalCord", "D0.035cc", "<=", 30, "Gy", "mandatory"),
        ("Body", "D0.035cc", "<=", 125, "%Rx", "optimal"),
        ("Body", "D0.035cc", "<=", 130, "%Rx", "mandatory"),
    ]
    assert imported.limits[0].note == "Priority 1; source starter. Serial organ"
    assert imported.left_out == ()


def test_semicolons_and_decimal_commas_are_read() -> None:
    text = "Structure;DVH Objective;Goal;Variation\r\nMoelle;D0,03cc[Gy];<=12,4;14\r\n"
    assert _rows(_sheet(text)) == [
        ("SpinalCord", "D0.03cc", "<=", 12.4, "Gy", "optimal"),
        ("SpinalCord", "D0.03cc", "<=", 14, "Gy", "mandatory"),
    ]


def test_a_column_that_is_not_read_is_listed() -> None:
    text = "Structure,DVH Objective,Goal,Colour\nHeart,Max[Gy],<=22,red\n"
    (left,) = _sheet(text).left_out
    assert (left.place, left.what) == ("heading", "Colour")


def test_several_organs_behind_one_unknown_name_are_left_out() -> None:
    text = "Structure,Aliases,DVH Objective,Goal\nThing,Heart|Liver,Max[Gy],<=22\n"
    imported = _sheet(text)
    assert imported.limits == ()
    assert "Heart, Liver" in imported.left_out[0].reason


# expression, goal, what it becomes
EXPRESSIONS = [
    ("Max[Gy]", "<=14", ("Dmax", "<=", 14, "Gy")),
    ("Min[%]", ">95", ("Dmin", ">", 95, "%Rx")),
    ("Mean[cGy]", "<1234", ("Dmean", "<", 12.34, "Gy")),
    ("D95%[%]", ">=100", ("D95%", ">=", 100, "%Rx")),
    ("D0.035cc[Gy]", "≤12.4", ("D0.035cc", "<=", 12.4, "Gy")),
    ("V20Gy[%]", "<=10", ("V20Gy[%]", "<=", 10, "%")),
    ("V2000cGy[cc]", "<=10", ("V20Gy[cc]", "<=", 10, "cc")),
    ("V100%[%]", ">=90", ("V100%[%]", ">=", 90, "%")),
    ("DC700cc[Gy]", "<=17.1", ("CV700cc", "<=", 17.1, "Gy")),
    ("DC10%[Gy]", "<=5", ("D90%", "<=", 5, "Gy")),
    ("CV17.1Gy[cc]", ">=700", ("CV700cc", "<", 17.1, "Gy")),
    ("CV20Gy[%]", ">=65", ("V20Gy[%]", "<=", 35, "%")),
]


@pytest.mark.parametrize(("expression", "goal", "expected"), EXPRESSIONS)
def test_an_expression_becomes_the_metric_it_means(
    expression: str, goal: str, expected: tuple[str, str, float, str]
) -> None:
    text = f"Structure,DVH Objective,Goal\nHeart,{expression},{goal}\n"
    (row,) = _rows(_sheet(text))
    assert row[1:5] == expected


UNREADABLE = [
    ("D0,5cc[Gy]", "<=1"),
    ("D5[Gy]", "<=1"),
    ("D0cc[Gy]", "<=1"),
    ("D101%[Gy]", "<=1"),
    ("D5cc", "<=1"),
    ("V20[%]", "<=1"),
    ("V20Gy[Gy]", "<=1"),
    ("CV20Gy[cc]", "<=100"),
    ("CV20Gy[%]", ">=101"),
    ("Max5[Gy]", "<=1"),
    ("D5cc[Gy]", "<=-1"),
    ("D5cc[Gy]", "<=nan"),
    ("D5cc[Gy]", "<=1e9"),
    ("D5cc[Gy]", "<=999999999"),
    ("D5cc[Gy]", "=1"),
    ("D1.2345678901234cc[Gy]", "<=1"),
    ("D5.5.5cc[Gy]", "<=1"),
    ("Volume[cc]", "<=1"),
]


@pytest.mark.parametrize(("expression", "goal"), UNREADABLE)
def test_an_expression_that_is_not_understood_is_left_out(expression: str, goal: str) -> None:
    text = f'Structure,DVH Objective,Goal\nHeart,"{expression}",{goal}\n'
    imported = _sheet(text)
    assert imported.limits == ()
    assert len(imported.left_out) == 1


NO_SHEET = [
    ("", "no column for structure, objective, goal"),
    ("a,b,c\n1,2,3\n", "no column"),
    ("Structure,DVH Objective\nHeart,Max[Gy]\n", "no column for goal"),
    ("Structure,DVH Objective,Goal\n" + "x" * 200_000 + ",Max[Gy],<=1\n", "not readable"),
    ("Structure,DVH Objective,Goal\n" + "\n" * 25_000 + "Heart,Max[Gy],<=1\n", "lines"),
    ("x" * 3_000_000, "larger than"),
]


@pytest.mark.parametrize(("text", "told"), NO_SHEET)
def test_what_is_no_goal_sheet_is_refused(text: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told):
        _sheet(text)


HOSTILE_CELLS = (
    "Heart",
    '"He""art""\n[[limit]]|\x1b[31mRed"',
    "Max[Gy]",
    "<=22",
    '"a\nb\u2028c"',
    '"x\\"" \x00\x7f\ud800 """"\n"',
)
HOSTILE = f"Structure,Aliases,DVH Objective,Goal,Source,Notes\n{','.join(HOSTILE_CELLS)}"


def test_a_hostile_sheet_writes_nothing_but_strings_and_comments(tmp_path: Path) -> None:
    imported = _sheet(HOSTILE)
    assert [limit.structures for limit in imported.limits] == [("Heart",)]
    path = tmp_path / "mine.toml"
    path.write_text(guideline_text(imported, id_="mine"), encoding="utf-8")
    assert len(load_file(path).limits) == 1
    assert not any(ord(char) < 32 and char != "\n" for char in path.read_text(encoding="utf-8"))


@settings(max_examples=150, deadline=None)
@given(cells=st.lists(st.text(max_size=30), min_size=8, max_size=8))
def test_no_text_in_a_sheet_breaks_the_file_that_is_written(cells: list[str]) -> None:
    import csv  # noqa: PLC0415
    import io  # noqa: PLC0415

    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["Structure", "Aliases", "DVH Objective", "Goal", "Source", "Notes"])
    writer.writerow(["Heart", cells[0], "Max[Gy]", "<=22", cells[1], cells[2]])
    writer.writerow([cells[3], cells[4], cells[5], cells[6], cells[7], ""])
    try:
        imported = _sheet(table.getvalue())
    except LibraryError:
        return
    for text in (
        guideline_text(imported, id_="mine"),
        site_text(imported, id_="mine", reason=cells[0] or "r", approver=cells[1] or "a"),
    ):
        tomllib.loads(text.encode("utf-8", "replace").decode())


# -------------------------------------------------------------------------------- scorecards

PROKNOW = {
    "name": "Spine 3 fractions",
    "computed": [
        {
            "type": "VOLUME_CC_DOSE_ROI",
            "roi_name": "SPINAL_CORD",
            "arg_1": 18,
            "arg_2": None,
            "objectives": [
                {"label": "IDEAL", "color": [18, 191, 0], "max": 0.1},
                {"label": "GOOD", "max": 0.2},
                {"label": "ACCEPTABLE", "max": 0.35},
                {"label": "MARGINAL", "max": 0.5},
                {"label": "UNACCEPTABLE"},
            ],
        },
        {
            "type": "DOSE_VOLUME_PERCENT_ROI",
            "roi_name": "PTV",
            "arg_1": 95,
            "objectives": [
                {"label": "IDEAL", "min": 27},
                {"label": "ACCEPTABLE", "min": 24.3},
                {"label": "UNACCEPTABLE"},
            ],
        },
        {
            "type": "DOSE_VOLUME_MINUS_CC_ROI",
            "roi_name": "Liver",
            "arg_1": 700,
            "objectives": [{"label": "PASS", "max": 17.1}, {"label": "FAIL"}],
        },
        {"type": "CONFORMATION_NUMBER", "roi_name": "PTV", "arg_1": 27},
        {"type": "VOLUME", "roi_name": "PTV"},
        {"type": "MAX_DOSE_ROI", "roi_name": "Heart"},
        {
            "type": "MAX_DOSE_ROI",
            "roi_name": "Heart",
            "objectives": [{"label": "IDEAL", "min": 1, "max": 30}],
        },
        {
            "type": "MAX_DOSE_ROI",
            "roi_name": "Heart",
            "objectives": [{"label": "IDEAL", "max": 30}, {"label": "ACCEPTABLE", "max": 26}],
        },
        "nonsense",
    ],
    "custom": [{"id": "5b98"}],
}


def test_a_proknow_card_becomes_goal_and_limit() -> None:
    assert _rows(_card(PROKNOW)) == [
        ("SpinalCord", "V18Gy[cc]", "<=", 0.1, "cc", "optimal"),
        ("SpinalCord", "V18Gy[cc]", "<=", 0.35, "cc", "mandatory"),
        ("PTV", "D95%", ">=", 27, "Gy", "optimal"),
        ("PTV", "D95%", ">=", 24.3, "Gy", "mandatory"),
        ("Liver", "CV700cc", "<=", 17.1, "Gy", "mandatory"),
    ]


def test_what_a_proknow_card_holds_besides_is_listed() -> None:
    imported = _card(PROKNOW)
    assert imported.title == "Spine 3 fractions"
    assert [(item.place, item.reason) for item in imported.left_out] == [
        ("custom metric 1", "a figure typed by hand; no plan holds it"),
        ("metric 1", "further steps; only goal and acceptable are carried"),
        ("metric 4", "CONFORMATION_NUMBER: not a limit on a dose-volume histogram"),
        ("metric 5", "VOLUME: not a limit on a dose-volume histogram"),
        ("metric 6", "objectives without a figure"),
        ("metric 7", "a step with a lower and an upper end"),
        ("metric 8", "steps that do not loosen one after the other"),
        ("metric 9", "is no metric"),
    ]


def _metric(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "Structure": {"StructureId": "Cord", "StructureCode": "7647"},
        "MetricType": "DoseAtVolume",
        "InputValue": 0.035,
        "InputUnit": "CC",
        "OutputUnit": "Gy",
        "ScorePoints": [
            {"PointX": 18.0, "Score": 10.0, "Variation": False},
            {"PointX": 20.3, "Score": 5.0, "Variation": True},
            {"PointX": 21.9, "Score": 0.0, "Variation": False},
        ],
    }
    return {**values, **changes}


def _template(*metrics: Any, **changes: Any) -> dict[str, Any]:
    return {
        "TemplateName": "Spine",
        "NumberOfFractions": 3,
        "DosePerFraction": 9.0,
        "ScoreTemplates": list(metrics),
        **changes,
    }


RISING = [
    {"PointX": 90, "Score": 0, "Variation": False},
    {"PointX": 95, "Score": 10, "Variation": False},
    {"PointX": 100, "Score": 10, "Variation": False},
]
# changes of the metric: what is carried
TEMPLATES = [
    (
        {},
        [
            ("SpinalCord", "D0.035cc", "<=", 18, "Gy", "optimal"),
            ("SpinalCord", "D0.035cc", "<=", 20.3, "Gy", "mandatory"),
        ],
    ),
    (
        {"MetricType": "VolumeAtDose", "InputUnit": "%", "InputValue": 100, "OutputUnit": "%",
         "Structure": {"TemplateStructureId": "PTV"}, "ScorePoints": RISING},
        [
            ("PTV", "V100%[%]", ">=", 95, "%", "optimal"),
            ("PTV", "V100%[%]", ">=", 90, "%", "mandatory"),
        ],
    ),
    (
        {"MetricType": "MaxDose", "InputUnit": "", "OutputUnit": "cGy"},
        [
            ("SpinalCord", "Dmax", "<=", 0.18, "Gy", "optimal"),
            ("SpinalCord", "Dmax", "<=", 0.203, "Gy", "mandatory"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), TEMPLATES)
def test_a_planscorecard_metric_becomes_goal_and_limit(
    changes: dict[str, Any], expected: list[tuple[str, str, str, float, str, str]]
) -> None:
    assert _rows(_card(_template(_metric(**changes)))) == expected


NOT_CARRIED = [
    {"MetricType": "HomogeneityIndex"},
    {"MetricType": "DoseAtSubVolume"},
    {"Structure": {"StructureId": "Wotsit"}},
    {"Structure": None},
    {"ScorePoints": []},
    {
        "ScorePoints": [
            {"PointX": 1, "Score": 0},
            {"PointX": 2, "Score": 5},
            {"PointX": 3, "Score": 1},
        ]
    },
    {"ScorePoints": [{"PointX": "x", "Score": 0}]},
    {"ScorePoints": [3]},
    {"InputValue": None},
    {"InputUnit": "mm"},
    {"OutputUnit": "mm"},
]


@pytest.mark.parametrize("changes", NOT_CARRIED)
def test_a_planscorecard_metric_that_is_not_understood_is_left_out(
    changes: dict[str, Any],
) -> None:
    imported = _card(_template(_metric(**changes)))
    assert imported.limits == ()
    assert imported.left_out[-1].place == "metric 1"


def test_the_fractions_of_a_card_are_taken() -> None:
    scope = Scope(technique=Technique.STEREOTACTIC)
    imported = _card(_template(_metric()), scope)
    assert {limit.fractions for limit in imported.limits} == {(3,)}


def test_a_card_for_other_fractions_is_refused() -> None:
    with pytest.raises(LibraryError, match="is for 5 fraction"):
        _card(_template(_metric(), NumberOfFractions=5))


NO_CARD = [
    ("", "not readable as JSON"),
    ("[]", "one object"),
    ("{}", "no scorecard"),
    ('{"computed": NaN}', "NaN"),
    ('{"computed": [' * 50_000, "not readable as JSON"),
    ('{"computed": [' + "1," * 6_000 + "1]}", "more than"),
    (" " * 3_000_000, "larger than"),
]


@pytest.mark.parametrize(("text", "told"), NO_CARD)
def test_what_is_no_scorecard_is_refused(text: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told):
        _card(text)


@pytest.mark.parametrize("figure", ["1e999999", "-1e999999", "1e-999999", "9" * 5000, "Infinity"])
def test_a_monstrous_number_is_left_out_or_refused(figure: str) -> None:
    text = json.dumps(PROKNOW).replace('"arg_1": 18', f'"arg_1": {figure}')
    try:
        imported = _card(text)
    except LibraryError:
        return
    assert "V18Gy[cc]" not in {str(limit.metric) for limit in imported.limits}
    assert all(len(item.reason) < 500 for item in imported.left_out)


# --------------------------------------------------------------------------- what is written


def test_a_guideline_file_of_an_import_loads_to_the_same_limits(tmp_path: Path) -> None:
    imported = _sheet(SHEET)
    path = tmp_path / "mine.toml"
    path.write_text(guideline_text(imported, id_="mine"), encoding="utf-8")
    guideline = load_file(path)
    assert guideline.limits == imported.limits
    assert lint([guideline], None, load_vocabulary()) == ()


def test_a_site_file_of_an_import_takes_effect(tmp_path: Path) -> None:
    imported = _sheet(SHEET)
    path = tmp_path / "mine.toml"
    text = site_text(imported, id_="mine", reason="Sheet of 2026", approver="Dr A")
    path.write_text(text, encoding="utf-8")
    site = load_site(path)
    protocol, guidelines, changes = site_library(site)
    assert "mine" in protocol.guidelines
    assert len(guidelines["mine"].limits) == len(imported.limits)
    assert {change.approver for change in changes if change.subject == "own-limit"} == {"Dr A"}
    assert site_vocabulary(load_vocabulary(), site).find("Myelo X") is not None


def test_what_was_not_carried_stands_in_the_file_as_comments() -> None:
    imported = _sheet(SHEET)
    text = guideline_text(imported, id_="mine")
    comments = [line for line in text.splitlines() if line.startswith("# line ")]
    assert len(comments) == len(imported.left_out)
    assert "# line 12: Wotsit Max[Gy] <=1: no structure of the vocabulary" in comments
