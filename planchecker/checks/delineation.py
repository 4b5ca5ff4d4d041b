"""DE: rules for drawing targets of stereotactic treatment."""

import itertools
from collections.abc import Iterator

from constraints.model import DelineationRule, Evidence, Setting, Technique
from planchecker.checks.context import Check, Context, Outcome
from planchecker.checks.delineation_margins import bone_margin
from planchecker.checks.delineation_sectors import ctv_sectors, is_postoperative
from planchecker.checks.limits.cord_contours import any_contours
from planchecker.checks.limits.nesting import CAUDA, CORD, contoured, drawn_structures
from planchecker.checks.rings import ring_share
from planchecker.checks.saying import moot, say
from planchecker.checks.targets import targets
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.results import Status
from planchecker.solid_points import filled, holds

__all__ = ["CHECKS"]

_SACRAL = ("SpinalCanal", "ThecalSac", CAUDA)


def circumferential(context: Context) -> Iterator[Outcome]:
    """Ask whether a CTV all round the cord is allowed.

    What
    ----
    Whether the CTV of a stereotactic plan of the intact spine closes round the canal, and
    whether the GTV involves body, both sides of the arch and the spinous process.

    Why
    ---
    A ring brings dose to the cord from every side; it is for tumour on every side.

    Passes
    ------
    The CTV leaves a gap, or the GTV itself closes the ring.

    Fires
    -----
    `manual` where the CTV closes and the GTV does not: extensive epidural disease would allow
    it, which contours do not tell.

    Not evaluated
    -------------
    Listed as not applicable for conventional and post-operative plans, and where CTV, GTV or
    the contour of canal, sac or cord is missing.

    Where the technique of the plan is unknown.

    References
    ----------
    Cox et al. 2012, doi 10.1016/j.ijrobp.2012.03.009, row ISRC-03.
    """
    code = "DE002"
    reason = _not_intact_spine(context)
    inner = next(iter(any_contours(context)), None)
    ctvs, gtvs = targets(context, "CTV"), targets(context, "GTV")
    if not reason and (inner is None or not ctvs or not gtvs):
        reason = "CTV, GTV or a contour of the canal's contents is missing"
    if reason or inner is None:
        yield moot(code, "CTV", reason)
        return
    drawn = drawn_structures(context)
    least = context.criterion("delineation.ring_percent")
    gross = max(ring_share(drawn[g.roi_number], drawn[inner.roi_number]) for g in gtvs)
    for ctv in ctvs:
        share = 100 * ring_share(drawn[ctv.roi_number], drawn[inner.roi_number])
        said = f"{ctv.roi_name} closes {share:.0f} % of the way round {inner.roi_name}"
        if share < least:
            yield say(code, ctv.roi_name, Status.PASS, f"{said}: no ring.")
        elif 100 * gross >= least:
            yield say(code, ctv.roi_name, Status.PASS, f"{said}, and so does the GTV.")
        else:
            message = (
                f"{said}, the GTV {100 * gross:.0f} %: a ring is for disease of body, both sides "
                "and spinous process, or extensive epidural disease."
            )
            remedy = "Open the CTV where no tumour is near, or let a physician confirm the extent."
            yield say(code, ctv.roi_name, Status.MANUAL, message, remedy=remedy)


def ptv_and_cord(context: Context) -> Iterator[Outcome]:
    """Ask whether the PTV of a stereotactic plan overlaps the cord.

    What
    ----
    Volume that PTV and cord share.

    Why
    ---
    What is prescribed to the PTV is prescribed to the cord in it.

    Passes
    ------
    Where the rule is confirmed: nothing is shared.

    Fires
    -----
    Where the rule is confirmed: `fail` for any shared volume. Resting on memory it has no
    status and the volume is listed.

    Not evaluated
    -------------
    Never asked of a conventional plan; not applicable without PTV or cord.

    References
    ----------
    Cox et al. 2012, doi 10.1016/j.ijrobp.2012.03.009, row ISRC-13.
    """
    code = "DE003"
    reason = _not_intact_spine(context)
    cords = [m for m in any_contours(context) if m.name == CORD]
    ptvs = targets(context, "PTV")
    row = _row(context, "ptv_contains_gtv_and_ctv_and_spares_cord")
    if not reason and (not cords or not ptvs or row is None):
        reason = "PTV, cord or the rule is missing"
    if reason or row is None:
        yield moot(code, "PTV", reason)
        return
    drawn = drawn_structures(context)
    for ptv, cord in itertools.product(ptvs, cords):
        try:
            points, share_cc = filled(drawn[cord.roi_number])
            shared = float(holds(drawn[ptv.roi_number], points).sum()) * share_cc
        except PlanCheckerError as error:
            if row.evidence is Evidence.D:
                yield moot(code, ptv.roi_name, f"cannot be told: {error}")
            else:
                remedy = "Contour PTV and cord as closed loops on every slice."
                message = f"Whether {ptv.roi_name} and {cord.roi_name} overlap: {error}."
                yield say(code, ptv.roi_name, Status.NOT_EVALUATED, message, remedy=remedy)
            continue
        said = f"{ptv.roi_name} and {cord.roi_name} share {shared:.2f} cc"
        if row.evidence is Evidence.D:
            reason = f"{said}; the rule rests on memory (evidence D) and has no status"
            yield moot(code, ptv.roi_name, reason)
        else:
            status = Status.FAIL if shared > 0 else Status.PASS
            yield say(code, ptv.roi_name, status, f"{said}.", remedy="Trim the PTV at the cord.")


