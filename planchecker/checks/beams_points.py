"""BM005 to BM008: control points, angles, leaves and jaws."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Beam, ControlPoint
from planchecker.checks.beam_view import jaws_of, leaves_of, states
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.saying import moot, say
from planchecker.results import Status

__all__ = ["angles", "control_points", "jaws_and_leaves", "leaf_pairs"]

# Weights are written with a few decimals; steps are of the order of a hundredth.
_WEIGHT_ROUNDING = 1e-3
_OPEN_MM = 1.0
_ANGLE_ROUNDING_DEG = 0.1


def control_points(context: Context) -> Iterator[Outcome]:
    """Ask whether the control points of every beam form a delivery.

    What
    ----
    Number of Control Points, Cumulative Meterset Weight, Gantry Rotation Direction and the
    steps of the gantry of every treatment beam.

    Why
    ---
    Weights that fall or do not reach the end, and an arc that turns back, are traces of a
    damaged export; machines interpret them in their own ways.

    Passes
    ------
    As many points as stated, weights that rise from 0 to the final weight, arcs that turn the
    way they state.

    Fires
    -----
    `fail` where one of these does not hold; `manual` where a modulated arc has steps of more
    than ``delivery.arc_spacing_deg``.

    Not evaluated
    -------------
    Where a beam has fewer than two control points or states no weights.

    References
    ----------
    DICOM PS3.3 C.8.8.14 RT Beams Module; see ``delivery.arc_spacing_deg``.
    """
    beams = _beams(context)
    if not beams:
        yield moot("BM005", "beams", "the plan has no treatment beam; BM001 reports it")
        return
    clean = True
    for beam in beams:
        status, message = _delivery(beam, context.criterion("delivery.arc_spacing_deg"))
        if status is not Status.PASS:
            clean = False
            yield say("BM005", beam.name, status, message, remedy="Export the plan again.")
    if clean:
        count = sum(len(beam.control_points) for beam in beams)
        yield say("BM005", "beams", Status.PASS, f"{count} control points are in order.")


def _delivery(beam: Beam, most_deg: float) -> tuple[Status, str]:
    weights = [point.meterset_weight for point in beam.control_points]
    known = [weight for weight in weights if weight is not None]
    final, stated = beam.final_weight, beam.stated_points
    steps = _steps_deg(beam)
    widest = max((abs(step) for step in steps), default=0.0)
    named = f"Beam {beam.name}"
    return climb(
        (
            stated is not None and stated != len(weights),
            Status.FAIL,
            f"{named} states {stated} control points and has {len(weights)}.",
        ),
        (
            len(weights) < 2 or len(known) < len(weights) or final is None,
            Status.NOT_EVALUATED,
            f"{named} has {len(weights)} control points, {len(known)} of them with a weight.",
        ),
        (
            any(b < a - _WEIGHT_ROUNDING for a, b in pairwise(known)),
            Status.FAIL,
            f"{named}: the cumulative weights fall.",
        ),
        (
            bool(known) and abs(known[0]) > _WEIGHT_ROUNDING,
            Status.FAIL,
            f"{named}: the weights do not begin at 0.",
        ),
        (
            abs((known or [0.0])[-1] - (final or 0.0)) > _WEIGHT_ROUNDING * max(final or 0.0, 1),
            Status.FAIL,
            f"{named}: the weights end at {(known or [0.0])[-1]:g}, not at {final or 0.0:g}.",
        ),
        (
            sum(abs(step) for step in steps) > 360 + most_deg and len(steps) > 1,
            Status.FAIL,
            f"{named}: the gantry angles turn against the stated direction.",
        ),
        (
            beam.has_moving_leaves and widest > most_deg + _ANGLE_ROUNDING_DEG,
            Status.MANUAL,
            f"{named}: {widest:.1f} degrees between control points.",
        ),
        (True, Status.PASS, ""),
    )


def _steps_deg(beam: Beam) -> list[float]:
    """Return the steps of the gantry in the stated directions; empty for a beam that stands."""
    if not beam.is_arc:
        return []
    steps, direction, before = [], "", None
    for point in beam.control_points:
        if point.gantry_deg is not None and before is not None:
            turn = point.gantry_deg - before
            steps.append(turn % 360 if direction == "CW" else -((-turn) % 360))
        before = point.gantry_deg if point.gantry_deg is not None else before
        direction = point.gantry_direction or direction
    return steps


def angles(context: Context) -> Iterator[Outcome]:
    """Ask whether the angles of every beam can be reached.

    What
    ----
    Gantry, collimator and couch angle of every control point.

    Why
    ---
    An angle that does not exist was damaged or typed; a couch angle beyond the machine's reach
    is found at the machine, with the patient on it.

    Passes
    ------
    All angles lie between 0 and 360 degrees, and no couch angle lies between
    ``delivery.couch_forbidden_from_deg`` and ``delivery.couch_forbidden_to_deg``.

    Fires
    -----
    `fail` for an angle outside 0 to 360, `manual` for a couch angle in the forbidden range.

    Not evaluated
    -------------
    Where a beam states no angle of gantry, collimator or couch.

    References
    ----------
    IEC 61217 for the scales; the forbidden range is a convention of tools, the machine's own
    limits belong to the centre.
    """
    beams = _beams(context)
    if not beams:
        yield moot("BM006", "beams", "the plan has no treatment beam; BM001 reports it")
        return
    low = context.criterion("delivery.couch_forbidden_from_deg")
    high = context.criterion("delivery.couch_forbidden_to_deg")
    clean = True
    for beam in beams:
        points = states(beam)
        first = points[0] if points else ControlPoint(index=0)
        stated = (
            ("gantry", first.gantry_deg),
            ("collimator", first.collimator_deg),
            ("couch", first.couch_deg),
        )
        silent = next((name for name, angle in stated if angle is None), "")
        every = [a for p in points for a in (p.gantry_deg, p.collimator_deg, p.couch_deg)]
        couch = {p.couch_deg % 360 for p in points if p.couch_deg is not None}
        forbidden = [angle for angle in couch if low < angle < high]
        status, message = climb(
            (
                any(a is not None and not 0 <= a <= 360 for a in every),
                Status.FAIL,
                f"Beam {beam.name} has an angle outside 0 to 360 degrees.",
            ),
            (
                bool(silent),
                Status.NOT_EVALUATED,
                f"Beam {beam.name} states no {silent} angle.",
            ),
            (
                bool(forbidden),
                Status.MANUAL,
                f"Beam {beam.name} has the couch at {max(forbidden, default=0.0):g} degrees.",
            ),
            (True, Status.PASS, ""),
        )
        if status is not Status.PASS:
            clean = False
            yield say("BM006", beam.name, status, message, remedy="Check the angles of the beam.")
    if clean:
        yield say("BM006", "beams", Status.PASS, "All angles are within the reach of machines.")


def leaf_pairs(context: Context) -> Iterator[Outcome]:
    """Ask whether leaves and jaws form openings.

    What
    ----
    Both leaves of every pair and both jaws at every control point, the number of positions
    against the number of pairs, and the leaf boundaries.

    Why
    ---
    Crossed leaves are refused by the machine, or read as another opening than was planned.

    Passes
    ------
    The lower position of every pair is not above the upper one, none is farther out than
    ``delivery.travel_mm``, and numbers and boundaries fit.

    Fires
    -----
    `fail` where one of these does not hold.

    Not evaluated
    -------------
    Where a beam does not state the devices whose positions it states, and with them the number of
    pairs. Beams without leaves and jaws are listed as not applicable.

    References
    ----------
    DICOM PS3.3 C.8.8.14, Leaf/Jaw Positions (300A,011C), Leaf Position Boundaries (300A,00BE).
    """
    every = _beams(context)
    beams = [b for b in every if any(p.positions_mm for p in b.control_points)]
    if not beams:
        yield moot("BM007", "beams", "no treatment beam states leaves or jaws")
        return
    travel = context.criterion("delivery.travel_mm")
    clean = True
    for beam in beams:
        wrong = next(_invalid(beam, travel), "")
        if wrong:
            clean = False
            remedy = "Check leaves and jaws in the planning system, and export the plan again."
            yield say("BM007", beam.name, Status.FAIL, f"Beam {beam.name}: {wrong}.", remedy=remedy)
        elif unknown := _undescribed(beam):
            clean = False
            said = f"Beam {beam.name} does not state how many pairs {unknown} has."
            remedy = "Export the plan with its beam limiting devices."
            yield say("BM007", beam.name, Status.NOT_EVALUATED, said, remedy=remedy)
    if clean:
        said = f"All leaf pairs and jaws are valid; looked at: {len(beams)} of {len(every)} beams."
        yield say("BM007", "beams", Status.PASS, said)


def _undescribed(beam: Beam) -> str:
    """Return the first kind of device that has positions and no description; else nothing."""
    described = {device.kind for device in beam.devices}
    named = (kind for point in beam.control_points for kind, _ in point.positions_mm)
    return next((kind for kind in named if kind not in described), "")


def _invalid(beam: Beam, travel_mm: float) -> Iterator[str]:
    """Yield what is wrong with leaves and jaws, in words."""
    pairs = {device.kind: device.pairs for device in beam.devices}
    for device in beam.devices:
        edges = device.boundaries_mm
        rising = all(a < b for a, b in pairwise(edges))
        if edges and (len(edges) != device.pairs + 1 or not rising):
            yield f"the leaf boundaries of {device.kind} do not fit its {device.pairs} pairs"
    for point in beam.control_points:
        for kind, values in point.positions_mm:
            where = f"{kind} at control point {point.index}"
            if len(values) % 2 or (kind in pairs and len(values) != 2 * pairs[kind]):
                yield f"{where} has {len(values)} positions for {pairs.get(kind, 0)} pairs"
                continue
            half = len(values) // 2
            pair = zip(range(1, half + 1), values[:half], values[half:], strict=True)
            crossed = next(((n, low, high) for n, low, high in pair if low > high), None)
            if crossed is not None:
                number, low, high = crossed
                yield f"{where}: pair {number} is crossed ({low:g} > {high:g} mm)"
            elif max(map(abs, values), default=0.0) > travel_mm:
                yield f"{where} reaches beyond {travel_mm:g} mm"


def jaws_and_leaves(context: Context) -> Iterator[Outcome]:
    """Ask whether the jaws leave the opening of the leaves open.

    What
    ----
    The share of the leaf opening that the jaws cover, and the smaller side of the jaws, of
    every treatment beam.

    Why
    ---
    Jaws that were moved after the leaves were fitted cut the target off.

    Passes
    ------
    The jaws cover at most ``delivery.jaws_cover_percent`` of the opening, and their smaller
    side is at least ``delivery.min_field_mm``. Where no opening can be compared the sides alone
    are told.

    Fires
    -----
    `manual` where they cover more; `warn` where a side is smaller.

    Not evaluated
    -------------
    Never; beams that do not state both leaves and jaws are listed as not applicable.

    References
    ----------
    Convention of tools (inata169 for the smallest field); see the criteria named above.
    """
    most = context.criterion("delivery.jaws_cover_percent")
    least = context.criterion("delivery.min_field_mm")
    asked, compared, clean = False, 0, True
    for beam in _beams(context):
        covered, side = _covered(beam)
        asked |= covered is not None or side is not None
        compared += covered is not None
        status, message = climb(
            (
                covered is not None and covered > most,
                Status.MANUAL,
                f"The jaws of beam {beam.name} cover {covered or 0.0:.0f} % of its leaf opening.",
            ),
            (
                side is not None and side < least,
                Status.WARN,
                f"The jaws of beam {beam.name} stand {side or 0.0:.0f} mm apart.",
            ),
            (True, Status.PASS, ""),
        )
        if status is not Status.PASS:
            clean = False
            yield say("BM008", beam.name, status, message, remedy="Check jaws against leaves.")
    if not asked:
        yield moot("BM008", "beams", "no treatment beam states its jaws")
    elif clean:
        said = (
            f"The jaws leave the leaf openings open; compared: {compared} of "
            f"{len(_beams(context))} beams."
            if compared
            else f"The jaws stand at least {least:g} mm apart; no leaf opening could be compared."
        )
        yield say("BM008", "beams", Status.PASS, said)


def _covered(beam: Beam) -> tuple[float | None, float | None]:
    """Return the mean share in percent of the opening behind jaws, and the smallest jaw side."""
    edges = {device.kind: np.array(device.boundaries_mm) for device in beam.devices}
    shares, sides = [], []
    for point in states(beam):
        x, y = jaws_of(point, "X"), jaws_of(point, "Y")
        sides += [high - low for low, high in filter(None, (x, y))]
        share = _behind(point, edges, x, y)
        if share is not None:
            shares.append(share)
    return (
        100 * float(np.mean(shares)) if shares else None,
        min(sides, default=None),
    )


def _behind(
    point: ControlPoint,
    edges: dict[str, NDArray[np.float64]],
    x: tuple[float, float] | None,
    y: tuple[float, float] | None,
) -> float | None:
    found = leaves_of(point)
    if found is None or x is None or y is None:
        return None
    kind, leaves = found
    bounds = edges.get(kind)
    if bounds is None or len(bounds) != len(leaves) + 1:
        return None
    along, across = (x, y) if kind != "MLCY" else (y, x)
    widths = leaves[:, 1] - leaves[:, 0]
    wide = np.where(widths > _OPEN_MM, widths, 0.0)
    # At each of some hundred control points numpy.diff and numpy.clip would take half the time.
    upper, lower = bounds[1:], bounds[:-1]
    opening = float((wide * (upper - lower)).sum())
    kept = np.minimum(leaves[:, 1], along[1]) - np.maximum(leaves[:, 0], along[0])
    kept = np.maximum(kept, 0.0)
    rows = np.maximum(np.minimum(upper, across[1]) - np.maximum(lower, across[0]), 0.0)
    left = float((np.where(wide > 0, kept, 0.0) * rows).sum())
    return 1 - left / opening if opening > 0 else None


def _beams(context: Context) -> tuple[Beam, ...]:
    return context.case.plan.treatment_beams if context.case.plan else ()
