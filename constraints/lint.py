"""What can be wrong in a rule file that loads: contradictions, gaps and missing sources."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from constraints.metric import MetricKind
from constraints.model import (
    Comparison,
    Course,
    Evidence,
    Governing,
    Guideline,
    Kind,
    Limit,
    Protocol,
    ReirradiationRule,
    Scheme,
    SchemeRange,
    Technique,
)
from constraints.vocabulary import Vocabulary

__all__ = ["Problem", "lint"]

_HIGHEST_GY = 200
_HIGHEST_PERCENT = 100
_HIGHEST_PERCENT_OF_PRESCRIPTION = 300
_ALPHA_BETA_GY = (0.5, 20)
_MOSTLY_UPPER = (Comparison.AT_MOST, Comparison.BELOW)
_VERTEBRAL = "SpinalCord"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding of the lint.

    Parameters
    ----------
    rule
        Name of the rule that fired, such as ``"unit-mismatch"``; permanent.
    where
        Guideline and row, or protocol and key.
    message
        What is wrong and what would be right.
    """

    rule: str
    where: str
    message: str


def lint(
    guidelines: Iterable[Guideline], protocol: Protocol | None, vocabulary: Vocabulary
) -> tuple[Problem, ...]:
    """Return every problem of the guidelines, and of the protocol that uses them.

    Examples
    --------
    >>> from constraints.loader import available, load, load_protocol
    >>> from constraints.vocabulary import load_vocabulary
    >>> lint([load(i) for i in available()], load_protocol("bone_metastases"), load_vocabulary())
    ()
    """
    known = {guideline.id: guideline for guideline in guidelines}
    problems: list[Problem] = []
    for guideline in known.values():
        problems += _of_guideline(guideline, vocabulary)
    if protocol is not None:
        for rule in _PROTOCOL_RULES:
            problems += rule(protocol, known, vocabulary)
    return tuple(problems)


def _of_guideline(guideline: Guideline, vocabulary: Vocabulary) -> Iterator[Problem]:
    source = guideline.source
    if not source.doi and not source.locator:
        yield Problem(
            rule="missing-source",
            where=guideline.id,
            message="no DOI and no locator; give one, so that a reader can find the publication",
        )
    for row in guideline.rows:
        if not row.where.strip():
            yield Problem(
                rule="missing-evidence",
                where=f"{guideline.id} {row.id}",
                message=f"claims strength {row.evidence} and does not say where it was read",
            )
    limits = (*guideline.limits, *guideline.part_limits, *guideline.conditional_limits)
    for limit in (*limits, *guideline.rescaled_limits):
        yield from _of_limit(limit, where=f"{guideline.id} {limit.id}")
    for row in guideline.rows:
        for name in (*getattr(row, "structures", ()), *getattr(row, "figures_from", ())):
            if name not in vocabulary:
                yield Problem(
                    rule="unknown-structure",
                    where=f"{guideline.id} {row.id}",
                    message=f"{name!r} is not in the vocabulary",
                )
    yield from _pairs(guideline)


def _of_limit(limit: Limit, *, where: str) -> Iterator[Problem]:
    for message in _impossible(limit):
        yield Problem(rule="impossible-limit", where=where, message=message)
    if not _unit_fits(limit):
        yield Problem(
            rule="unit-mismatch",
            where=where,
            message=f"{limit.metric} answers in {limit.metric.unit}, the limit is in {limit.unit}",
        )


def _impossible(limit: Limit) -> Iterator[str]:
    highest = {
        "Gy": _HIGHEST_GY,
        "%": _HIGHEST_PERCENT,
        "%Rx": _HIGHEST_PERCENT_OF_PRESCRIPTION,
        "cc": float("inf"),
    }[limit.unit]
    if limit.value < 0:
        yield f"a limit of {limit.value:g} {limit.unit} is below zero"
    if limit.value > highest:
        yield f"a limit of {limit.value:g} {limit.unit} is above {highest:g} {limit.unit}"
    if not limit.structures:
        yield "no structure; a limit without one is never evaluated"
    if any(count < 1 for count in limit.fractions):
        yield f"fractions {limit.fractions!r}; a course has 1 fraction at least"
    if limit.metric.kind is MetricKind.VOLUME_AT_DOSE and (limit.metric.number or 0) > _HIGHEST_GY:
        yield f"{limit.metric} asks for a dose above {_HIGHEST_GY} Gy"


