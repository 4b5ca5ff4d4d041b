"""BM009 to BM011 and BM016: where the beams point, and what stands in their way."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Beam
from planchecker.checks.aperture import offset_from_apertures
from planchecker.checks.beam_view import axes_of, states
from planchecker.checks.body import bodies, couches, inside
from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_extent import target_planes
from planchecker.checks.ladder import climb
from planchecker.checks.limits.nesting import contoured
from planchecker.checks.saying import moot, say
from planchecker.results import Status
from planchecker.schemes.technique import is_modulated

__all__ = ["aims_at_target", "clearance", "isocentre_place", "one_isocentre"]

_ARC_STEP_DEG = 5.0
_MOST_POINTS = 6_000
Point = tuple[float, float, float]


def one_isocentre(context: Context) -> Iterator[Outcome]:
    """Ask whether all beams share one isocentre.

    What
    ----
    Isocenter Position of every control point of every treatment beam.

    Why
    ---
    A second isocentre a few millimetres away is a slip; a real one means a second set-up that
    has to be planned and checked.

    Passes
    ------
    All lie within ``beams.isocentre_mm``.

    Fires
    -----
    `manual` where they do not; the distance is given.

    Not evaluated
    -------------
    Where a beam states none.

    References
    ----------
    AAPM MPPG 11.a; DICOM Isocenter Position (300A,012C).
    """
    beams = _beams(context)
    if not beams:
        yield moot("BM009", "beams", "the plan has no treatment beam; BM001 reports it")
        return
    places = [place for beam in beams for place in beam.isocentres_mm]
    silent = [beam.name for beam in beams if not beam.isocentres_mm]
    apart = max((float(np.ptp(axis)) for axis in zip(*places, strict=True)), default=0.0)
    limit = context.criterion("beams.isocentre_mm")
    status, message = climb(
        (bool(silent), Status.NOT_EVALUATED, f"No isocentre is stated: {', '.join(silent)}."),
        # Decimal strings differ in the last place.
        (apart > limit + 1e-6, Status.MANUAL, f"Isocentres lie up to {apart:.1f} mm apart."),
        (True, Status.PASS, "All beams share one isocentre."),
    )
    remedy = "Check the isocentre of every beam; plan and check a second one by itself."
    yield say("BM009", "isocentre", status, message, remedy=remedy)


def isocentre_place(context: Context) -> Iterator[Outcome]:
    """Ask whether the isocentre lies in a sensible place.

    What
    ----
    Each isocentre against the body, the middle of the body on its slice, and the ends of the
    targets along the patient.

    Why
    ---
    An isocentre at the CT origin or on another level is easy to export and easy to see.

    Passes
    ------
    It lies in the body, at most ``delivery.isocentre_midline_mm`` from its middle, and at most
    ``delivery.isocentre_target_mm`` beyond the ends of a target.

    Fires
    -----
    `manual` where one of these does not hold.

    Not evaluated
    -------------
    Without an isocentre, an axial body contour or an axial target.

    References
    ----------
    raystation-scripts; see the criteria named above.
    """
    places = sorted({place for beam in _beams(context) for place in beam.isocentres_mm})
    around, targets = bodies(context), target_planes(context)
    if not places or not around or not targets:
        lacking = "isocentre" if not places else "axial contour of body and target"
        yield say(
            "BM010",
            "isocentre",
            Status.NOT_EVALUATED,
            f"The place of the isocentre is not judged: there is no {lacking}.",
            remedy="Export plan and structures with isocentre, body and target.",
        )
        return
    far, beyond = (
        context.criterion(f"delivery.isocentre_{name}_mm") for name in ("midline", "target")
    )
    for place in places:
        point = np.array(place)
        held = bool(inside(around, point[None])[0])
        middle = min(abs(place[0] - (b.low_mm[0] + b.high_mm[0]) / 2) for b in around)
        past = min(
            max(float(t.heights_mm[0]) - place[2], place[2] - float(t.heights_mm[-1]), 0.0)
            for t in targets
        )
        status, message = climb(
            (not held, Status.MANUAL, "The isocentre lies outside the body."),
            (
                past > beyond,
                Status.MANUAL,
                f"The isocentre lies {past:.0f} mm beyond the ends of every target.",
            ),
            (
                middle > far,
                Status.MANUAL,
                f"The isocentre lies {middle:.0f} mm from the middle of the body.",
            ),
            (True, Status.PASS, "The isocentre lies in the body, at the level of a target."),
        )
        yield say(
            "BM010",
            "isocentre",
            status,
            message,
            remedy="Check the isocentre in the planning system.",
            location_mm=place,
        )


def aims_at_target(context: Context) -> Iterator[Outcome]:
    """Ask whether the apertures are centred on a target.

    What
    ----
    The middle of the leaf openings, or of the jaws, of every beam against the middle of each
    target and of all of them together, both seen from the source. From all beams follows how
    far the isocentre would have to move so that the apertures meet the target; the nearest
    target counts.

    Why
    ---
    When the isocentre is moved, or taken from another plan, the apertures stay as they were
    fitted and miss the target; in studies most readers do not see it.

    Passes
    ------
    The distance is at most ``delivery.aim_mm``.

    Fires
    -----
    `manual` above it. Fields that hold the target off centre on purpose, such as half-blocked
    ones, fire too.

    Not evaluated
    -------------
    Without an axial target, or where position, angles or apertures are not stated. Not asked
    of particles, nor of modulated plans with several PTVs.

    References
    ----------
    Local; geometry of IEC 61217.
    """
    beams = [b for b in _beams(context) if b.radiation in ("", "PHOTON")]
    if not beams or len(beams) < len(_beams(context)):
        yield moot("BM016", "beams", "the plan has no photon beams, or others beside them")
        return
    targets = target_planes(context)
    several = sum(m.name.startswith("PTV") for m in contoured(context)) > 1
    if several and is_modulated(context.technique.delivery):
        yield moot("BM016", "beams", "modulated beams treat several PTVs at once")
        return
    position = context.case.plan.patient_position if context.case.plan else ""
    groups: dict[tuple[Point, ...], list[Beam]] = {}
    for beam in beams:
        groups.setdefault(tuple(sorted(set(beam.isocentres_mm))), []).append(beam)
    offsets = [
        offset_from_apertures(tuple(group), targets, position=position) for group in groups.values()
    ]
    found = max(
        (offset for offset in offsets if offset is not None),
        key=lambda offset: float(np.linalg.norm(offset)),
        default=None,
    )
    limit = context.criterion("delivery.aim_mm")
    if found is None or any(offset is None for offset in offsets):
        yield say(
            "BM016",
            "beams",
            Status.NOT_EVALUATED,
            "Whether the fields aim at a target is not judged: targets, angles or apertures are "
            "not all stated.",
            remedy="Export plan and structures with targets, patient position and apertures.",
        )
        return
    off = float(np.linalg.norm(found))
    yield say(
        "BM016",
        "beams",
        Status.PASS if off <= limit else Status.MANUAL,
        f"The apertures are centred within {off:.1f} mm on a target."
        if off <= limit
        else f"The apertures are centred {off:.0f} mm beside every target.",
        remedy="Check isocentre and apertures against the target, beam by beam.",
        metric="aperture to target",
        value=off,
        unit="mm",
        comparison="<=",
        limit=limit,
        margin=limit - off,
        **context.cited("delivery.aim_mm"),
    )


def clearance(context: Context) -> Iterator[Outcome]:
    """Ask whether the gantry clears patient and couch.

    What
    ----
    The distance between the face of the gantry head, a disc of ``delivery.head_radius_mm``
    at ``delivery.head_distance_mm`` from the isocentre, and the contours of body and couch, at
    every angle of every beam.

    Why
    ---
    A collision found at the machine costs the treatment of the day at best.

    Passes
    ------
    The distance is at least ``delivery.clearance_mm``. What lies beyond the scan or was not
    contoured cannot be told, and the message says so.

    Fires
    -----
    `manual` where it is less.

    Not evaluated
    -------------
    Without isocentre, gantry angles, patient position or an axial body contour at the
    isocentre.

    References
    ----------
    Warning distance of 5 cm from the literature on collision checks; the size of the head is
    local.
    """
    around, supports = bodies(context), couches(context)
    plan = context.case.plan
    directions = _directions(_beams(context), plan.patient_position if plan else "")
    held = [
        (place, toward)
        for place, toward in directions or ()
        if any(b.nearest(place[2]) is not None for b in around)
    ]
    if not around or not directions or len(held) < len(directions):
        yield say(
            "BM011",
            "gantry",
            Status.NOT_EVALUATED,
            "The clearance is not judged: isocentre, angles, patient position or the contour of "
            "the body at the isocentre are missing.",
            remedy="Contour the body along the scan, and export plan and structures.",
        )
        return
    points = np.concatenate([shape.points() for shape in (*around, *supports)])
    points = points[:: max(1, len(points) // _MOST_POINTS)]
    room, nearest = min(
        (_room(context, points, np.array(place), toward) for place, toward in held),
        key=lambda pair: pair[0],
    )
    limit = context.criterion("delivery.clearance_mm")
    unseen = "" if supports else " and of the couch, which is not contoured,"
    said = f"The gantry head clears the contours by {room:.0f} mm"
    yield say(
        "BM011",
        "gantry",
        Status.PASS if room >= limit else Status.MANUAL,
        f"{said}; of what lies beyond the scan{unseen} it cannot be told.",
        remedy="Drive the gantry round the patient before the first fraction.",
        metric="clearance",
        value=room,
        unit="mm",
        comparison=">=",
        limit=limit,
        margin=room - limit,
        **context.cited("delivery.clearance_mm"),
        location_mm=None if room >= limit else nearest,
    )


def _room(
    context: Context,
    points: NDArray[np.float64],
    isocentre: NDArray[np.float64],
    toward: NDArray[np.float64],
) -> tuple[float, Point | None]:
    distance = context.criterion("delivery.head_distance_mm")
    relative = points - isocentre
    along = relative @ toward
    aside = np.linalg.norm(relative - along[:, None] * toward, axis=1)
    faced = np.where(aside < context.criterion("delivery.head_radius_mm"), along, -np.inf)
    first = int(np.argmax(faced))
    if not np.isfinite(faced[first]):
        return distance, None
    x, y, z = points[first]
    return distance - float(faced[first]), (float(x), float(y), float(z))


def _directions(
    beams: tuple[Beam, ...], position: str
) -> tuple[tuple[Point, NDArray[np.float64]], ...]:
    """Return isocentre and direction to the source about every 5 degrees of every beam."""
    found: dict[tuple[float, ...], tuple[Point, NDArray[np.float64]]] = {}
    for beam in beams:
        for point in states(beam):
            couch = point.couch_deg
            if point.gantry_deg is None or couch is None or point.isocentre_mm is None:
                return ()
            gantry = round(point.gantry_deg / _ARC_STEP_DEG) * _ARC_STEP_DEG
            toward = axes_of(gantry, couch, position)
            if toward is None:
                return ()
            found[(gantry, couch, *point.isocentre_mm)] = (
                point.isocentre_mm,
                toward,
            )
    return tuple(found.values())


def _beams(context: Context) -> tuple[Beam, ...]:
    return context.case.plan.treatment_beams if context.case.plan else ()
