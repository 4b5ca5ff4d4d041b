"""The lint: each rule fires on the one mistake it is for, and the shipped library is clean."""

from collections.abc import Callable
from typing import Any

import pytest

from constraints.lint import Problem, lint
from constraints.loader import available, load, load_protocol, protocols
from constraints.metric import Metric
from constraints.model import (
    Comparison,
    ConditionalLimit,
    Criterion,
    Evidence,
    Governing,
    Guideline,
    Indication,
    Kind,
    Limit,
    Protocol,
    ReirradiationRule,
    Scheme,
    Source,
    Standing,
    Statement,
    Technique,
)
from constraints.vocabulary import load_vocabulary

SOURCE = Source(title="A paper", year=2020, doi="10.1/x")


def _limit(**changes: Any) -> Limit:
    values: dict[str, Any] = {
        "id": "cord",
        "structures": ("SpinalCord",),
        "metric": Metric.parse("Dmax"),
        "comparison": Comparison.AT_MOST,
        "value": 14,
        "unit": "Gy",
        "kind": Kind.MANDATORY,
        "fractions": (1,),
        "technique": Technique.STEREOTACTIC,
        "endpoint": "myelopathy",
        "evidence": Evidence.A,
        "where": "Table 1",
    }
    return Limit(**{**values, **changes})


def _scheme(**changes: Any) -> Scheme:
    values: dict[str, Any] = {
        "id": "row",
        "indication": "spine",
        "dose_gy": 16,
        "fractions": 1,
        "standing": Standing.RECOMMENDED,
        "technique": Technique.STEREOTACTIC,
        "evidence": Evidence.A,
        "where": "Table 2",
    }
    return Scheme(**{**values, **changes})


def _guideline(*limits: Limit, **changes: Any) -> Guideline:
    return Guideline(**{"id": "paper", "source": SOURCE, "limits": limits, **changes})


def _protocol(**changes: Any) -> Protocol:
    values: dict[str, Any] = {
        "id": "site",
        "title": "A site",
        "guidelines": ("paper",),
        "scheme_tables": ("paper",),
        "indications": (Indication(id="spine", title="Spine", spine=True),),
        "governing": (
            Governing(
                structures=("SpinalCord",),
                technique=Technique.STEREOTACTIC,
                guidelines=("paper",),
            ),
        ),
        "nested": (("SpinalCord", "ThecalSac"),),
        "criteria": {},
        "alpha_beta_gy": {"default": 3, "SpinalCord": 2, "ThecalSac": 2},
    }
    return Protocol(**{**values, **changes})


def _condition(**changes: Any) -> ReirradiationRule:
    values: dict[str, Any] = {
        "id": "sum",
        "quantity": "cumulative_dose",
        "structures": ("ThecalSac",),
        "metric": "EQD2(2):Dmax",
        "comparison": Comparison.AT_MOST,
        "value": 70,
        "unit": "Gy",
        "kind": Kind.REPORTED,
        "endpoint": "myelopathy",
        "evidence": Evidence.A,
        "where": "Abstract",
    }
    return ReirradiationRule(**{**values, **changes})


def _eqd2(low: float, high: float) -> dict[str, Criterion]:
    return {
        f"cord.eqd2_{end}_gy": Criterion(value=value, unit="Gy", mark="local", source="Local.")
        for end, value in (("pass", low), ("fail", high))
    }


def _conventional_cord() -> Governing:
    return Governing(
        structures=("SpinalCord",), technique=Technique.CONVENTIONAL, guidelines=("paper",)
    )


