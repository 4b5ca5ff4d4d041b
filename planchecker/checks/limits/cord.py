"""The governing rules for the spinal cord: they decide before everything else."""

from collections.abc import Iterator

from constraints.metric import Metric
from constraints.model import Comparison, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.asking import Rule, ask, measure, noted, rule_of
from planchecker.checks.limits.cord_contours import (
    any_contours,
    nearest_contours,
    tested_contours,
)
from planchecker.checks.limits.nesting import (
    CAUDA,
    CORD,
    StandIn,
    cord_family,
    in_family,
    transfers,
)
from planchecker.checks.limits.selection import (
    cord_governors,
    governors,
    lacks_earlier,
    prescription,
    questions,
)
from planchecker.results import Finding, NotApplicable, Status
from planchecker.schemes.inference import INFERRED

__all__ = ["cord_conventional", "cord_stereotactic"]


def cord_stereotactic(context: Context) -> Iterator[Outcome]:
    """Test the first-course stereotactic limits on the outermost contour round the cord.

    What
    ----
    The point maximum of the cord, for exactly the plan's number of fractions, on the
    outermost of thecal sac, cord PRV and cord that is contoured. The finding names it.

    Why
    ---
    An overdosed cord means myelopathy. The published figures rest on thecal sac contours
    while their wording says cord, so the outermost contour is the safe one; a true cord
    alone is accepted because the publication words the limit so.

    Passes
    ------
    The whole uncertainty band keeps every mandatory and optimal limit of the governing
    guideline.

    Fires
    -----
    `fail` above a mandatory limit, `warn` above an optimal one (between the two ends of a
    published range), `borderline` where a mandatory limit lies inside the band. On a
    spinal canal as the only contour an excess is an excess too and names the contour to
    add: the limit may be met on it, but nothing in the export shows that. On a contour
    inside the cord, or on the cauda equina alone, a met limit is `manual`. Where the
    technique is ambiguous nothing is better than `manual`.

    Not evaluated
    -------------
    No contour of the cord in a plan of the spine or of an unknown site; no limit for the
    number of fractions; a plan known to be a re-irradiation; no answer from the dose.

    References
    ----------
    Sahgal et al., Int J Radiat Oncol Biol Phys 2021;110:124-136,
    doi 10.1016/j.ijrobp.2019.09.038; Sahgal et al. 2013, doi 10.1016/j.ijrobp.2012.05.007.
    """
    code, world = "DL001", Technique.STEREOTACTIC
    refusal = _refusal(context, code, world)
    if refusal is not None:
        yield from refusal
        return
    deciding = cord_governors(context, world)
    rules = _published(context, world, deciding)
    if not rules:
        yield _no_limit(context, code, world)
        return
    for rule in rules:
        yield from _round_cord(context, rule, code)


def cord_conventional(context: Context) -> Iterator[Outcome]:
    """Test the conventional limits on the cord.

    What
    ----
    D0.03cc of the cord (else of what encloses it) against the percent limits published for
    the plan's own scheme, and its EQD2 with the alpha/beta of the protocol.

    Why
    ---
    A named scheme keeps the cord within tolerance only while the cord gets the prescribed
    dose and not much more.

    Passes
    ------
    The scheme is a named pair, every percent limit for it is kept, and the EQD2 is at most
    the pass value of the protocol.

    Fires
    -----
    EQD2 above the fail value is `fail`, between the two `manual`; a percent limit exceeded
    takes the status of its kind. With the EQD2 kept, a pair that lies in a range without
    being named is `warn` and any other `manual`: only named pairs pass. On the canal an
    excess names the contour to add. On a contour inside the cord, on the cauda equina
    alone, and where the technique is ambiguous, nothing is better than `manual`.

    Not evaluated
    -------------
    No contour of the cord in a plan of the spine or of an unknown site; a plan known to be
    a re-irradiation; the number of fractions or the dose is unknown.

    References
    ----------
    SUPR-3D protocol, doi 10.1186/s12885-019-6259-z; Rades et al. (PMC5715981, PMC6884857);
    Kirkpatrick et al. 2010, doi 10.1016/j.ijrobp.2009.04.095.
    """
    code, world = "DL002", Technique.CONVENTIONAL
    refusal = _refusal(context, code, world)
    if refusal is not None:
        yield from refusal
        return
    rules = _published(context, world, cord_governors(context, world))
    for stand_in in nearest_contours(context):
        floor = _floor(context, stand_in)
        remark = _remark(context, stand_in)
        for rule in rules:
            yield ask(context, rule, stand_in, code=code, floor=floor, note=remark)
        finding = noted(_eqd2(context, code, stand_in), remark, floor=floor)
        yield _only_named(context, finding)


def _refusal(context: Context, code: str, world: Technique) -> tuple[Outcome, ...] | None:
    """Return what is said instead of the rule, or None where it can be asked."""
    worlds = context.technique.worlds
    if not worlds:
        # DL005 says that the technique is unknown, DL900 that the cord was not tested.
        return ()
    if world not in worlds:
        reason = f"the plan is {worlds[0].value}"
        return (NotApplicable(code=code, subject=CORD, reason=reason),)
    if not any_contours(context):
        return (_missing(context, code),)
    if lacks_earlier(context):
        return (
            _unanswered(
                code,
                "The plan is a re-irradiation: first-course limits of the cord do not apply, "
                "and the cumulative dose was not evaluated.",
                "Let a physicist add up the dose of all courses at the cord.",
            ),
        )
    if prescription(context).fractions is None:
        return (
            _unanswered(
                code,
                "The plan does not state its number of fractions, so no cord limit can be chosen.",
                "Export the plan with its fraction group.",
            ),
        )
    return None