def _unit_fits(limit: Limit) -> bool:
    if limit.unit == "%Rx":
        # A percentage of the prescription is physical dose, EQD2 has no such scale.
        return limit.metric.unit == "Gy" and not limit.metric.scale
    return limit.unit == limit.metric.unit


def _pairs(guideline: Guideline) -> Iterator[Problem]:
    """Compare rows that ask the same of the same structure."""
    for one, other in combinations(guideline.limits, 2):
        if not _same_question(one, other):
            continue
        where = f"{guideline.id} {one.id} and {other.id}"
        if one.kind is other.kind and one.endpoint == other.endpoint:
            yield Problem(
                rule="duplicate",
                where=where,
                message=f"two limits on {one.metric} of {_shared(one, other)} for the same "
                "treatment and endpoint",
            )
        optimal, binding = (one, other) if one.kind is Kind.OPTIMAL else (other, one)
        differ = optimal.kind is Kind.OPTIMAL and binding.kind is not Kind.OPTIMAL
        if differ and optimal.comparison is binding.comparison and _looser(optimal, binding):
            yield Problem(
                rule="optimal-looser",
                where=where,
                message=f"optimal {optimal.value:g} {optimal.unit} is looser than "
                f"{binding.kind} {binding.value:g} {binding.unit}",
            )


def _same_question(one: Limit, other: Limit) -> bool:
    return (
        one.metric == other.metric
        and one.unit == other.unit
        and one.technique is other.technique
        and one.course is other.course
        and one.schemes == other.schemes
        and one.dose_per_fraction_gy == other.dose_per_fraction_gy
        and one.sites == other.sites
        and bool(_shared(one, other))
        and (one.fractions == other.fractions or bool(set(one.fractions) & set(other.fractions)))
        and (one.comparison in _MOSTLY_UPPER) == (other.comparison in _MOSTLY_UPPER)
    )


def _shared(one: Limit, other: Limit) -> str:
    return ", ".join(name for name in one.structures if name in other.structures)


def _looser(optimal: Limit, binding: Limit) -> bool:
    if optimal.comparison in _MOSTLY_UPPER:
        return optimal.value > binding.value
    return optimal.value < binding.value


_Known = dict[str, Guideline]


def _references(protocol: Protocol, known: _Known, _: Vocabulary) -> Iterator[Problem]:
    governing = [id_ for rule in protocol.governing for id_ in rule.guidelines]
    for id_ in dict.fromkeys((*protocol.guidelines, *protocol.scheme_tables, *governing)):
        if id_ not in known:
            yield Problem(
                rule="unknown-guideline",
                where=protocol.id,
                message=f"names {id_!r}, which is not among the guidelines at hand",
            )
        elif id_ not in protocol.guidelines:
            yield Problem(
                rule="unknown-guideline",
                where=protocol.id,
                message=f"{id_!r} governs or names schemes but is not under guidelines",
            )
    for id_ in protocol.beside:
        if id_ in governing or id_ not in protocol.guidelines:
            yield Problem(
                rule="beside",
                where=protocol.id,
                message=f"{id_!r} is under beside and must be under guidelines and never govern",
            )
    indications = {indication.id for indication in protocol.indications}
    for id_ in protocol.scheme_tables:
        table = known.get(id_)
        rows: tuple[Scheme | SchemeRange, ...] = (*table.schemes, *table.ranges) if table else ()
        named = [(row.id, row.indication) for row in rows]
        named += [
            (row.id, of) for row in (table.statements if table else ()) for of in row.indications
        ]
        for row_id, indication in named:
            if indication not in indications:
                yield Problem(
                    rule="unknown-indication",
                    where=f"{id_} {row_id}",
                    message=f"{indication!r} is no indication of protocol {protocol.id}",
                )