# Rule that must fire, and the guideline that is wrong in one way.
GUIDELINE_CASES = [
    ("unknown-structure", _guideline(_limit(structures=("Spinal_Cord",)))),
    ("unknown-structure", _guideline(_limit(figures_from=("Sac",)))),
    ("unknown-structure", _guideline(reirradiation=(_condition(structures=("Sac",)),))),
    ("missing-evidence", _guideline(reirradiation=(_condition(where=" "),))),
    (
        "unit-mismatch",
        _guideline(
            conditional_limits=(
                ConditionalLimit(**_limit(unit="cc").model_dump(), condition="one kidney"),
            )
        ),
    ),
    ("impossible-limit", _guideline(_limit(value=-1))),
    ("impossible-limit", _guideline(_limit(value=1400))),
    ("impossible-limit", _guideline(_limit(metric=Metric.parse("V20Gy[%]"), unit="%", value=101))),
    ("impossible-limit", _guideline(_limit(unit="%Rx", value=1010))),
    ("impossible-limit", _guideline(_limit(metric=Metric.parse("V2000Gy[%]"), unit="%"))),
    ("impossible-limit", _guideline(_limit(structures=()))),
    ("impossible-limit", _guideline(_limit(fractions=(0,)))),
    ("unit-mismatch", _guideline(_limit(metric=Metric.parse("V20Gy[%]"), unit="cc"))),
    ("unit-mismatch", _guideline(_limit(metric=Metric.parse("V20Gy[cc]"), unit="%"))),
    ("unit-mismatch", _guideline(_limit(metric=Metric.parse("V20Gy[cc]"), unit="Gy"))),
    ("unit-mismatch", _guideline(_limit(unit="cc"))),
    ("unit-mismatch", _guideline(_limit(metric=Metric.parse("EQD2(2):Dmax"), unit="%Rx"))),
    ("duplicate", _guideline(_limit(), _limit(id="again", value=13))),
    ("duplicate", _guideline(_limit(), _limit(id="again", fractions=(1, 2)))),
    ("optimal-looser", _guideline(_limit(), _limit(id="soft", kind=Kind.OPTIMAL, value=15))),
    (
        "optimal-looser",
        _guideline(
            _limit(comparison=Comparison.AT_LEAST, kind=Kind.OPTIMAL, value=10),
            _limit(id="hard", comparison=Comparison.AT_LEAST, value=12),
        ),
    ),
    ("missing-source", _guideline(source=Source(title="A paper", year=2020))),
    ("missing-evidence", _guideline(_limit(where=" "))),
    ("missing-evidence", _guideline(schemes=(_scheme(where=""),))),
    (
        "missing-evidence",
        _guideline(statements=(Statement(id="x", summary="x", evidence=Evidence.A, where=""),)),
    ),
]

# Rule that must fire, the guideline and the protocol.
PROTOCOL_CASES = [
    ("unknown-guideline", _guideline(_limit()), _protocol(guidelines=("paper", "other"))),
    ("unknown-guideline", _guideline(_limit()), _protocol(guidelines=())),
    (
        "unknown-indication",
        _guideline(_limit(), schemes=(_scheme(indication="rib"),)),
        _protocol(),
    ),
    (
        "unknown-indication",
        _guideline(
            _limit(),
            statements=(
                Statement(
                    id="x", summary="x", indications=("rib",), evidence=Evidence.A, where="Table 1"
                ),
            ),
        ),
        _protocol(),
    ),
    (
        "alpha-beta",
        _guideline(_limit()),
        _protocol(alpha_beta_gy={"SpinalCord": 2, "ThecalSac": 2}),
    ),
    (
        "alpha-beta",
        _guideline(_limit()),
        _protocol(alpha_beta_gy={"default": 3, "SpinalCord": 2, "ThecalSac": 4}),
    ),
    (
        "alpha-beta",
        _guideline(_limit()),
        _protocol(alpha_beta_gy={"default": 200, "SpinalCord": 2, "ThecalSac": 2}),
    ),
    (
        "alpha-beta",
        _guideline(_limit()),
        _protocol(alpha_beta_gy={"default": 3, "SpinalCord": 2, "ThecalSac": 2, "Cord": 2}),
    ),
    ("alpha-beta", _guideline(_limit(metric=Metric.parse("EQD2(3):Dmax"))), _protocol()),
    (
        "governing-unverified",
        _guideline(_limit(), _limit(id="memory", fractions=(2,), evidence=Evidence.D)),
        _protocol(),
    ),
    ("governing-gap", _guideline(_limit(), _limit(id="three", fractions=(3,))), _protocol()),
    ("governing-gap", _guideline(_limit(), schemes=(_scheme(fractions=2),)), _protocol()),
    ("governing-gap", _guideline(), _protocol()),
    ("governing-gap", _guideline(_limit(kind=Kind.OPTIMAL)), _protocol()),
    ("governing-gap", _guideline(_limit()), _protocol(governing=(_conventional_cord(),))),
    (
        "optimal-looser",
        _guideline(_limit()),
        _protocol(governing=(_conventional_cord(),), criteria=_eqd2(50, 45)),
    ),
    ("beside", _guideline(_limit()), _protocol(beside=("paper",))),
    ("beside", _guideline(_limit()), _protocol(beside=("other",))),
    (
        "alpha-beta",
        _guideline(_limit(), reirradiation=(_condition(metric="EQD2(3):Dmax"),)),
        _protocol(),
    ),
    (
        "missing-source",
        _guideline(_limit()),
        _protocol(criteria={"a": Criterion(value=1, unit="mm", mark="local", source=" ")}),
    ),
]