def _published(context: Context, world: Technique, deciding: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return every limit of the deciding guidelines on the cord, once."""
    found = {
        (q.guideline.id, q.limit.id): rule_of(q.guideline, q.limit, governs=True)
        for q in questions(context, world)
        if q.guideline.id in deciding
        and in_family(context.protocol, q.structure)
        and transfers(q.limit.metric, q.limit.comparison)
    }
    return tuple(found.values())


def _floor(context: Context, stand_in: StandIn) -> Status:
    unsure = len(context.technique.worlds) > 1 or stand_in.match.name == CAUDA
    return Status.MANUAL if unsure else Status.PASS


def _remark(context: Context, stand_in: StandIn) -> str:
    remarks = []
    if stand_in.match.name == CAUDA:
        remarks.append(
            "The cauda equina stands for the cord below the conus only; that the target lies "
            "there is not known."
        )
    if len(context.technique.worlds) > 1:
        remarks.append("The technique is ambiguous: limits of both techniques are tested.")
    return " ".join(remarks)


def _round_cord(context: Context, rule: Rule, code: str) -> Iterator[Finding]:
    """Yield the outermost contour, and the inner ones as far as they add to what it says."""
    outer: Finding | None = None
    for stand_in in tested_contours(context):
        finding = ask(
            context,
            rule,
            stand_in,
            code=code,
            floor=_floor(context, stand_in),
            note=_remark(context, stand_in),
        )
        if outer is None or _adds(finding, outer):
            yield finding
        outer = outer or finding


def _adds(inner: Finding, outer: Finding) -> bool:
    """Tell whether an inner contour says what the outermost one does not."""
    if Status.PASS not in (inner.status, outer.status) or inner.status is not outer.status:
        return True
    return inner.value is not None and outer.value is not None and inner.value > outer.value


def _eqd2(context: Context, code: str, stand_in: StandIn) -> Finding:
    criteria = context.protocol.criteria
    names = ("cord.eqd2_pass_gy", "cord.eqd2_fail_gy", "cord.eqd2_alpha_beta_gy")
    if any(name not in criteria for name in names):
        return _unanswered(
            code,
            f"The protocol does not hold {', '.join(n for n in names if n not in criteria)}.",
            "Add the criteria to the protocol file.",
        )
    fine, grave = (
        Rule(
            metric=Metric.parse(f"EQD2({context.criterion(names[2]):g}):D0.03cc"),
            comparison=Comparison.AT_MOST,
            value=context.criterion(name),
            unit="Gy",
            excess=excess,
            guideline=context.protocol.id,
            source=criteria[name].source,
        )
        for name, excess in ((names[0], Status.MANUAL), (names[1], Status.FAIL))
    )
    note = _large_fractions(context, stand_in)
    finding = ask(context, grave, stand_in, code=code, note=note)
    if finding.status in _GRAVE:
        return finding
    return ask(context, fine, stand_in, code=code, note=note)


def _large_fractions(context: Context, stand_in: StandIn) -> str:
    """Say where the cord gets more per fraction than the rule in EQD2 was derived for."""
    most = context.protocol.criteria.get("cord.eqd2_max_dose_per_fraction_gy")
    found = measure(context, stand_in.match.roi_number, Metric.parse("D0.03cc")).value
    number = prescription(context).fractions
    if most is None or found is None or not number or found / number < most.value:
        return ""
    return (
        f"It gets {found / number:.1f} Gy per fraction; the rule in EQD2 was derived for less "
        f"than {most.value:g} Gy."
    )


_GRAVE = (Status.FAIL, Status.BORDERLINE, Status.NOT_EVALUATED)


def _only_named(context: Context, finding: Finding) -> Finding:
    scheme = context.scheme
    if prescription(context).source == INFERRED:
        return noted(finding, "The prescription is inferred from the dose.", floor=Status.MANUAL)
    if scheme.named or scheme.match.id:
        return finding
    if scheme.in_range:
        return noted(finding, "No table names the scheme.", floor=Status.WARN)
    return noted(finding, "The scheme is not known.", floor=Status.MANUAL)


def _missing(context: Context, code: str) -> Outcome:
    if context.scheme.spine is False:
        return NotApplicable(
            code=code,
            subject=CORD,
            reason="the target is known not to be spine and no cord is contoured",
        )
    family = cord_family(context.protocol) | {CAUDA}
    near = [m.roi_name for m in context.matches if not m.name and family & set(m.suggestions)]
    hint = f" These names were not recognised: {', '.join(near)}." if near else ""
    return _unanswered(
        code,
        f"No spinal cord, cord PRV, thecal sac, spinal canal or cauda equina is contoured.{hint}",
        f"Contour {CORD} (and ThecalSac for a stereotactic plan) and export the structure set.",
    )


def _no_limit(context: Context, code: str, world: Technique) -> Finding:
    known = sorted(
        {
            n
            for name in governors(context, CORD, world)
            if name in context.guidelines
            for limit in context.guidelines[name].limits
            for n in limit.fractions
        }
    )
    return _unanswered(
        code,
        f"The governing guideline has cord limits for {', '.join(map(str, known)) or 'no'} "
        f"fractions; the plan has {prescription(context).fractions}.",
        "Let a physicist judge the cord: no limit is carried over to another number of fractions.",
    )


def _unanswered(code: str, message: str, remedy: str) -> Finding:
    return Finding(
        code=code, subject=CORD, status=Status.NOT_EVALUATED, message=message, remedy=remedy
    )
