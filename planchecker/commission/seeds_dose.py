"""Seeded errors of the dose."""

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.body import bodies, inside
from planchecker.checks.image_extent import target_planes
from planchecker.checks.image_stack import is_plain_field
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.planar import planar
from planchecker.commission.export import Export
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import asked_of, seed
from planchecker.results import Status

__all__ = ["MUTATIONS"]

_TARGETS = ("PTV", "CTV", "GTV")


def _world(export: Export, world: str) -> None:
    if [w.value for w in export.clean.technique.worlds] != [world]:
        raise Impossible(f"the plan is not {world}")


def _prescribed(export: Export) -> tuple[float, int]:
    stated = export.clean.case.plan.prescription if export.clean.case.plan else None
    if stated is None or not stated.dose_gy or not stated.fractions:
        raise Impossible("dose or fractions are not stated")
    return stated.dose_gy, stated.fractions


def _relative(export: Export) -> None:
    export.dose.DoseUnits = "RELATIVE"


def _one_beam(export: Export) -> None:
    if len(export.beams()) < 2:
        raise Impossible("the plan has one treatment beam")
    export.dose.DoseSummationType = "BEAM"


def _several_plans(export: Export) -> None:
    export.dose.DoseSummationType = "MULTI_PLAN"


def _neither_reading(export: Export) -> None:
    """Call the dose one of a fraction, though it is neither one fraction nor the course."""
    dose, fractions = _prescribed(export)
    dvh = export.clean.dvhs.get(export.first(names=_TARGETS))
    median = dvh.metric("D50%").value if dvh else None
    if fractions < 2 or not median:
        raise Impossible("the plan has one fraction" if median else "the target has no dose")
    export.dose.DoseSummationType = "FRACTION"
    export.scale_dose(0.7 * dose / median)


def _coarse(export: Export) -> None:
    """Keep every third row and column of the grid."""
    if is_plain_field(export.clean):
        raise Impossible("a plain palliative field is asked for no grid spacing")
    values, _ = export.dose_values()
    thin = values[:, ::3, ::3]
    dose = export.dose
    dose.Rows, dose.Columns = thin.shape[1], thin.shape[2]
    dose.PixelSpacing = [3 * float(step) for step in dose.PixelSpacing]
    export.set_dose(thin)


