"""Seeded errors of target quality, drawing rules and neighbouring plans."""

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.limits.nesting import is_neural
from planchecker.commission.export import Export, new_uid
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import asked_of, seed

__all__ = ["MUTATIONS"]

_FAR_MM = 25.0
Array = NDArray[np.float64]


def _prescribed_gy(export: Export) -> float:
    stated = export.clean.case.plan.prescription.dose_gy if export.clean.case.plan else None
    if not stated:
        raise Impossible("the dose is not stated")
    return stated


def _middle(export: Export, number: int) -> Array:
    contours = export.contours(number).ContourSequence
    points = np.concatenate([export.points(c) for c in contours])
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2)


def _radius_mm(export: Export, number: int, times: float) -> float:
    """Return the radius of a ball of so many times the volume of a structure."""
    dvh = export.clean.dvhs.get(number)
    if dvh is None:
        raise Impossible("the target has no volume")
    return float((3000 * times * dvh.volume_cc / (4 * np.pi)) ** (1 / 3))


def _half_length(export: Export, number: int) -> float:
    contours = export.contours(number).ContourSequence
    points = np.concatenate([export.points(c) for c in contours])
    return float(np.linalg.norm(np.ptp(points, axis=0))) / 2


def _swollen(export: Export) -> None:
    """Give the prescription to a ball far larger than the target."""
    asked_of(export, "TC010")
    number = export.first(names=("PTV",))
    values, nodes = export.dose_values()
    away = np.linalg.norm(nodes - _middle(export, number), axis=-1)
    ball = away < _radius_mm(export, number, 3.0)
    export.set_dose(np.where(ball, np.maximum(values, 1.01 * _prescribed_gy(export)), values))


def _shallow(export: Export) -> None:
    """Give a ball far larger than the target more than half the prescription, and much of it all.

    A fall-off that is slow alone only warns.
    """
    asked_of(export, "TC011")
    number = export.first(names=("PTV",))
    values, nodes = export.dose_values()
    away = np.linalg.norm(nodes - _middle(export, number), axis=-1)
    ball = away < _radius_mm(export, number, 12.0)
    full = away < _radius_mm(export, number, 3.0)
    wanted = np.where(ball, 0.6, 0.0) + np.where(full, 0.41, 0.0)
    export.set_dose(np.maximum(values, wanted * _prescribed_gy(export)))


def _streak(export: Export) -> None:
    """Put a streak of dose well beside the target, in the body, hotter than the target."""
    asked_of(export, "TC012")
    number = export.first(names=("PTV",))
    values, nodes = export.dose_values()
    aside = nodes - _middle(export, number)
    reach = _half_length(export, number) + _FAR_MM
    streak = (np.abs(aside[..., 1]) < 4) & (np.abs(aside[..., 2]) < 4)
    streak &= (aside[..., 0] > reach) & (aside[..., 0] < reach + 15)
    export.set_dose(np.where(streak, np.maximum(values, 1.4 * _prescribed_gy(export)), values))


def _cold_spot(export: Export) -> None:
    """Put a cold spot into the tumour, at its place farthest from the cord."""
    asked_of(export, "TC013")
    number = export.first(names=("GTV",))
    contours = export.contours(number).ContourSequence
    points = np.concatenate([export.points(c) for c in contours])
    neural = [
        m.roi_number for m in export.clean.matches if is_neural(export.clean.protocol, m.name)
    ]
    drawn = [n for n in neural if n in export.numbers("organ", "prv")]
    if not drawn:
        raise Impossible("no cord is contoured")
    cord = _middle(export, drawn[0])
    far = points[int(np.argmax(np.linalg.norm((points - cord)[:, :2], axis=1)))]
    place = far + 0.4 * (_middle(export, number) - far)
    values, nodes = export.dose_values()
    # Large enough to be cold tumour, not a voxel.
    spot = np.linalg.norm(nodes - place, axis=-1) < 16
    export.set_dose(np.where(spot, 0.3 * values, values))


def _whole_in_one(export: Export) -> None:
    asked_of(export, "TC014")
    if export.group.NumberOfFractionsPlanned == 1:
        raise Impossible("the plan has one fraction")
    export.group.NumberOfFractionsPlanned = 1


def _second_target(export: Export) -> None:
    """Add a second PTV 8 cm along the patient, treated about the same isocentre."""
    if [world.value for world in export.clean.technique.worlds] != ["stereotactic"]:
        raise Impossible("the plan is not stereotactic")
    number = export.first(names=("PTV",))
    drawn, listed = deepcopy(export.contours(number)), deepcopy(export.roi(number))
    seen = deepcopy(export.observation(number))
    other = 1 + max(int(item.ROINumber) for item in export.structures.StructureSetROISequence)
    drawn.ReferencedROINumber = listed.ROINumber = seen.ReferencedROINumber = other
    seen.ObservationNumber = other
    listed.ROIName = "PTV_2"
    for contour in drawn.ContourSequence:
        export.draw(contour, export.points(contour) + np.array([0.0, 0.0, 80.0]))
    export.structures.StructureSetROISequence.append(listed)
    export.structures.ROIContourSequence.append(drawn)
    export.structures.RTROIObservationsSequence.append(seen)


def _cord_at_limit(export: Export) -> None:
    """Raise the dose until the cord just keeps its limit, with nothing left for set-up."""
    found = asked_of(export, "TC020")[0]
    if found.value is None or found.band is None or "governing limit" not in found.message:
        raise Impossible("no governing limit of the cord applies")
    limit = float(found.message.rsplit("governing limit", 1)[1].split()[0])
    planned = float(found.message.split("D0.03cc", 1)[1].split()[0])
    if not 0 < planned < 0.97 * limit:
        raise Impossible("the cord does not keep its limit")
    export.scale_dose(0.98 * limit / planned)