CLEAN = [
    ("same figure, other endpoint", _guideline(_limit(), _limit(id="b", endpoint="pain"))),
    ("same question, other fractions", _guideline(_limit(), _limit(id="b", fractions=(2,)))),
    ("optimal is stricter", _guideline(_limit(), _limit(id="b", kind=Kind.OPTIMAL, value=12.4))),
    ("percent of prescription", _guideline(_limit(unit="%Rx", value=110))),
    ("volume in cc", _guideline(_limit(metric=Metric.parse("V20Gy[cc]"), unit="cc", value=120))),
    ("PRV of any margin", _guideline(_limit(structures=("SpinalCord_PRV",)))),
    ("a floor and a ceiling", _guideline(_limit(), _limit(id="b", comparison=Comparison.ABOVE))),
]


def _rules(problems: tuple[Problem, ...]) -> set[str]:
    return {problem.rule for problem in problems}


@pytest.mark.parametrize("name", protocols())
def test_the_shipped_library_is_clean(name: str) -> None:
    guidelines = [load(id_) for id_ in available()]
    assert lint(guidelines, load_protocol(name), load_vocabulary()) == ()


@pytest.mark.parametrize(("rule", "guideline"), GUIDELINE_CASES)
def test_a_rule_fires_once_on_a_guideline(rule: str, guideline: Guideline) -> None:
    (problem,) = lint([guideline], None, load_vocabulary())
    assert problem.rule == rule
    assert problem.where.startswith("paper")


@pytest.mark.parametrize(("rule", "guideline", "protocol"), PROTOCOL_CASES)
def test_a_rule_fires_on_a_protocol(rule: str, guideline: Guideline, protocol: Protocol) -> None:
    assert _rules(lint([guideline], protocol, load_vocabulary())) == {rule}


@pytest.mark.parametrize(("what", "guideline"), CLEAN)
def test_what_is_right_is_not_reported(what: str, guideline: Guideline) -> None:
    assert lint([guideline], None, load_vocabulary()) == (), what


def test_a_clean_protocol_is_not_reported() -> None:
    guideline = _guideline(_limit(), schemes=(_scheme(),))
    assert lint([guideline], _protocol(), load_vocabulary()) == ()


def _without(*lost: int) -> Guideline:
    hytec = load("hytec-cord-2021")
    kept = tuple(limit for limit in hytec.limits if limit.fractions[0] not in lost)
    return hytec.model_copy(update={"limits": kept})


def _relaxed() -> Guideline:
    hytec = load("hytec-cord-2021")
    return hytec.model_copy(
        update={
            "limits": tuple(
                limit.model_copy(update={"evidence": Evidence.D}) for limit in hytec.limits
            )
        }
    )


SPOILED: list[tuple[str, Callable[[], Guideline], str]] = [
    ("a fraction number is lost", lambda: _without(3), "hytec-cord-2021"),
    ("every row is switched off", _relaxed, "hytec-cord-2021"),
]


@pytest.mark.parametrize(("what", "spoil", "spoiled"), SPOILED)
def test_a_gap_of_the_governing_cord_rule_is_found_in_the_real_library(
    what: str, spoil: Callable[[], Guideline], spoiled: str
) -> None:
    protocol = load_protocol("bone_metastases")
    alone = protocol.model_copy(
        update={
            "governing": tuple(
                rule.model_copy(update={"guidelines": (spoiled,)})
                if spoiled in rule.guidelines
                else rule
                for rule in protocol.governing
            )
        }
    )
    guidelines = [spoil() if id_ == spoiled else load(id_) for id_ in available()]
    assert "governing-gap" in _rules(lint(guidelines, alone, load_vocabulary())), what
