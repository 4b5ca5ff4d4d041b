"""What looks odd in rule files and may be right: gaps, figures out of order, cc against percent.

A problem of `constraints.lint` must be mended. A note asks for a look: published tables do have
gaps, and some of them print a lower dose for more fractions.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, pairwise

from constraints.limits import Limit
from constraints.lint import Problem
from constraints.metric import Metric, MetricKind
from constraints.model import Guideline, Protocol
from constraints.terms import Comparison, Course, Evidence, Kind, Technique

__all__ = ["lint_notes"]

_UPPER = (Comparison.AT_MOST, Comparison.BELOW)
# Two figures this near to each other may be one figure with a unit mixed up.
_NEAR = 0.2
_CORD = "SpinalCord"
_UNIT_OF = {
    MetricKind.DOSE_AT_VOLUME: "cc",
    MetricKind.DOSE_AT_PERCENT: "%",
}


def lint_notes(guidelines: Iterable[Guideline], protocol: Protocol | None) -> tuple[Problem, ...]:
    """Return everything that asks for a look.

    Examples
    --------
    >>> from constraints.loader import load
    >>> [note.rule for note in lint_notes([load("nccn-nsclc-sabr")], None)]
    ['fraction-order', 'fraction-order']
    """
    known = {guideline.id: guideline for guideline in guidelines}
    notes: list[Problem] = []
    for guideline in known.values():
        for rule in _GUIDELINE_RULES:
            notes += rule(guideline)
    notes += _mixed_units_between(known)
    if protocol is not None:
        notes += _fraction_gaps(protocol, known)
        notes += _ratios(protocol, known)
    return tuple(notes)


def _fraction_order(guideline: Guideline) -> Iterator[Problem]:
    """Find more fractions with a lower dose, which is seldom meant."""
    rows: dict[object, list[Limit]] = {}
    for limit in guideline.limits:
        if limit.unit == "Gy" and len(limit.fractions) == 1 and limit.comparison in _UPPER:
            key = (*_asked(limit), limit.endpoint)
            rows.setdefault(key, []).append(limit)
    for row in rows.values():
        for few, many in pairwise(sorted(row, key=lambda limit: limit.fractions)):
            if many.value < few.value and many.fractions != few.fractions:
                yield Problem(
                    rule="fraction-order",
                    where=f"{guideline.id} {few.id} and {many.id}",
                    message=f"{many.value:g} Gy in {many.fractions[0]} fractions is below "
                    f"{few.value:g} Gy in {few.fractions[0]}",
                )


def _asked(limit: Limit) -> tuple[object, ...]:
    return (limit.structures, limit.metric, limit.kind, limit.technique, limit.course)


def _volume_order(guideline: Guideline) -> Iterator[Problem]:
    """Find a larger volume with a higher dose than a smaller one: it never decides."""
    limits = [
        limit
        for limit in guideline.limits
        if limit.metric.kind in _UNIT_OF and limit.comparison in _UPPER
    ]
    for one, other in combinations(limits, 2):
        if one.metric.kind is not other.metric.kind or not _same_treatment(one, other):
            continue
        if one.kind is not other.kind or one.metric.scale != other.metric.scale:
            continue
        small, large = sorted((one, other), key=lambda limit: limit.metric.number or 0)
        if large.value > small.value and large.metric.number != small.metric.number:
            yield Problem(
                rule="volume-order",
                where=f"{guideline.id} {small.id} and {large.id}",
                message=f"{large.metric} of {large.value:g} {large.unit} is above {small.metric} "
                f"of {small.value:g}: the larger volume never decides",
            )


def _mixed_units(guideline: Guideline) -> Iterator[Problem]:
    for one, other in combinations(guideline.limits, 2):
        if _same_treatment(one, other) and _differ_by_unit(one.metric, other.metric):
            yield _mixed(f"{guideline.id} {one.id} and {other.id}", one, other)


def _mixed_units_between(known: dict[str, Guideline]) -> Iterator[Problem]:
    """Find one number with two units in two publications, and nearly the same figure."""
    rows = [
        (id_, limit)
        for id_, guideline in known.items()
        for limit in guideline.limits
        if _unit(limit.metric)
    ]
    by_number: dict[object, list[tuple[str, Limit]]] = {}
    for id_, limit in rows:
        by_number.setdefault(limit.metric.number, []).append((id_, limit))
    for same in by_number.values():
        for (one_id, one), (other_id, other) in combinations(same, 2):
            if (
                one_id != other_id
                and _differ_by_unit(one.metric, other.metric)
                and _same_treatment(one, other)
                and abs(one.value - other.value) <= _NEAR * max(one.value, other.value)
            ):
                yield _mixed(f"{one_id} {one.id} and {other_id} {other.id}", one, other)


def _mixed(where: str, one: Limit, other: Limit) -> Problem:
    return Problem(
        rule="cc-or-percent",
        where=where,
        message=f"{one.metric} of {one.value:g} and {other.metric} of {other.value:g}: is one of "
        "the units mixed up?",
    )


def _differ_by_unit(one: Metric, other: Metric) -> bool:
    units = {_unit(one), _unit(other)}
    family = {one.kind in _UNIT_OF, other.kind in _UNIT_OF}
    return one.number == other.number and units == {"cc", "%"} and len(family) == 1


def _unit(metric: Metric) -> str:
    if metric.kind is MetricKind.VOLUME_AT_DOSE:
        return metric.unit
    return _UNIT_OF.get(metric.kind, "")


def _same_treatment(one: Limit, other: Limit) -> bool:
    numbers = set(one.fractions) & set(other.fractions)
    return (
        bool(set(one.structures) & set(other.structures))
        and one.technique is other.technique
        and one.course is other.course
        and (bool(numbers) or one.fractions == other.fractions)
        and one.schemes == other.schemes
    )


def _fraction_gaps(protocol: Protocol, known: dict[str, Guideline]) -> Iterator[Problem]:
    """Find numbers of fractions in use for which a governed structure has no binding limit."""
    for technique in Technique:
        needed = {
            scheme.fractions
            for id_ in protocol.scheme_tables
            if id_ in known
            for scheme in known[id_].schemes
            if scheme.technique is technique and scheme.course is Course.FIRST
        }
        covered: dict[str, set[int]] = {}
        for limit in _deciding(protocol, known, technique):
            stated = set(limit.fractions) or {number for _, number in limit.schemes}
            for name in limit.structures:
                covered.setdefault(name, set()).update(stated or needed)
        gaps: dict[tuple[int, ...], list[str]] = {}
        for name, numbers in covered.items():
            if missing := tuple(sorted(needed - numbers)):
                gaps.setdefault(missing, []).append(name)
        for missing, names in gaps.items():
            yield Problem(
                rule="fraction-gap",
                where=f"{protocol.id} {technique}",
                message=f"no governing limit for {', '.join(map(str, missing))} fraction(s), which "
                f"schemes of the protocol use, of {', '.join(names)}",
            )


def _deciding(
    protocol: Protocol, known: dict[str, Guideline], technique: Technique
) -> Iterator[Limit]:
    for entry in protocol.governing:
        if entry.technique is not technique or entry.course is Course.REIRRADIATION:
            continue
        # The EQD2 rule judges the cord of every conventional scheme that no limit names.
        if technique is Technique.CONVENTIONAL and _CORD in entry.structures:
            continue
        for limit in (x for id_ in entry.guidelines if id_ in known for x in known[id_].limits):
            named = not entry.structures or set(entry.structures) & set(limit.structures)
            sure = limit.evidence is not Evidence.D and limit.kind is not Kind.OPTIMAL
            if named and sure and limit.technique is technique:
                yield limit


def _ratios(protocol: Protocol, known: dict[str, Guideline]) -> Iterator[Problem]:
    """Find rescaled goals whose alpha/beta is not the one of the protocol."""
    values = protocol.alpha_beta_gy
    for id_ in protocol.guidelines:
        for limit in known[id_].rescaled_limits if id_ in known else ():
            for name in limit.structures:
                own = values.get(name, values.get("default"))
                if own != limit.alpha_beta_gy:
                    yield Problem(
                        rule="alpha-beta",
                        where=f"{id_} {limit.id}",
                        message=f"rescales with {limit.alpha_beta_gy:g} Gy for {name}, the "
                        f"protocol has {own}",
                    )


_GUIDELINE_RULES: tuple[Callable[[Guideline], Iterator[Problem]], ...] = (
    _fraction_order,
    _volume_order,
    _mixed_units,
)