def _half_ctv(export: Export) -> None:
    """Keep the left half of the CTV, as a slip of the brush would."""
    asked_of(export, "DE001")
    number = export.first(names=("CTV",))
    middle = float(_middle(export, number)[0])

    def halved(points: Array) -> Array:
        cut = points.copy()
        cut[:, 0] = np.maximum(cut[:, 0], middle)
        return cut

    for contour in export.contours(number).ContourSequence:
        points = halved(export.points(contour))
        if float(np.ptp(points[:, 0])) < 1.0:
            points[: len(points) // 2, 0] += 1.0
        export.draw(contour, points)


def _ring(export: Export) -> None:
    """Draw the CTV all round the canal for a tumour in front of it."""
    asked_of(export, "DE002")
    neural = [
        m.roi_number for m in export.clean.matches if is_neural(export.clean.protocol, m.name)
    ]
    drawn = [n for n in neural if n in export.numbers("organ", "prv")]
    inner = max(drawn, key=lambda n: float(np.ptp(_all_points(export, n)[:, 0])))
    item = export.contours(export.first(names=("CTV",)))
    middle = _middle(export, inner)
    radius = float(np.ptp(_all_points(export, inner)[:, :2], axis=0).max()) / 2
    turns = np.linspace(0.0, 2 * np.pi, 73)[:-1]
    front = float(_all_points(export, inner)[:, 1].min()) - 1.0
    edge = np.array([np.inf, front, np.inf])
    for gross in export.numbers(names=("GTV",)):
        export.move(gross, lambda points: np.minimum(points, edge))
    whole, seen = [], set()
    for contour in item.ContourSequence:
        z = float(contour.ContourData[2])
        if z in seen:
            continue
        seen.add(z)
        for reach in (radius + 1.0, radius + 12.0):
            loop = deepcopy(contour)
            x, y = middle[0] + reach * np.cos(turns), middle[1] + reach * np.sin(turns)
            export.draw(loop, np.column_stack([x, y, np.full(len(turns), z)]))
            whole.append(loop)
    item.ContourSequence = whole


def _all_points(export: Export, number: int) -> Array:
    contours = export.contours(number).ContourSequence
    return np.concatenate([export.points(c) for c in contours])


def _ctv_aside(export: Export) -> None:
    """Draw the CTV 12 mm too far along the bone."""
    asked_of(export, "DE005")
    export.move(export.first(names=("CTV",)), lambda points: points + np.array([0.0, 0.0, 12.0]))


def _no_nerves(export: Export) -> None:
    """Leave the neural structures of the sacrum without a contour."""
    asked_of(export, "DE006")
    for match in export.clean.matches:
        if is_neural(export.clean.protocol, match.name):
            export.keep(match.roi_number, lambda _: False)


def _neighbour(export: Export) -> None:
    """Add a second plan of the patient with a dose of its own on the same place."""
    if export.clean.plan_dose.grid is None:
        raise Impossible("there is no plan dose")
    plan, dose = deepcopy(export.plan), deepcopy(export.dose)
    plan.SOPInstanceUID, dose.SOPInstanceUID = new_uid("neighbour"), new_uid("neighbour dose")
    plan.RTPlanLabel = "SEEDED SECOND"
    if "ReferencedDoseSequence" in plan:
        del plan.ReferencedDoseSequence
    if not dose.get("ReferencedRTPlanSequence"):
        raise Impossible("the dose names no plan")
    dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = plan.SOPInstanceUID
    export.extra += [plan, dose]


MUTATIONS: tuple[Mutation, ...] = (
    seed("swollen-isodose", "TC010", "manual warn", "prescription isodose far too large",
         r"RTOG|Paddick|conformity", _swollen),
    seed("shallow-fall-off", "TC011", "manual warn", "dose falls off slowly",
         r"R50", _shallow),
    seed("streak", "TC012", "manual warn", "streak of dose far from the target",
         r"D2cm", _streak),
    seed("cold-spot", "TC013", "warn", "cold spot in the tumour away from the cord",
         r"away from the cord", _cold_spot),
    seed("whole-dose-in-one", "TC014", "warn", "whole stereotactic dose in one fraction",
         r"dose per fraction|prescription", _whole_in_one),
    seed("second-target", "TC015", "warn", "second target far from the isocentre",
         r"from the isocentre", _second_target),
    seed("cord-at-limit", "TC020", "warn", "cord at its limit without room for set-up",
         r"as planned, .* within 1 mm", _cord_at_limit),
    seed("half-ctv", "DE001", "warn manual", "half of the CTV lost",
         r"sector|body|pedicle|lamina|process|arch", _half_ctv),
    seed("ctv-ring", "DE002", "manual", "CTV drawn all round the canal",
         r"closes", _ring),
    seed("ctv-aside", "DE005", "warn", "CTV drawn 12 mm too far along the bone",
         r"leaves out|reaches", _ctv_aside),
    seed("no-nerves", "DE006", "not-evaluated", "sacrum without a neural contour",
         r"is in the sacrum", _no_nerves),
    seed("neighbouring-plan", "RI002", "manual", "second plan with its dose on the same place",
         r"'SEEDED SECOND'.*overlapping", _neighbour),
)  # fmt: skip
