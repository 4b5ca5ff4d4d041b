"""ST014 and ST015: targets in targets, organs in their PRV."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from constraints.model import Technique
from planchecker.checks import geometry
from planchecker.checks.anatomy_shape import axial_shapes, not_axial
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.limits.cord_contours import round_cord
from planchecker.checks.limits.nesting import contoured, drawn_structures
from planchecker.checks.margin import Margins, margins
from planchecker.checks.planar import Planar
from planchecker.checks.saying import moot, say
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.results import Finding, Status

__all__ = ["prv_contains", "targets_nested"]

_NESTED = {"GTV": ("CTV", "ITV", "PTV"), "CTV": ("PTV",), "ITV": ("PTV",)}
_MOSTLY = 0.5
Shaped = tuple[Match, Planar]


def targets_nested(context: Context) -> Iterator[Outcome]:
    """Ask whether the PTV contains the CTV, and the CTV the GTV.

    What
    ----
    The distance in space from the outline of each GTV and CTV to the surface of the next
    larger target round it, negative where it sticks out.

    Why
    ---
    A PTV that was not grown again after the CTV was changed leaves tumour without margin.

    Passes
    ------
    Nothing sticks out by more than ``contours.margin_tolerance_mm``; the smallest margin is
    given. In a stereotactic plan the part next to the cord may stick out: it is cut on purpose.

    Fires
    -----
    `manual` where more sticks out; the place is given.

    Not evaluated
    -------------
    Where targets are not contoured on axial slices. A target without a larger one is listed
    as not applicable.

    References
    ----------
    ICRU reports 50, 62 and 83; see ``contours.margin_tolerance_mm``, ``coverage.near_cord_mm``.
    """
    shapes = [(m, shape) for m, shape in axial_shapes(context) if m.category == "target"]
    drawn = tuple(m for m in contoured(context) if m.category == "target")
    unknown = tuple(not_axial(context, "ST014", drawn if len(drawn) > 1 else ()))
    yield from unknown
    asked = bool(unknown)
    for match, shape in shapes:
        outer = _round(match, shape, shapes)
        if outer is not None:
            asked = True
            yield _nested(context, match, outer[0], outer[1])
    if not asked:
        yield moot("ST014", "targets", "no two targets of different kind are contoured")


def _round(match: Match, shape: Planar, shapes: list[Shaped]) -> tuple[Match, Margins] | None:
    """Return the target that holds most of `shape`, of the next larger kind there is."""
    for kind in _NESTED.get(match.name[:3], ()):
        larger = [(m, margins(shape, s)) for m, s in shapes if m.name.startswith(kind)]
        if larger:
            best = max(larger, key=lambda pair: float((pair[1].margin_mm >= 0).mean()))
            held = float((best[1].margin_mm >= 0).mean())
            # A name such as Borders, typed CTV, need not hold the breast, typed GTV.
            typed = any(m.how.startswith("ROI type") for m in (match, best[0]))
            return None if typed and held < _MOSTLY else best
    return None


def _nested(context: Context, inner: Match, outer: Match, measured: Margins) -> Finding:
    tolerance = context.criterion("contours.margin_tolerance_mm")
    keep = ~_beside_cord(context, measured.points_mm)
    least, index = measured.least(keep) if keep.any() else (0.0, 0)
    anywhere, _ = measured.least()
    cut = " The part next to the cord is cut." if anywhere < min(least, -tolerance) else ""
    out = least < -tolerance
    x, y, z = measured.points_mm[index]
    return say(
        "ST014",
        inner.roi_name,
        Status.MANUAL if out else Status.PASS,
        f"{inner.roi_name} sticks {-least:.1f} mm out of {outer.roi_name}.{cut}"
        if out
        else f"{outer.roi_name} contains {inner.roi_name} with at least {max(least, 0.0):.1f} mm."
        + cut,
        roi_number=inner.roi_number,
        remedy=f"Grow {outer.roi_name} again from {inner.roi_name}, or confirm the cut.",
        metric="least margin",
        value=least,
        unit="mm",
        location_mm=(float(x), float(y), float(z)),
        **context.cited("contours.margin_tolerance_mm"),
    )


def _beside_cord(context: Context, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    nowhere = np.zeros(len(points), dtype=bool)
    if Technique.STEREOTACTIC not in context.technique.worlds:
        return nowhere
    drawn = drawn_structures(context)
    for match in round_cord(context)[:1]:
        try:
            return geometry.within(
                drawn[match.roi_number],
                points,
                margin_mm=context.criterion("coverage.near_cord_mm"),
            )
        except PlanCheckerError:
            return nowhere
    return nowhere


def prv_contains(context: Context) -> Iterator[Outcome]:
    """Ask whether every PRV contains its organ, with the margin in its name.

    What
    ----
    The distance on each slice from the outline of the organ to the outline of its PRV, against
    the margin that the name of the PRV states.

    Why
    ---
    A PRV grown from an older cord, or with another margin than its name says, keeps its own
    limit while the cord breaks it.

    Passes
    ------
    The smallest margin equals the stated one within ``contours.prv_tolerance_mm``.

    Fires
    -----
    `manual` where it is smaller or the organ sticks out; `warn` where it is larger.

    Not evaluated
    -------------
    Where organ or PRV is not contoured on axial slices. A PRV whose organ is not contoured is
    listed as not applicable.

    References
    ----------
    ICRU report 83; see ``contours.prv_tolerance_mm``.
    """
    shapes = {m.roi_number: (m, shape) for m, shape in axial_shapes(context)}
    unknown = tuple(not_axial(context, "ST015", _paired(context)))
    yield from unknown
    asked = bool(unknown)
    for match, outer in shapes.values():
        if match.category != "prv":
            continue
        organs = [(m, s) for m, s in shapes.values() if m.name == match.base]
        for organ, inner in organs:
            asked = True
            yield _prv(context, match, organ, margins(inner, outer, in_plane=True))
    if not asked:
        yield moot("ST015", "PRV", "no PRV is contoured together with its organ")


def _paired(context: Context) -> Iterator[Match]:
    """Yield every PRV whose organ is contoured as well, and those organs."""
    drawn = tuple(contoured(context))
    names = {match.name for match in drawn}
    prvs = [m for m in drawn if m.category == "prv" and m.base in names]
    yield from prvs
    yield from (m for m in drawn if m.name in {prv.base for prv in prvs})


def _prv(context: Context, prv: Match, organ: Match, measured: Margins) -> Finding:
    tolerance = context.criterion("contours.prv_tolerance_mm")
    least, index = measured.least()
    stated = prv.prv_mm
    said = f"{prv.roi_name} has a margin of {least:.1f} mm round {organ.roi_name}"
    asked = 0.0 if stated is None else stated
    status, message = climb(
        (
            least < -tolerance,
            Status.MANUAL,
            f"{organ.roi_name} sticks {-least:.1f} mm out of {prv.roi_name}.",
        ),
        (least < asked - tolerance, Status.MANUAL, f"{said}; its name says {asked:g} mm."),
        (stated is None, Status.PASS, f"{said}; its name states none."),
        (least > asked + tolerance, Status.WARN, f"{said}; its name says {asked:g} mm."),
        (True, Status.PASS, f"{said}, as its name says."),
    )
    x, y, z = measured.points_mm[index]
    return say(
        "ST015",
        prv.roi_name,
        status,
        message,
        roi_number=prv.roi_number,
        remedy=f"Grow {prv.roi_name} again from {organ.roi_name}, or correct its name.",
        metric="least margin",
        value=least,
        unit="mm",
        location_mm=(float(x), float(y), float(z)),
        **context.cited("contours.prv_tolerance_mm"),
    )