def sacral_nerves(context: Context) -> Iterator[Outcome]:
    """Ask whether a stereotactic plan of the sacrum has its neural structure contoured.

    What
    ----
    Cauda equina, thecal sac or sacral canal in a stereotactic plan whose target is in the
    sacrum.

    Why
    ---
    Below the conus no cord is drawn, and without any neural contour nothing is spared.

    Passes
    ------
    One of them is contoured.

    Fires
    -----
    Never worse than not evaluated: the experts chose differently among the three.

    Not evaluated
    -------------
    None of them is contoured.

    Where the technique of the plan is unknown.

    References
    ----------
    Dunne et al. 2020, Radiother Oncol 145:21-29, row SAC-01.
    """
    code = "DE006"
    sacral = {m.name for m in contoured(context) if m.name.casefold().startswith("sacrum")}
    bones = [m for m in contoured(context) if m.name in sacral]
    hit = any(
        _meet(context, bone, target)
        for bone in bones
        for target in targets(context, "PTV", "CTV", "GTV")
    )
    if not hit or context.technique.worlds != (Technique.STEREOTACTIC,):
        yield moot(code, "sacrum", "no stereotactic target lies on a contour of the sacrum")
        return
    found = [m.roi_name for m in contoured(context) if m.name in _SACRAL]
    if found:
        yield say(code, "sacrum", Status.PASS, f"Contoured: {', '.join(found)}.")
    else:
        message = "The target is in the sacrum and no cauda equina, thecal sac or canal is drawn."
        remedy = "Contour the cauda equina or the sacral canal."
        yield say(code, "sacrum", Status.NOT_EVALUATED, message, remedy=remedy)


def postoperative_extent(context: Context) -> Iterator[Outcome]:
    """State what the CTV of an operated spine must hold and no export tells.

    What
    ----
    Rules for the CTV after surgery.

    Why
    ---
    The CTV follows the extent before surgery, which is on another scan.

    Passes
    ------
    Never: no status is given.

    Fires
    -----
    Never.

    Not evaluated
    -------------
    Always listed as not applicable: an export does not hold the extent before surgery.

    References
    ----------
    Redmond et al. 2017, doi 10.1016/j.ijrobp.2016.09.014, row PO-01.
    """
    code = "DE007"
    stereotactic = Technique.STEREOTACTIC in context.technique.worlds
    if not (stereotactic and is_postoperative(context)):
        yield moot(code, "CTV", "the plan is not known to be stereotactic and post-operative")
        return
    for guideline in context.guidelines.values():
        for rule in guideline.delineation:
            if rule.setting is Setting.POSTOPERATIVE:
                off = " (from memory)" if rule.evidence is Evidence.D else ""
                yield moot(code, rule.id, f"cannot be told from an export: {rule.summary}{off}")


CHECKS: tuple[Check, ...] = (
    Check(
        code="DE001",
        title="Sectors of the vertebra in the CTV",
        run=ctv_sectors,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="DE002",
        title="CTV all round the cord",
        run=circumferential,
        technique=Technique.STEREOTACTIC,
    ),
    Check(code="DE003", title="PTV and cord", run=ptv_and_cord),
    Check(
        code="DE005",
        title="Margin in bone outside the spine",
        run=bone_margin,
        technique=Technique.STEREOTACTIC,
    ),
    Check(
        code="DE006",
        title="Neural structure of the sacrum",
        run=sacral_nerves,
        technique=Technique.STEREOTACTIC,
    ),
    Check(code="DE007", title="CTV after surgery", run=postoperative_extent),
)


def _not_intact_spine(context: Context) -> str:
    if context.technique.worlds != (Technique.STEREOTACTIC,):
        return "asked of stereotactic plans only"
    if context.scheme.spine is False:
        return "the target is known not to be spine"
    if is_postoperative(context):
        return "the rule is for the intact spine"
    return ""


def _meet(context: Context, bone: Match, target: Match) -> bool:
    """Tell whether a target lies in a bone; contours that cannot be filled are taken to meet."""
    drawn = drawn_structures(context)
    try:
        points, _ = filled(drawn[target.roi_number], most=2_000)
        return bool(holds(drawn[bone.roi_number], points).any())
    except PlanCheckerError:
        return True


def _row(context: Context, name: str) -> DelineationRule | None:
    rows = (r for g in context.guidelines.values() for r in g.delineation if r.rule == name)
    return next(rows, None)