def _alpha_beta(protocol: Protocol, known: _Known, vocabulary: Vocabulary) -> Iterator[Problem]:
    values, where = protocol.alpha_beta_gy, f"{protocol.id} alpha_beta_gy"

    def problem(message: str) -> Problem:
        return Problem(rule="alpha-beta", where=where, message=message)

    if "default" not in values:
        yield problem("no value for default")
    low, high = _ALPHA_BETA_GY
    for name, value in values.items():
        if not low <= value <= high:
            yield problem(f"{name} = {value:g} Gy is outside {low:g} to {high:g} Gy")
        if name != "default" and name not in vocabulary:
            yield problem(f"{name!r} is not in the vocabulary")
    for chain in protocol.nested:
        found = {values.get(name, values.get("default")) for name in chain}
        if len(found) > 1:
            yield problem(f"{', '.join(chain)} enclose each other and must share one value")
    for id_ in protocol.guidelines:
        for row_id, ratio, structures in _ratios(known[id_]) if id_ in known else ():
            for name in structures:
                own = values.get(name, values.get("default"))
                if own != ratio:
                    yield problem(
                        f"{id_} {row_id} uses {ratio:g} Gy for {name}, the protocol {own}"
                    )


def _ratios(guideline: Guideline) -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield row, alpha/beta and structures of every metric on a scale."""
    rows: tuple[Limit | ReirradiationRule, ...] = (*guideline.limits, *guideline.reirradiation)
    for row in rows:
        if row.metric is not None and row.metric.alpha_beta is not None:
            yield row.id, row.metric.alpha_beta, row.structures


def _criteria(protocol: Protocol, _: _Known, __: Vocabulary) -> Iterator[Problem]:
    for name, criterion in protocol.criteria.items():
        if not criterion.source.strip():
            yield Problem(
                rule="missing-source",
                where=f"{protocol.id} {name}",
                message="a criterion says where its number comes from, a local one as well",
            )
    low, high = (protocol.criteria.get(f"cord.eqd2_{end}_gy") for end in ("pass", "fail"))
    if low and high and low.value > high.value:
        yield Problem(
            rule="optimal-looser",
            where=f"{protocol.id} cord.eqd2_pass_gy",
            message=f"{low.value:g} Gy passes and {high.value:g} Gy fails: the first must be lower",
        )


def _governing(protocol: Protocol, known: _Known, _: Vocabulary) -> Iterator[Problem]:
    for rule in protocol.governing:
        for name in rule.structures:
            limits = [limit for limit in _limits(rule, known) if name in limit.structures]
            sure = _fractions(limit for limit in limits if limit.evidence is not Evidence.D)
            unsure = _fractions(limit for limit in limits if limit.evidence is Evidence.D)
            if unsure - sure:
                yield Problem(
                    rule="governing-unverified",
                    where=f"{protocol.id} governing {name}",
                    message=f"only rows of strength D for fractions {sorted(unsure - sure)}; "
                    "they are switched off and cannot govern",
                )
        if _VERTEBRAL in rule.structures:
            yield from _cord_gaps(rule, protocol, known)


def _cord_gaps(rule: Governing, protocol: Protocol, known: _Known) -> Iterator[Problem]:
    where = f"{protocol.id} governing {rule.technique} cord"
    if rule.technique is Technique.CONVENTIONAL:
        for name in ("cord.eqd2_pass_gy", "cord.eqd2_fail_gy"):
            if name not in protocol.criteria:
                yield Problem(
                    rule="governing-gap",
                    where=where,
                    message=f"criterion {name} is missing; it judges every scheme without a limit",
                )
        return
    schemes = [
        scheme
        for id_ in protocol.scheme_tables
        if id_ in known
        for scheme in known[id_].schemes
        if scheme.technique is rule.technique and scheme.course is rule.course
    ]
    covered = _fractions(
        limit
        for limit in _limits(rule, known)
        if limit.evidence is not Evidence.D and limit.kind is not Kind.OPTIMAL
    )
    needed = {scheme.fractions for scheme in schemes}
    # Between the fewest and the most fractions with a limit there must be no hole either.
    needed |= set(range(min(covered), max(covered) + 1)) if covered else {1}
    if needed - covered:
        yield Problem(
            rule="governing-gap",
            where=where,
            message=f"no binding limit for fractions {sorted(needed - covered)}",
        )


def _limits(rule: Governing, known: _Known) -> Sequence[Limit]:
    return [
        limit
        for id_ in rule.guidelines
        if id_ in known
        for limit in known[id_].limits
        if limit.technique is rule.technique and limit.course in (rule.course, Course.ANY)
    ]


def _fractions(limits: Iterable[Limit]) -> set[int]:
    return {count for limit in limits for count in limit.fractions}


_PROTOCOL_RULES: tuple[Callable[[Protocol, _Known, Vocabulary], Iterator[Problem]], ...] = (
    _references,
    _alpha_beta,
    _criteria,
    _governing,
)
