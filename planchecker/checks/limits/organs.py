"""Limits of every other organ, and those that stand beside the governing ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from constraints.metric import MetricKind
from constraints.model import Evidence, Technique
from planchecker.checks import geometry
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.asking import ask, noted, rule_of
from planchecker.checks.limits.further import (
    conditional_limits,
    derived_questions,
    governing_derived,
    part_limits,
)
from planchecker.checks.limits.nesting import (
    Role,
    StandIn,
    contoured,
    in_family,
    stand_ins,
    transfers,
)
from planchecker.checks.limits.selection import (
    Question,
    cord_governors,
    governing_guideline,
    lacks_earlier,
    out_of_scope,
    prescription,
    questions,
)
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["governing_organs", "limits_beside"]

_POINT_LIKE = (MetricKind.DMAX, MetricKind.DOSE_AT_VOLUME)


def governing_organs(context: Context) -> Iterator[Outcome]:
    """Test the governing limits of every organ other than the cord.

    What
    ----
    Each limit of the governing guideline for the plan's technique and exact number of
    fractions, on every contour that carries the organ's name, left and right each. An organ
    that no guideline limits in this number of fractions is tested on a limit derived by the
    linear-quadratic model between two published numbers, labelled as derived; never outside
    them. For the cord such a limit only stands beside.

    Why
    ---
    A plan of the spine or of a bone passes close to organs with limits of their own.

    Passes
    ------
    The whole uncertainty band keeps the limit. A limit tested on a contour that encloses
    the organ (its PRV) is conservative.

    Fires
    -----
    `fail` where a mandatory limit is exceeded, `borderline` where it lies in the band,
    `warn` for an optimal one, `manual` for a figure known from one transcription only.
    Where such a figure is all there is for a maximum dose and it is met: `warn`, met but
    unconfirmed. A derived limit counts as such a figure, unless the limit published for
    fewer fractions is met as well. A bone that may itself be the target and overlaps it never
    fails: its excess is `manual`, since the part outside the target was not judged alone.

    Not evaluated
    -------------
    The organ is contoured and the metric has no answer. An organ that is not contoured,
    and a guideline without a limit for this number of fractions, are listed as not
    applicable; technique, fractions or dose unknown is said by DL005.

    References
    ----------
    The publication of each limit, named in the finding.
    """
    for world in context.technique.worlds:
        asked = [q for q in _asked(context, world) if not in_family(context.protocol, q.structure)]
        governing = _governing(context, asked, world)
        mine = [q for q in asked if governing[q.structure] == q.guideline.id]
        derived, decides = _derived(context, world)
        mine += [q for q in derived if decides[q.structure] == q.guideline.id]
        yield from _findings(context, mine, code="DL010", governs=True)
    yield from _silent(context)


def limits_beside(context: Context) -> Iterator[Outcome]:
    """Test the limits of guidelines that do not govern, and show them beside.

    What
    ----
    Every limit of the protocol that applies and does not govern, on the cord as well. A
    limit on the part of the cord near the target is tested on that part, for each target;
    limits that hold only in a situation a plan does not show are listed with it.

    Why
    ---
    Guidelines disagree; the reader must see where the plan stands with each of them.

    Passes
    ------
    The whole uncertainty band keeps the limit.

    Fires
    -----
    `warn` where a limit is exceeded or lies in the band, whatever its kind, since it does
    not govern; `manual` where its figure is known from one transcription only.

    Not evaluated
    -------------
    The structure is contoured and the metric has no answer; a limit on a part, where cord or
    target is not contoured or the two do not meet.

    References
    ----------
    The publication of each limit, named in the finding.
    """
    for world in context.technique.worlds:
        asked = _asked(context, world)
        deciding = cord_governors(context, world)
        governing = _governing(context, asked, world)
        beside = [q for q in asked if not _governs(context, q, deciding, governing)]
        derived, decides = _derived(context, world)
        beside += [q for q in derived if decides[q.structure] != q.guideline.id]
        yield from _findings(context, beside, code="DL020", governs=False)
        if not _said_once(context):
            yield from part_limits(context, world, code="DL020")
            yield from conditional_limits(context, world, code="DL020")


def _asked(context: Context, world: Technique) -> list[Question]:
    return [] if _said_once(context) else list(questions(context, world))


def _said_once(context: Context) -> bool:
    """Tell whether DL005 says once what would else be said for every limit."""
    return lacks_earlier(context) or (context.plan_dose.grid is None and not context.dvhs)


def _derived(context: Context, world: Technique) -> tuple[tuple[Question, ...], Mapping[str, str]]:
    """Return the calculated limits, and which guideline decides by them for each structure."""
    asked = () if _said_once(context) else derived_questions(context, world)
    return asked, governing_derived(context, asked, world)


def _governing(context: Context, asked: Iterable[Question], world: Technique) -> dict[str, str]:
    """Return the id of the governing guideline by structure."""
    names = dict.fromkeys(q.structure for q in asked)
    return {name: governing_guideline(context, name, world) for name in names}


def _governs(
    context: Context,
    question: Question,
    deciding: tuple[str, ...],
    governing: Mapping[str, str],
) -> bool:
    limit = question.limit
    if in_family(context.protocol, question.structure):
        return question.guideline.id in deciding and transfers(limit.metric, limit.comparison)
    return governing[question.structure] == question.guideline.id


def _findings(
    context: Context, asked: Iterable[Question], *, code: str, governs: bool
) -> Iterator[Outcome]:
    confirmed = _confirmed(context)
    absent: dict[tuple[str, str], list[str]] = {}
    for question in asked:
        found = _contours(context, question)
        if not found:
            key = (question.guideline.id, question.structure)
            absent.setdefault(key, []).append(str(question.limit.metric))
        for stand_in in found:
            if stand_in.role is Role.INSIDE and not governs:
                yield _inside(context, question, stand_in, code=code)
                continue
            finding = _finding(context, question, stand_in, code=code, governs=governs)
            if finding.status is Status.PASS and question.structure not in confirmed:
                finding = _unconfirmed(context, question, stand_in, finding)
            yield finding
    yield from _absent(context, code, absent)


def _contours(context: Context, question: Question) -> tuple[StandIn, ...]:
    found = stand_ins(context, question.structure)
    if transfers(question.limit.metric, question.limit.comparison):
        return found
    return tuple(s for s in found if s.role is Role.SAME)


def _finding(
    context: Context, question: Question, stand_in: StandIn, *, code: str, governs: bool
) -> Finding:
    rule = rule_of(question.guideline, question.limit, governs=governs)
    derived = question.limit.note if question.limit.derived_from else ""
    finding = ask(context, rule, stand_in, code=code, note=derived)
    if finding.status in (Status.FAIL, Status.BORDERLINE) and _is_target_bone(context, stand_in):
        advisory = replace(finding, status=Status.MANUAL)
        return noted(
            advisory,
            "Advisory: the bone overlaps a target, and the part outside it was not judged alone.",
        )
    return finding


def _inside(context: Context, question: Question, stand_in: StandIn, *, code: str) -> Outcome:
    """Show what an inner contour exceeds; what it keeps says nothing about a limit beside."""
    rule = rule_of(question.guideline, question.limit, governs=False)
    finding = ask(context, rule, replace(stand_in, role=Role.SAME), code=code)
    where = f"Tested on {stand_in.match.name}, which lies inside {stand_in.asked}."
    if finding.status in (Status.PASS, Status.NOT_EVALUATED):
        return NotApplicable(
            code=code,
            subject=question.structure,
            reason=f"not contoured: {question.limit.metric} of {question.guideline.id} is not "
            f"shown by {stand_in.match.name}, which lies inside",
        )
    return noted(finding, where)


def _unconfirmed(
    context: Context, question: Question, stand_in: StandIn, finding: Finding
) -> Finding:
    """Warn where a met maximum rests on one transcription or on a model alone."""
    limit = question.limit
    if limit.metric.kind not in _POINT_LIKE:
        return finding
    if not limit.derived_from:
        why = "one transcription only (C)"
        return noted(finding, f"Met, limit unconfirmed: {why}.", floor=Status.WARN)
    fewer = next(
        (row for row in question.guideline.limits if row.id == limit.derived_from[0]), None
    )
    if fewer is not None and fewer.evidence in (Evidence.A, Evidence.B):
        # The same dose in fewer fractions does more, so no model is needed where it is allowed.
        kept = ask(
            context, rule_of(question.guideline, fewer, governs=False), stand_in, code=finding.code
        )
        if kept.status is Status.PASS:
            shown = f"{fewer.metric} {fewer.comparison.value} {fewer.value:g} {fewer.unit}"
            listed = ", ".join(map(str, fewer.fractions))
            return noted(
                finding, f"The limit published for {listed} fraction(s) is met as well: {shown}."
            )
    return noted(finding, "Met, limit unconfirmed: it is derived.", floor=Status.WARN)


def _confirmed(context: Context) -> frozenset[str]:
    """Structures with a limit that rests on more than one transcription."""
    return frozenset(
        q.structure
        for world in context.technique.worlds
        for q in questions(context, world)
        if q.limit.evidence in (Evidence.A, Evidence.B)
    )


def _is_target_bone(context: Context, stand_in: StandIn) -> bool:
    names = context.protocol.treated_bones
    structures = context.case.structure_set.structures if context.case.structure_set else ()
    if stand_in.asked not in names or stand_in.role is not Role.SAME:
        return False
    by_number = {s.roi_number: s for s in structures}
    targets = [m.roi_number for m in contoured(context) if m.category == "target"]
    try:
        return any(
            geometry.overlaps(by_number[number], by_number[stand_in.match.roi_number])
            for number in targets
        )
    except PlanCheckerError:
        # Without a volume nothing shows the overlap, so the limit keeps its authority.
        return False


def _absent(
    context: Context, code: str, absent: Mapping[tuple[str, str], list[str]]
) -> Iterator[NotApplicable]:
    drawn = {m.name for m in contoured(context)}
    for (guideline, structure), metrics in absent.items():
        sides = {f"{structure.removesuffix('s')}_{side}" for side in "LR"}
        whole = " as one structure" if sides & drawn else ""
        listed = ", ".join(dict.fromkeys(metrics))
        yield NotApplicable(
            code=code,
            subject=structure,
            reason=f"not contoured{whole}: {listed} of {guideline} not asked",
        )


def _silent(context: Context) -> Iterator[NotApplicable]:
    """Guidelines with limits of which none applies, switched-off figures, organs without any."""
    heard: set[str] = set()
    for guideline in context.guidelines.values():
        reasons = {
            (world, limit.id): out_of_scope(context, limit, world)
            for world in context.technique.worlds
            for limit in guideline.limits
        }
        off = {limit.id for limit in guideline.limits if limit.evidence is Evidence.D}
        if off:
            yield NotApplicable(
                code="DL010",
                subject=guideline.id,
                reason=f"{len(off)} limit(s) switched off: figures from memory (evidence D)",
            )
        heard.update(
            name
            for limit in guideline.limits
            if any(not reasons[world, limit.id] for world in context.technique.worlds)
            for name in limit.structures
        )
        given = {why for (_, name), why in reasons.items() if name not in off}
        if given and "" not in given:
            yield NotApplicable(
                code="DL010", subject=guideline.id, reason=f"limits {'; '.join(sorted(given))}"
            )
    stated = prescription(context)
    if not context.technique.worlds or stated.fractions is None:
        return
    heard.update(
        q.structure for world in context.technique.worlds for q in derived_questions(context, world)
    )
    for name in dict.fromkeys(m.name for m in contoured(context) if m.category == "organ"):
        if name not in heard and not in_family(context.protocol, name):
            yield NotApplicable(
                code="DL010",
                subject=name,
                reason=f"no guideline of the protocol has a limit for it in "
                f"{stated.fractions} fraction(s) and this technique",
            )
