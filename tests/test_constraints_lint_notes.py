"""The notes of the lint: each fires on what looks odd, and on the shipped library as it should."""

from typing import Any

import pytest

from constraints.lint_notes import lint_notes
from constraints.loader import load, load_protocol
from constraints.metric import Metric
from constraints.model import (
    Comparison,
    Course,
    Evidence,
    Governing,
    Guideline,
    Indication,
    Kind,
    Limit,
    Protocol,
    RescaledLimit,
    Scheme,
    Source,
    Standing,
    Technique,
)


def _limit(metric: str, value: float, *, fractions: int = 5, **changes: Any) -> Limit:
    values: dict[str, Any] = {
        "id": f"{metric}/{fractions}/{value}",
        "structures": ("Esophagus",),
        "metric": Metric.parse(metric),
        "comparison": Comparison.BELOW,
        "value": value,
        "unit": "Gy",
        "kind": Kind.REPORTED,
        "fractions": (fractions,),
        "technique": Technique.STEREOTACTIC,
        "endpoint": "stenosis",
        "evidence": Evidence.A,
        "where": "Table 1",
    }
    return Limit(**{**values, **changes})


def _guideline(*limits: Limit, id_: str = "paper", **changes: Any) -> Guideline:
    return Guideline(id=id_, source=Source(title="A", doi="10.1/x"), limits=limits, **changes)


def _scheme(fractions: int) -> Scheme:
    return Scheme(
        id=f"row/{fractions}",
        indication="spine",
        dose_gy=24,
        fractions=fractions,
        standing=Standing.PRACTICE,
        technique=Technique.STEREOTACTIC,
        evidence=Evidence.A,
        where="Table 2",
    )


def _protocol(**changes: Any) -> Protocol:
    values: dict[str, Any] = {
        "id": "site",
        "title": "A site",
        "guidelines": ("paper",),
        "scheme_tables": ("paper",),
        "indications": (Indication(id="spine", title="Spine", spine=True),),
        "governing": (
            Governing(structures=(), technique=Technique.STEREOTACTIC, guidelines=("paper",)),
        ),
        "nested": (),
        "criteria": {},
        "alpha_beta_gy": {"default": 3},
    }
    return Protocol(**{**values, **changes})


# Rule that must fire, and limits of one publication.
ODD = [
    ("fraction-order", (_limit("D5cc", 20, fractions=3), _limit("D5cc", 18, fractions=5))),
    ("volume-order", (_limit("D1cc", 28.8), _limit("D30cc", 30))),
    ("cc-or-percent", (_limit("D2cc", 30), _limit("D2%", 25))),
    (
        "cc-or-percent",
        (_limit("V20Gy[cc]", 10, unit="cc"), _limit("V20Gy[%]", 30, unit="%")),
    ),
]
# The same, and nothing to say.
PLAIN = [
    (_limit("D5cc", 18, fractions=3), _limit("D5cc", 20, fractions=5)),
    (_limit("D5cc", 20, fractions=3), _limit("D5cc", 18, fractions=5, endpoint="pain")),
    (_limit("D5cc", 20, fractions=3), _limit("D5cc", 18, fractions=5, kind=Kind.OPTIMAL)),
    (_limit("D1cc", 30), _limit("D30cc", 28.8)),
    (_limit("D1cc", 28.8), _limit("D30cc", 30, structures=("Heart",))),
    (_limit("D2cc", 30), _limit("D3%", 25)),
    (_limit("D2cc", 30), _limit("D2%", 25, fractions=3)),
    (_limit("D2cc", 30), _limit("D2%", 25, technique=Technique.CONVENTIONAL)),
    (_limit("D2cc", 30), _limit("V2Gy[%]", 30, unit="%")),
]


@pytest.mark.parametrize(("rule", "limits"), ODD)
def test_what_looks_odd_is_noted(rule: str, limits: tuple[Limit, ...]) -> None:
    (note,) = lint_notes([_guideline(*limits)], None)
    assert note.rule == rule
    assert all(limit.id in note.where for limit in limits)


@pytest.mark.parametrize("limits", PLAIN)
def test_what_is_plain_is_not_noted(limits: tuple[Limit, ...]) -> None:
    assert lint_notes([_guideline(*limits)], None) == ()


def test_percent_in_one_publication_and_cc_in_another_is_noted_when_the_figure_is_near() -> None:
    one = _guideline(_limit("D2cc", 30))
    near = _guideline(_limit("D2%", 29), id_="other")
    far = _guideline(_limit("D2%", 20), id_="other")
    assert [note.rule for note in lint_notes([one, near], None)] == ["cc-or-percent"]
    assert lint_notes([one, far], None) == ()


def test_a_number_of_fractions_without_a_governing_limit_is_noted() -> None:
    guideline = _guideline(_limit("D5cc", 20, fractions=5), schemes=(_scheme(5), _scheme(2)))
    (note,) = lint_notes([guideline], _protocol())
    assert note.rule == "fraction-gap"
    assert "for 2 fraction(s)" in note.message
    assert note.message.endswith("of Esophagus")


@pytest.mark.parametrize("changes", [{"kind": Kind.OPTIMAL}, {"evidence": Evidence.D}])
def test_a_limit_that_cannot_decide_does_not_close_a_gap(changes: dict[str, Any]) -> None:
    guideline = _guideline(
        _limit("D5cc", 20, fractions=5),
        _limit("D5cc", 15, fractions=2, **changes),
        schemes=(_scheme(2),),
    )
    assert [note.rule for note in lint_notes([guideline], _protocol())] == ["fraction-gap"]


def test_a_rescaled_goal_with_another_alpha_beta_is_noted() -> None:
    goal = RescaledLimit(
        **_limit("Dmean", 34, technique=Technique.CONVENTIONAL, course=Course.FIRST).model_dump(),
        reference_fractions=33,
        alpha_beta_gy=2,
    )
    (note,) = lint_notes([_guideline(rescaled_limits=(goal,))], _protocol())
    assert note.rule == "alpha-beta"


def test_the_notes_on_the_shipped_protocol_are_known() -> None:
    protocol = load_protocol("bone_metastases")
    notes = lint_notes([load(id_) for id_ in protocol.guidelines], protocol)
    assert [(note.rule, note.where) for note in notes] == [
        # The table prints 28.8 Gy to 1 cc and 30 Gy to 30 cc of a rib in 3 fractions.
        ("volume-order", "tg101-2010 rib-d1cc/3 and rib-d30cc/3"),
        # TG-101 has no column of 2 fractions, and the liver's third is switched off.
        ("fraction-gap", "bone_metastases stereotactic"),
        ("fraction-gap", "bone_metastases stereotactic"),
    ]
