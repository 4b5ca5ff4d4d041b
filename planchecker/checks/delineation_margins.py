"""DE005: how far the CTV reaches beyond the GTV in bones outside the spine."""

from collections.abc import Iterator

import numpy as np

from constraints.model import Evidence, MarginRule, Technique
from constraints.vocabulary import load_vocabulary
from planchecker.checks.context import Context, Outcome
from planchecker.checks.delineation_sectors import is_postoperative
from planchecker.checks.limits.nesting import contoured, drawn_structures
from planchecker.checks.saying import moot, say
from planchecker.checks.targets import targets
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.results import Finding, Status
from planchecker.solid_points import filled, holds

__all__ = ["bone_margin"]

CODE = "DE005"
_MOST = 3_000


def bone_margin(context: Context) -> Iterator[Outcome]:
    """Ask whether the CTV of a bone outside the spine reaches into the bone round the GTV.

    What
    ----
    In a stereotactic plan outside the spine, how much of the bone within the smallest published
    margin of the GTV is in the CTV, and how far the CTV reaches from the GTV. Where
    ``delineation.touched_cc`` of the GTV or more lie outside the bone, how far the CTV reaches
    beyond it there.

    Why
    ---
    Tumour spreads within the marrow; beyond the largest margin only normal tissue is treated.

    Passes
    ------
    The CTV leaves out at most ``delineation.missed_percent`` of the bone within the smallest
    margin and reaches no farther than the largest; outside the bone it reaches the smallest
    somewhere, since it may be cropped at barriers that are not involved.

    Fires
    -----
    `warn` where it holds less or reaches farther.

    Not evaluated
    -------------
    Listed as not applicable for the spine, for conventional plans, and where GTV, CTV or the
    bone is not contoured.

    Where the technique of the plan is unknown.

    References
    ----------
    Nguyen et al. 2022, doi 10.1016/j.ijrobp.2021.09.004, rows NSB-01 and NSB-02.
    """
    if context.technique.worlds == (Technique.STEREOTACTIC,) and context.scheme.spine is None:
        yield say(
            CODE,
            "CTV",
            Status.NOT_EVALUATED,
            "It is unknown whether the target is spine, and with it whether this is asked.",
            remedy="State the indication, or name plan or target after the bone.",
        )
        return
    rule = _rule(context, "within contiguous bone")
    reason = ""
    if context.technique.worlds != (Technique.STEREOTACTIC,) or context.scheme.spine is not False:
        reason = "asked of stereotactic plans known to be outside the spine"
    elif rule is None:
        reason = "no guideline of the protocol has such a margin"
    elif is_postoperative(context):
        reason = "the margin is for bones that were not operated"
    gtvs, ctvs = targets(context, "GTV"), targets(context, "CTV")
    vocabulary = load_vocabulary()
    kinds = vocabulary.words.bone_categories
    bones = [
        m
        for m in contoured(context)
        if m.category == "organ" and vocabulary.category(m.name) in kinds
    ]
    if not reason and (len(gtvs) != 1 or len(ctvs) != 1 or not bones):
        reason = "one GTV, one CTV and the bone must be contoured"
    if reason or rule is None:
        yield moot(CODE, "CTV", reason)
        return
    drawn = drawn_structures(context)
    try:
        gtv, ctv = drawn[gtvs[0].roi_number], drawn[ctvs[0].roi_number]
        hard = [drawn[m.roi_number] for m in bones]
        yield _judged(context, rule, gtv, ctv, hard)
        yield from _outside(context, gtv, ctv, hard)
    except PlanCheckerError as error:
        yield moot(CODE, ctvs[0].roi_name, f"cannot be told: {error}")


def _rule(context: Context, direction: str) -> MarginRule | None:
    rows = (
        row
        for guideline in context.guidelines.values()
        for row in guideline.margins
        if (row.inner, row.outer) == ("GTV", "CTV")
        and row.direction == direction
        and row.technique is Technique.STEREOTACTIC
        and row.evidence is not Evidence.D
    )
    return next(rows, None)


def _judged(
    context: Context, rule: MarginRule, gtv: Structure, ctv: Structure, bones: list[Structure]
) -> Finding:
    gross, _ = filled(gtv, most=_MOST)
    clinical, _ = filled(ctv, most=_MOST)
    low, high = rule.margin_mm
    reach = float(np.quantile(_distance(clinical, gross), 0.99))
    # The points fill the GTV with a spacing of their own, which is not margin.
    spacing = float(np.quantile(_distance(gross[::2], gross[1::2]), 0.9))
    near = []
    for bone in bones:
        marrow, _ = filled(bone, most=_MOST)
        away = _distance(marrow, gross)
        near.append(marrow[(away <= low) & (away > spacing)])
    rim = np.concatenate(near)
    missed = 100 * float((~holds(ctv, rim)).mean()) if len(rim) else 0.0
    short, far = missed > context.criterion("delineation.missed_percent"), reach - spacing > high
    said = (
        f"{ctv.name} leaves out {missed:.0f} % of the bone within {low:g} mm of {gtv.name} and "
        f"reaches {reach:.0f} mm from it; {low:g} to {high:g} mm are advised"
    )
    return say(
        CODE,
        ctv.name,
        Status.WARN if short or far else Status.PASS,
        f"{said}.",
        remedy="Draw the CTV within the published margins, or note why not.",
        roi_number=ctv.roi_number,
        value=reach,
        unit="mm",
        comparison="<=",
        limit=high,
        margin=high - reach,
        evidence=rule.evidence.value,
        source=f"{rule.id}, {rule.where}",
    )


def _outside(
    context: Context, gtv: Structure, ctv: Structure, bones: list[Structure]
) -> Iterator[Outcome]:
    """Yield how far the CTV reaches round tumour that has left the bone."""
    rule = _rule(context, "outside bone")
    if rule is None:
        return
    gross, share_cc = filled(gtv, most=_MOST)
    clinical, _ = filled(ctv, most=_MOST)
    soft, around = (_off_bone(points, bones) for points in (gross, clinical))
    soft_cc = len(soft) * share_cc
    if soft_cc < context.criterion("delineation.touched_cc"):
        yield moot(CODE, ctv.name, f"{soft_cc:.1f} cc of {gtv.name} lie outside the bone")
        return
    low, high = rule.margin_mm
    reach = float(np.quantile(_distance(around, gross), 0.99)) if len(around) else 0.0
    spacing = float(np.quantile(_distance(gross[::2], gross[1::2]), 0.9))
    wrong = reach < low or reach - spacing > high
    yield say(
        CODE,
        ctv.name,
        Status.WARN if wrong else Status.PASS,
        f"{soft_cc:.1f} cc of {gtv.name} lie outside the bone; there {ctv.name} reaches "
        f"{reach:.0f} mm from it; {low:g} to {high:g} mm are advised, less at barriers.",
        remedy="Draw the CTV round the soft tissue too, or note why not.",
        roi_number=ctv.roi_number,
        value=reach,
        unit="mm",
        comparison=">=",
        limit=low,
        margin=reach - low,
        evidence=rule.evidence.value,
        source=f"{rule.id}, {rule.where}",
    )


def _off_bone(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]], bones: list[Structure]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    inside = np.zeros(len(points), dtype=bool)
    for bone in bones:
        inside |= holds(bone, points)
    return points[~inside]


def _distance(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    others: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.empty(len(points))
    for first in range(0, len(points), 500):
        part = points[first : first + 500, None, :] - others[None, :, :]
        found[first : first + 500] = np.sqrt((part**2).sum(axis=-1).min(axis=1))
    return found
