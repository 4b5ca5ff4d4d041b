"""Limits that no table holds for the plan: calculated from published ones, or for a part."""

from collections.abc import Iterator

from constraints.derived import derived_limits, rescaled_limit
from constraints.model import Evidence, Limit, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.asking import ask, noted, rule_of
from planchecker.checks.limits.nesting import (
    Role,
    StandIn,
    contoured,
    drawn_structures,
    in_family,
    is_neural,
    stand_ins,
)
from planchecker.checks.limits.partial import measure_part
from planchecker.checks.limits.selection import (
    Question,
    governing_guideline,
    governors,
    out_of_scope,
    prescription,
    questions,
)
from planchecker.naming import Match
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["conditional_limits", "derived_questions", "governing_derived", "part_limits"]

_TARGETS = ("PTV", "CTV", "GTV", "ITV")


def derived_questions(context: Context, world: Technique) -> tuple[Question, ...]:
    """Return the limits that are calculated for the plan's number of fractions.

    Between two published numbers of fractions a limit is derived only for a structure that no
    guideline of the protocol has a published limit for at the plan's own number; a goal that
    its source wants rescaled is converted whatever else there is.
    """
    fractions = prescription(context).fractions
    if fractions is None:
        return ()
    published = {q.structure for q in questions(context, world)}
    return tuple(_derived(context, world, fractions, published))


def _derived(
    context: Context, world: Technique, fractions: int, published: set[str]
) -> Iterator[Question]:
    for guideline in context.guidelines.values():
        between = derived_limits(
            guideline, fractions=fractions, alpha_beta_gy=context.protocol.alpha_beta_gy
        )
        rescaled = map(
            rescaled_limit,
            (row for row in guideline.rescaled_limits if row.evidence is not Evidence.D),
        )
        rows: list[tuple[Limit, set[str]]] = [(row, published) for row in between]
        rows += [(row, set()) for row in rescaled]
        for limit, known in rows:
            if out_of_scope(context, limit, world):
                continue
            for structure in limit.structures:
                if structure not in known:
                    yield Question(
                        guideline=guideline, limit=limit, structure=structure, world=world
                    )


def governing_derived(
    context: Context, asked: tuple[Question, ...], world: Technique
) -> dict[str, str]:
    """Return the guideline whose derived limit decides, by structure; empty where none does.

    One decides only where no published limit does, and never for the cord.
    """
    found: dict[str, str] = {}
    for structure in dict.fromkeys(q.structure for q in asked):
        speaking = {q.guideline.id for q in asked if q.structure == structure}
        mine = governing_guideline(context, structure, world)
        order = (*governors(context, structure, world), *_not_beside(context))
        first = next((name for name in order if name in speaking), "")
        found[structure] = "" if in_family(context.protocol, structure) else mine or first
    return found


def _not_beside(context: Context) -> Iterator[str]:
    return (name for name in context.guidelines if name not in context.protocol.beside)


def conditional_limits(context: Context, world: Technique, *, code: str) -> Iterator[NotApplicable]:
    """List the limits that hold only in a situation that a plan does not show."""
    drawn = {match.name for match in contoured(context)}
    for guideline in context.guidelines.values():
        grouped: dict[tuple[str, str], list[str]] = {}
        for limit in guideline.conditional_limits:
            if out_of_scope(context, limit, world):
                continue
            for structure in drawn & set(limit.structures):
                grouped.setdefault((structure, limit.condition), []).append(str(limit.metric))
        for (structure, condition), metrics in sorted(grouped.items()):
            yield NotApplicable(
                code=code,
                subject=structure,
                reason=f"{', '.join(metrics)} of {guideline.id} hold only for: {condition}; a "
                "person must say so",
            )


def part_limits(context: Context, world: Technique, *, code: str) -> Iterator[Outcome]:
    """Test the limits on the part of a structure that lies near a target."""
    for guideline in context.guidelines.values():
        for limit in guideline.part_limits:
            if out_of_scope(context, limit, world):
                continue
            for structure in limit.structures:
                asked = Question(guideline=guideline, limit=limit, structure=structure, world=world)
                yield from _part(context, asked, limit.extent_mm, code)


def _part(
    context: Context, asked: Question, extent_mm: tuple[float, float], code: str
) -> Iterator[Outcome]:
    found = tuple(s for s in stand_ins(context, asked.structure) if s.role is Role.SAME)
    targets = _targets(context)
    if not found:
        yield _without_contour(context, asked, code)
        return
    if not targets:
        yield _unanswered(
            asked,
            code,
            f"{_what(asked)} is a share of the part next to the target, and no target is "
            "contoured.",
            "Contour the PTV and export the structure set.",
        )
    for stand_in in found:
        for target in targets:
            yield _tested(context, asked, stand_in, target, extent_mm=extent_mm, code=code)


def _tested(
    context: Context,
    asked: Question,
    stand_in: StandIn,
    target: Match,
    *,
    extent_mm: tuple[float, float],
    code: str,
) -> Finding:
    limit = asked.limit
    drawn = drawn_structures(context)
    part = measure_part(
        context,
        drawn[stand_in.match.roi_number],
        drawn[target.roi_number],
        metric=limit.metric,
        extent_mm=extent_mm,
    )
    finding = ask(
        context,
        rule_of(asked.guideline, limit, governs=False),
        stand_in,
        code=code,
        measured=part.value,
    )
    low, high = extent_mm
    where = (
        f"Tested on the part from {low:g} to {high:g} mm above to as far below {target.roi_name}; "
        "the band holds both."
    )
    if not part.covers and finding.status is not Status.NOT_EVALUATED:
        note = f"{where} {stand_in.match.roi_name} is not contoured along the whole target."
        return noted(finding, note, floor=Status.MANUAL)
    return noted(finding, where)


def _targets(context: Context) -> tuple[Match, ...]:
    drawn = tuple(m for m in contoured(context) if m.category == "target")
    kinds = (tuple(m for m in drawn if m.name.startswith(kind)) for kind in _TARGETS)
    return next((found for found in kinds if found), ())


def _without_contour(context: Context, asked: Question, code: str) -> Outcome:
    near = [m.roi_name for m in contoured(context) if is_neural(context.protocol, m.name)]
    if context.scheme.spine is False or near:
        why = "the target is known not to be spine"
        if near:
            why = f"a share of it does not transfer to {', '.join(near)}"
        return NotApplicable(
            code=code, subject=asked.structure, reason=f"not contoured: {_what(asked)}; {why}"
        )
    return _unanswered(
        asked,
        code,
        f"{_what(asked)} was not tested: {asked.structure} is not contoured.",
        f"Contour {asked.structure} and export the structure set.",
    )


def _what(asked: Question) -> str:
    return f"{asked.limit.metric} of {asked.guideline.id}"


def _unanswered(asked: Question, code: str, message: str, remedy: str) -> Finding:
    return Finding(
        code=code,
        subject=asked.structure,
        status=Status.NOT_EVALUATED,
        message=message,
        guideline=asked.guideline.id,
        governs=False,
        remedy=remedy,
    )