def _cut(export: Export) -> None:
    """Keep the lower part of the grid, up to the middle of the target."""
    values, nodes = export.dose_values()
    heights = export.heights(export.first(names=_TARGETS))
    kept = int((nodes[:, 0, 0, 2] < heights[len(heights) // 2]).sum())
    if not 2 <= kept < len(values):
        raise Impossible("the planes of the grid do not rise")
    dose = export.dose
    dose.NumberOfFrames = kept
    dose.GridFrameOffsetVector = list(dose.GridFrameOffsetVector)[:kept]
    export.set_dose(values[:kept])


def _of_course(export: Export) -> None:
    _, fractions = _prescribed(export)
    if fractions < 2:
        raise Impossible("the plan has one fraction")
    export.scale_dose(fractions)


def _water(export: Export) -> None:
    export.dose.TissueHeterogeneityCorrection = "WATER"


def _pacemaker(export: Export) -> None:
    limit = export.clean.criterion("device.max_gy")
    for number in export.numbers("organ"):
        dvh = export.clean.dvhs.get(number)
        highest = dvh.metric("Dmax").value if dvh else None
        if highest is not None and highest > limit:
            export.roi(number).ROIName = "Pacemaker"
            return
    raise Impossible("no organ receives that much")


def _shifted(export: Export) -> None:
    x, y, z = (float(value) for value in export.dose.ImagePositionPatient)
    export.dose.ImagePositionPatient = [x + 20.0, y, z]


def _shifted_along(export: Export) -> None:
    x, y, z = (float(value) for value in export.dose.ImagePositionPatient)
    export.dose.ImagePositionPatient = [x, y, z + 20.0]


def _held(export: Export, numbers: list[int]) -> NDArray[np.bool_]:
    """Mark the nodes of the grid inside some ROIs."""
    values, nodes = export.dose_values()
    drawn = drawn_structures(export.clean)
    shapes = tuple(planar(drawn[number]) for number in numbers)
    return inside(shapes, nodes.reshape(-1, 3)).reshape(values.shape)


def _cold_half(export: Export) -> None:
    """Take the dose from the left half of the tumour, as a closed leaf bank would."""
    number = export.first(names=("CTV", "GTV"))
    values, nodes = export.dose_values()
    held = _held(export, [number])
    middle = nodes[held][:, 0].mean()
    export.set_dose(np.where(held & (nodes[..., 0] > middle), 0.5 * values, values))


def _hot(export: Export) -> None:
    _world(export, "conventional")
    export.scale_dose(1.25)


def _hot_outside(export: Export) -> None:
    values, nodes = export.dose_values()
    points = nodes.reshape(-1, 3)
    body = inside(bodies(export.clean), points)
    spared = body & ~inside(target_planes(export.clean), points)
    low = values.reshape(-1) < 0.5 * values.max()
    places = np.flatnonzero(spared & low)
    if not len(places):
        raise Impossible("nothing of the body lies outside the targets")
    dose, _ = _prescribed(export)
    hot = values.reshape(-1).copy()
    hot[places[len(places) // 2]] = max(1.6 * dose, 1.1 * float(values.max()))
    export.set_dose(hot.reshape(values.shape))


def _cord_hot(export: Export, world: str) -> None:
    _world(export, world)
    numbers = export.numbers(names=("SpinalCord", "ThecalSac", "SpinalCanal", "CaudaEquina"))
    if not numbers:
        raise Impossible("no cord is contoured")
    dose, _ = _prescribed(export)
    values, _ = export.dose_values()
    # Beyond every cord limit: EQD2(2) of about 90 Gy at full dose in conventional schemes.
    level = 1.3 * dose if world == "stereotactic" else dose * max(1.6, 20.0 / dose)
    export.set_dose(np.where(_held(export, numbers), np.maximum(values, level), values))


def _organ_hot(export: Export) -> None:
    """Raise the dose of an organ well above a governing limit that it keeps."""
    met = [
        finding
        for finding in asked_of(export, "DL010")
        if finding.roi_number is not None
        and finding.limit
        and finding.unit == "Gy"
        and finding.metric.startswith("D")
        and finding.comparison.startswith("<")
        and finding.status in (Status.PASS, Status.WARN)
    ]
    if not met:
        raise Impossible("no organ keeps a governing limit of its dose")
    values, _ = export.dose_values()
    held = _held(export, [met[0].roi_number or 0])
    if not held.any():
        raise Impossible(f"{met[0].subject} lies outside the dose grid")
    export.set_dose(np.where(held, np.maximum(values, 1.5 * (met[0].limit or 0.0)), values))


def _stored(export: Export) -> None:
    """Shrink the largest target that has a stored histogram, as a later edit would."""
    stored = {d.roi_number for dose in export.clean.case.doses for d in dose.stored_dvhs}
    least = export.clean.criterion("stored_dvh.min_volume_cc")
    for number in export.numbers("target"):
        dvh = export.clean.dvhs.get(number)
        if number in stored and dvh is not None and dvh.volume_cc > 1.5 * least:
            points = np.concatenate(
                [export.points(c) for c in export.contours(number).ContourSequence]
            )
            middle = points.mean(axis=0)

            def shrunk(contour: np.ndarray, middle: np.ndarray = middle) -> np.ndarray:
                moved = contour.copy()
                moved[:, :2] = middle[:2] + 0.6 * (contour[:, :2] - middle[:2])
                return moved

            export.move(number, shrunk)
            return
    raise Impossible("the planning system stored no histogram of a target")


def _every_second(export: Export) -> None:
    """Keep every second slice of the target, and one pair of neighbours at its end.

    The two engines differ in what a plane stands for: the usual distance of the planes here, the
    smallest one there.
    """
    number = export.first(names=_TARGETS)
    heights = export.heights(number)
    dvh = export.clean.dvhs.get(number)
    least = export.clean.criterion("stored_dvh.min_volume_cc")
    if len(heights) < 8 or dvh is None or dvh.volume_cc < least or dvh.outside_cc > 0:
        raise Impossible("the target is too small, or the dose grid cuts it")
    kept = {*heights[::2], heights[1]}
    export.keep(number, lambda z: z in kept)
    export.second_opinion = True


def _prescribe_to(export: Export, place: NDArray[np.float64], dose_gy: float) -> None:
    item = export.reference
    for keyword in ("ReferencedROINumber",):
        if keyword in item:
            del item[keyword]
    item.DoseReferenceStructureType, item.DoseReferenceType = "COORDINATES", "TARGET"
    item.DoseReferencePointCoordinates = [f"{value:.2f}" for value in place]
    item.TargetPrescriptionDose = f"{dose_gy:.6g}"


def _nodes_by_dose(export: Export) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    dose_gy, _ = _prescribed(export)
    values, nodes = export.dose_values()
    return values, nodes, dose_gy


def _point_moved(export: Export) -> None:
    """State a point of prescription that gets about nine tenths of the prescription."""
    values, nodes, dose_gy = _nodes_by_dose(export)
    edge = np.unravel_index(int(np.abs(values - 0.9 * dose_gy).argmin()), values.shape)
    if abs(values[edge] / dose_gy - 0.9) > 0.05:
        raise Impossible("no node gets nine tenths of the prescription")
    _prescribe_to(export, nodes[edge], dose_gy)


def _point_scaled(export: Export) -> None:
    """State a point that gets the prescription, and scale the dose by 3 %."""
    values, nodes, dose_gy = _nodes_by_dose(export)
    there = np.unravel_index(int(np.abs(values - dose_gy).argmin()), values.shape)
    if abs(values[there] / dose_gy - 1) > 0.005:
        raise Impossible("no node gets the prescription")
    _prescribe_to(export, nodes[there], dose_gy)
    export.scale_dose(0.97)


MUTATIONS: tuple[Mutation, ...] = (
    seed("relative-dose", "DG001", "not-evaluated", "dose in percent",
         r"relative", _relative),
    seed("beam-dose", "DG001", "not-evaluated", "dose of one beam",
         r"beam", _one_beam),
    seed("several-plans", "DG001", "not-evaluated", "wrong summation type: several plans",
         r"several plans|MULTI_PLAN", _several_plans),
    seed("neither-reading", "DG001", "not-evaluated", "wrong summation type: one fraction",
         r"fraction", _neither_reading),
    seed("coarse-grid", "DG002", "manual", "dose grid three times as coarse",
         r"spacing of up to", _coarse),
    seed("cut-grid", "DG003", "not-evaluated", "dose grid ends in the target",
         r"outside the dose grid", _cut),
    seed("dose-x10", "DG004", "fail manual", "ten times the dose",
         r"times the prescription",
         lambda export: export.scale_dose(10)),
    seed("dose-x-fractions", "DG004", "fail", "dose multiplied by the fractions",
         r"wrong number of", _of_course),
    seed("dose-in-cgy", "RX020", "fail", "dose in cGy",
         r"d50% is", lambda export: export.scale_dose(100)),
    seed("water", "DG005", "manual", "dose calculated in water",
         r"water", _water),
    seed("pacemaker", "DG006", "manual", "pacemaker in the dose",
         r"receives up to", _pacemaker),
    seed("cold-dose", "TC001", "fail", "dose 20 % too low",
         r"d50%", lambda export: export.scale_dose(0.8)),
    seed("shifted-dose", "TC002", "warn fail manual", "dose grid shifted by 2 cm",
         r"d95%", _shifted),
    seed("shifted-dose-along", "TC002", "warn fail manual",
         "dose grid shifted by 2 cm along the patient", r"d95%", _shifted_along),
    seed("cold-half", "TC003", "fail", "half of the tumour cold",
         r"v90%", _cold_half),
    seed("hot-dose", "TC004", "warn", "dose 25 % too high",
         r"dmax", _hot),
    seed("hot-outside", "TC005", "manual", "hot spot outside the target",
         r"outside every target", _hot_outside),
    seed("cord-hot", "DL001", "fail", "cord over its stereotactic limit",
         r"dmax",
         lambda export: _cord_hot(export, "stereotactic")),
    seed("cord-hot-conventional", "DL002", "fail", "cord over its conventional limit",
         r"eqd2|d0.03cc",
         lambda export: _cord_hot(export, "conventional")),
    seed("cord-hot-beside", "DL020", "warn", "cord over the limits beside",
         r"spinalcord|thecalsac|caudaequina|spinalcanal",
         lambda export: _cord_hot(export, "stereotactic")),
    seed("organ-hot", "DL010", "fail manual", "organ over its governing limit",
         r"exceeded", _organ_hot),
    seed("every-second-slice", "SO002", "warn", "target drawn on every second slice but at its end",
         r"dicompyler-core: volume", _every_second),
    seed("point-of-prescription", "RX021", "manual",
         "point of prescription in the edge of the dose",
         r"point of prescription gets", _point_moved),
    seed("point-dose-scaled", "RX021", "manual",
         "dose of 3 % other monitor units than those of the point it is prescribed to",
         r"point of prescription gets", _point_scaled),
    seed("stored-histogram", "SO001", "warn", "target changed after calculation",
         r"volume|mean", _stored),
)  # fmt: skip
