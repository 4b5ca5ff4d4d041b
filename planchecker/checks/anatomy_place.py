"""ST016 and ST017: structures against the body, the cord against target and dose."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.anatomy_shape import axial_shapes, graves, is_grave, not_axial
from planchecker.checks.body import bodies
from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_extent import target_planes
from planchecker.checks.limits.nesting import CORD, is_neural
from planchecker.checks.planar import Planar, grown, lattice_round
from planchecker.checks.saying import moot, say
from planchecker.results import Status

__all__ = ["cord_beyond_target", "inside_body"]

_COARSE_MM = 2.0
Place = tuple[float, float, float]


def inside_body(context: Context) -> Iterator[Outcome]:
    """Ask whether structures lie inside the body.

    What
    ----
    Volume of every target and organ outside the external contour; couch, bolus and the body
    itself are left out.

    Why
    ---
    A target that reaches into air is normalised on build-up; an organ outside the body was
    moved or belongs to another scan.

    Passes
    ------
    At most ``contours.outside_body_cc`` of each lies outside.

    Fires
    -----
    `manual` for a target or the cord, `warn` for another structure; the place is given.

    Not evaluated
    -------------
    Without an external contour on axial slices; for a target or cord that is not drawn on them.
    Without any target or organ it does not apply.

    References
    ----------
    Tool convention; see ``contours.outside_body_cc``.
    """
    if context.case.structure_set is None:
        yield moot("ST016", "structures", "there is no structure set; ST001 reports it")
        return
    around = bodies(context)
    if not around:
        yield say(
            "ST016",
            "body",
            Status.NOT_EVALUATED,
            "Whether structures lie in the body is not judged: there is no axial body contour.",
            remedy="Contour the body (ROI type EXTERNAL) and export the structure set.",
        )
        return
    most, skin = context.criterion("contours.outside_body_cc"), _Skin(around)
    unknown = tuple(not_axial(context, "ST016", graves(context)))
    yield from unknown
    clean, looked = not unknown, 0
    for match, shape in axial_shapes(context):
        if match.category not in ("target", "organ", "prv"):
            continue
        looked += 1
        volume, place = _outside(shape, skin)
        if volume <= most:
            continue
        clean = False
        yield say(
            "ST016",
            match.roi_name,
            Status.MANUAL if is_grave(context, match) else Status.WARN,
            f"{volume:.1f} cc of {match.roi_name} lie outside the body.",
            roi_number=match.roi_number,
            remedy="Crop the structure to the body, or correct the body contour.",
            metric="volume outside the body",
            value=volume,
            unit="cc",
            comparison="<=",
            limit=most,
            margin=most - volume,
            location_mm=place,
            **context.cited("contours.outside_body_cc"),
        )
    if clean and not looked:
        yield moot("ST016", "structures", "no target and no organ is contoured; ST001 reports it")
    elif clean:
        said = f"Targets and organs lie inside the body; looked at: {looked}."
        yield say("ST016", "structures", Status.PASS, said)


def _outside(shape: Planar, around: "_Skin") -> tuple[float, Place | None]:
    """Return the volume in cc outside every body, and its middle."""
    volume, places = 0.0, []
    lattice = lattice_round(shape)
    for height, loops in zip(shape.heights_mm.tolist(), shape.loops, strict=True):
        if around.surely_holds(height, np.concatenate(loops)):
            continue
        mask = lattice.mask(loops)
        for body in around.shapes:
            index = body.nearest(height)
            if index is not None:
                mask &= ~lattice.mask(body.loops[index])
        if mask.any():
            volume += float(mask.sum()) * lattice.cell_mm2 * shape.spacing_mm / 1000
            places.append((*lattice.centre_mm(mask), height))
    if not places:
        return 0.0, None
    x, y, z = places[len(places) // 2]
    return volume, (x, y, z)


class _Skin:
    """The bodies on a lattice, to tell quickly what surely lies inside them."""

    def __init__(self, shapes: tuple[Planar, ...]) -> None:
        self.shapes = shapes
        self._lattice = lattice_round(*shapes, step_mm=_COARSE_MM)
        self._cores: dict[tuple[int | None, ...], NDArray[np.bool_]] = {}

    def surely_holds(self, height: float, points: NDArray[np.float64]) -> bool:
        """Tell whether all points of a plane lie a lattice step or more inside a body."""
        at = tuple(shape.nearest(height) for shape in self.shapes)
        core = self._cores.get(at)
        if core is None:
            core = np.zeros(self._lattice.shape, dtype=bool)
            for shape, index in zip(self.shapes, at, strict=True):
                if index is not None:
                    core |= self._lattice.mask(shape.loops[index])
            core = self._cores[at] = ~grown(~core)
        columns, rows = (
            ((points - self._lattice.low_mm) / self._lattice.step_mm).round().T.astype(int)
        )
        held = (rows >= 0) & (columns >= 0) & (rows < core.shape[0]) & (columns < core.shape[1])
        return bool(held.all() and core[rows, columns].all())


def cord_beyond_target(context: Context) -> Iterator[Outcome]:
    """Ask whether the cord is contoured beyond the target and out of the dose.

    What
    ----
    Contours of the cord, its PRV, thecal sac, canal and cauda equina from
    ``contours.cord_beyond_target_mm`` below to as far above every target, the dose on the
    first and last of them, and the dose where none is drawn between them.

    Why
    ---
    The dose to a cord that is contoured along the target only says nothing of the segment
    beside the ends, where the dose may be as high.

    Passes
    ------
    Every height of that range is contoured, and the dose on the end planes and in gaps is
    below ``contours.cord_isodose_percent`` of the prescription.

    Fires
    -----
    `manual` where heights are bare, or the contour ends or has a gap inside that isodose.

    Not evaluated
    -------------
    Where no target or no cord is drawn on axial slices, and, where nothing fires, without dose
    or prescription. Without a target or cord ST001 says so.

    References
    ----------
    TG-101 counts the cord from 5-6 mm above to 5-6 mm below the target,
    doi 10.1118/1.3438081; the wider figures are local.
    """
    if context.scheme.spine is False:
        yield moot("ST017", CORD, "the target is known not to be spine")
        return
    shapes = [(m, s) for m, s in axial_shapes(context) if is_neural(context.protocol, m.name)]
    targets = target_planes(context)
    if not shapes or not targets:
        unknown = tuple(not_axial(context, "ST017", graves(context)))
        yield from unknown
        if not unknown:
            yield moot("ST017", CORD, "no target or no cord is contoured; ST001 reports it")
        return
    cord = [shape for _, shape in shapes]
    beyond = context.criterion("contours.cord_beyond_target_mm")
    bare = sorted({z for target in targets for z in _bare(target, cord, beyond)})
    hot = _ends_in_dose(context, cord)
    gap = _gap_in_dose(context, cord) if not bare else None
    percent = context.criterion("contours.cord_isodose_percent")
    remedy = "Contour the cord, or the cauda equina below it, farther along the patient."
    if bare:
        yield say(
            "ST017",
            CORD,
            Status.MANUAL,
            f"The cord is not contoured at {len(bare)} heights from z {bare[0]:g} to {bare[-1]:g} "
            f"mm, within {beyond:g} mm of the target.",
            remedy=remedy,
            location_mm=(*targets[0].middle_mm[:2], bare[0]),
        )
    if hot is not None:
        share, place = hot
        yield say(
            "ST017",
            CORD,
            Status.MANUAL,
            f"The contour of the cord ends at z {place[2]:g} mm, where it receives {share:.0f} % "
            f"of the prescription; asked is below {percent:g} %.",
            remedy=remedy,
            location_mm=place,
        )
    if gap is not None:
        share, place = gap
        yield say(
            "ST017",
            CORD,
            Status.MANUAL,
            f"The cord is not contoured at z {place[2]:g} mm, where it receives {share:.0f} % of "
            f"the prescription; asked is below {percent:g} %.",
            remedy=remedy,
            location_mm=place,
        )
    if not bare and hot is None and gap is None:
        known = context.plan_dose.grid is not None and _prescribed_gy(context) is not None
        said = f"The cord is contoured {beyond:g} mm beyond the target"
        yield say(
            "ST017",
            CORD,
            Status.PASS if known else Status.NOT_EVALUATED,
            f"{said}, and out of the dose."
            if known
            else f"{said}; without dose and prescription it is not known how far the dose reaches.",
            remedy="Export the plan dose and the prescription.",
        )


def _bare(target: Planar, cord: list[Planar], beyond: float) -> Iterator[float]:
    """Yield the heights from below to above the target at which nothing of the cord is drawn."""
    low, high = float(target.heights_mm[0]) - beyond, float(target.heights_mm[-1]) + beyond
    step = min(shape.spacing_mm for shape in cord)
    for z in np.arange(low, high + step / 2, step):
        if _is_bare(float(z), cord):
            yield round(float(z), 2)


def _ends_in_dose(context: Context, cord: list[Planar]) -> tuple[float, Place] | None:
    """Return share of the prescription in percent and place of the hotter end, if too hot."""
    grid, stated = context.plan_dose.grid, _prescribed_gy(context)
    if grid is None or stated is None:
        return None
    low = min(cord, key=lambda shape: float(shape.heights_mm[0]))
    high = max(cord, key=lambda shape: float(shape.heights_mm[-1]))
    ends = []
    for shape, index in ((low, 0), (high, -1)):
        flat = np.concatenate(shape.loops[index])
        points = np.column_stack([flat, np.full(len(flat), shape.heights_mm[index])])
        doses = grid.at(points)
        if not np.isnan(doses).all():
            hottest = int(np.nanargmax(doses))
            x, y, z = points[hottest]
            ends.append((100 * float(doses[hottest]) / stated, (float(x), float(y), float(z))))
    worst = max(ends, default=None)
    hot = worst is not None and worst[0] >= context.criterion("contours.cord_isodose_percent")
    return worst if hot else None


def _gap_in_dose(context: Context, cord: list[Planar]) -> tuple[float, Place] | None:
    """Return share in percent and place of the hottest gap between contours, if too hot.

    In a gap the cord runs straight from the middle of one contour to that of the next.
    """
    grid, stated = context.plan_dose.grid, _prescribed_gy(context)
    if grid is None or stated is None:
        return None
    middles = sorted(
        (float(z), *np.concatenate(loops).mean(axis=0))
        for shape in cord
        for z, loops in zip(shape.heights_mm, shape.loops, strict=True)
    )
    heights, x, y = np.array(middles).T
    step = min(shape.spacing_mm for shape in cord)
    bare = [z for z in np.arange(heights[0], heights[-1], step) if _is_bare(float(z), cord)]
    if not bare:
        return None
    points = np.column_stack([np.interp(bare, heights, x), np.interp(bare, heights, y), bare])
    doses = grid.at(points)
    if np.isnan(doses).all():
        return None
    hottest = int(np.nanargmax(doses))
    share = 100 * float(doses[hottest]) / stated
    place = (float(points[hottest, 0]), float(points[hottest, 1]), float(points[hottest, 2]))
    return (share, place) if share >= context.criterion("contours.cord_isodose_percent") else None


def _is_bare(height: float, cord: list[Planar]) -> bool:
    return all(shape.nearest(height) is None for shape in cord)


def _prescribed_gy(context: Context) -> float | None:
    plan = context.case.plan
    return (plan.prescription.dose_gy or None) if plan else None
