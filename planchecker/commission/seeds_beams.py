"""Seeded errors of the beams."""

from typing import TYPE_CHECKING

import numpy as np

from planchecker.commission.export import Export
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import seed

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["MUTATIONS"]


def _meterset(export: Export, factor: float) -> None:
    for share in export.shares():
        if share.get("BeamMeterset") is None:
            raise Impossible("a beam states no meterset")
        share.BeamMeterset = float(share.BeamMeterset) * factor


def _no_units(export: Export) -> None:
    export.shares()[0].BeamMeterset = 0


def _beam_dose(export: Export) -> None:
    plan = export.clean.case.plan
    points = {beam.dose_point_mm for beam in plan.treatment_beams} if plan else set()
    if len(points) != 1 or None in points or export.clean.plan_dose.grid is None:
        raise Impossible("the beam doses are not stated for one point of the dose")
    for share in export.shares():
        share.BeamDose = float(share.BeamDose) * 1.1


def _other_energy(export: Export) -> None:
    if len(export.beams()) < 2:
        raise Impossible("the plan has one treatment beam")
    first = export.beams()[0].ControlPointSequence[0]
    first.NominalBeamEnergy = float(first.NominalBeamEnergy) + 9


def _other_machine(export: Export) -> None:
    if len(export.beams()) < 2:
        raise Impossible("the plan has one treatment beam")
    export.beams()[0].TreatmentMachineName = "SEEDED_LINAC"


def _falling_weights(export: Export) -> None:
    points = export.beams()[0].ControlPointSequence
    points[-1].CumulativeMetersetWeight = 0
    points[0].CumulativeMetersetWeight = export.beams()[0].FinalCumulativeMetersetWeight


def _lost_point(export: Export) -> None:
    beam = export.beams()[0]
    if "NumberOfControlPoints" not in beam:
        raise Impossible("the number of control points is not stated")
    del beam.ControlPointSequence[-1]


def _forbidden_couch(export: Export) -> None:
    export.beams()[0].ControlPointSequence[0].PatientSupportAngle = 180


def _absurd_gantry(export: Export) -> None:
    export.beams()[0].ControlPointSequence[0].GantryAngle = 400


def _positions(export: Export, wanted: tuple[str, ...]) -> list[tuple["Dataset", list[float]]]:
    found = [
        (item, [float(value) for value in item.LeafJawPositions])
        for beam in export.beams()
        for point in beam.ControlPointSequence
        for item in point.get("BeamLimitingDevicePositionSequence") or []
        if str(item.RTBeamLimitingDeviceType).startswith(wanted)
    ]
    if not found:
        raise Impossible(f"the beams state no {' or '.join(wanted)}")
    return found


def _crossed(export: Export) -> None:
    item, values = _positions(export, ("MLC",))[0]
    pairs = len(values) // 2
    open_pairs = [n for n in range(pairs) if values[pairs + n] - values[n] > 1]
    if not open_pairs:
        raise Impossible("no leaf pair is open")
    first = open_pairs[0]
    values[first], values[pairs + first] = values[pairs + first], values[first]
    item.LeafJawPositions = values


def _jaws_crossed(export: Export) -> None:
    item, values = _positions(export, ("ASYMX", "X", "ASYMY", "Y"))[0]
    if len(values) != 2 or not values[0] < values[1]:
        raise Impossible("no pair of jaws is open")
    item.LeafJawPositions = [values[1], values[0]]


def _against_direction(export: Export) -> None:
    for beam in export.beams():
        points = beam.ControlPointSequence
        turning = [p for p in points if p.get("GantryRotationDirection") in ("CW", "CC")]
        if len(turning) > 2:
            for point in turning:
                way = point.GantryRotationDirection
                point.GantryRotationDirection = "CC" if way == "CW" else "CW"
            return
    raise Impossible("the plan has no arc of several control points")


def _beyond_travel(export: Export) -> None:
    item, values = _positions(export, ("MLC", "ASYMX", "X"))[0]
    values[0] = -400.0
    item.LeafJawPositions = values


def _jaws_closed(export: Export) -> None:
    _positions(export, ("MLC",))
    for item, values in _positions(export, ("ASYMX", "X")):
        item.LeafJawPositions = [values[0], values[0] + 5.0]


def _isocentre(export: Export, beams: slice, shift: tuple[float, float, float]) -> None:
    chosen = export.beams()[beams]
    if not chosen:
        raise Impossible("the plan has one treatment beam")
    for beam in chosen:
        for point in beam.ControlPointSequence:
            if point.get("IsocenterPosition"):
                moved = np.array(point.IsocenterPosition, dtype=float) + shift
                point.IsocenterPosition = moved.round(2).tolist()


def _second_isocentre(export: Export) -> None:
    _isocentre(export, slice(1, 2), (5.0, 0.0, 0.0))


def _isocentre_1cm(export: Export) -> None:
    _isocentre(export, slice(None), (10.0, 0.0, 0.0))


def _isocentre_1cm_along(export: Export) -> None:
    _isocentre(export, slice(None), (0.0, 0.0, 10.0))


def _no_isocentre(export: Export) -> None:
    for point in export.beams()[0].ControlPointSequence:
        if "IsocenterPosition" in point:
            del point.IsocenterPosition


def _isocentre_up(export: Export) -> None:
    heights = export.heights(export.first(names=("PTV", "CTV", "GTV")))
    _isocentre(export, slice(None), (0.0, 0.0, heights[-1] - heights[0] + 40.0))


def _isocentre_deep(export: Export) -> None:
    stated = [p for b in export.beams() for p in b.ControlPointSequence]
    if not any(p.get("SourceToSurfaceDistance") for p in stated):
        raise Impossible("the plan states no distance from source to skin")
    _isocentre(export, slice(None), (0.0, 20.0, 0.0))


def _wide_body(export: Export) -> None:
    number = export.first("external")
    outline = export.contours(number).ContourSequence
    points = np.concatenate([export.points(c) for c in outline])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    # The thinner side is brought to the gantry head, for beams from the front see nothing else.
    thin = float((np.ptp(points[:, :2], axis=0) / 2).min())
    distance = export.clean.criterion("delivery.head_distance_mm")
    factor = distance / thin

    def widened(contour: np.ndarray) -> np.ndarray:
        moved = contour.copy()
        moved[:, :2] = middle[:2] + factor * (contour[:, :2] - middle[:2])
        return moved

    export.move(number, widened)


def _wrong_ssd(export: Export) -> None:
    for beam in export.beams():
        for point in beam.ControlPointSequence:
            if point.get("SourceToSurfaceDistance"):
                point.SourceToSurfaceDistance = float(point.SourceToSurfaceDistance) + 20
                return
    raise Impossible("the plan states no distance from source to skin")


def _loose_bolus(export: Export) -> None:
    organ = export.numbers("organ")
    if not organ:
        raise Impossible("no organ is contoured")
    export.observation(organ[-1]).RTROIInterpretedType = "BOLUS"
    export.roi(organ[-1]).ROIName = "Bolus_5mm"


def _lost_bolus(export: Export) -> None:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

    item = Dataset()
    item.ReferencedROINumber = 9999
    beam = export.beams()[0]
    beam.NumberOfBoli = 1
    beam.ReferencedBolusSequence = [item]


def _no_table(export: Export) -> None:
    beams = [b for b in export.beams() if "ReferencedToleranceTableNumber" in b]
    if not beams:
        raise Impossible("no beam names a tolerance table")
    beams[0].ReferencedToleranceTableNumber = 77


def _armed_setup(export: Export) -> None:
    treated = {int(beam.BeamNumber) for beam in export.beams()}
    for share in export.group.ReferencedBeamSequence:
        if int(share.ReferencedBeamNumber) not in treated:
            share.BeamMeterset = 25
            return
    raise Impossible("the plan has no set-up beam")


def _comb(export: Export) -> None:
    """Shift every other leaf pair aside, as a damaged leaf sequence would."""
    plan = export.clean.case.plan
    if plan is None or not all(beam.has_moving_leaves for beam in plan.treatment_beams):
        raise Impossible("the plan is not modulated by leaves")
    for item, values in _positions(export, ("MLC",)):
        pairs = len(values) // 2
        low, high = np.array(values[:pairs]), np.array(values[pairs:])
        middle, aside = (low + high) / 2, np.where(np.arange(pairs) % 2, 45.0, -45.0)
        open_ = high - low > 1
        low = np.where(open_, middle + aside - 1, low)
        high = np.where(open_, middle + aside + 1, high)
        moved = np.concatenate([low, high]).round(1).tolist()
        item.LeafJawPositions = moved


MUTATIONS: tuple[Mutation, ...] = (
    seed("no-units", "BM001", "fail", "beam without monitor units",
         r"no monitor units", _no_units),
    seed("units-x10", "BM002", "manual", "ten times the monitor units",
         r"above",
         lambda export: _meterset(export, 10)),
    seed("units-tenth", "BM002", "manual", "a tenth of the monitor units",
         r"below",
         lambda export: _meterset(export, 0.1)),
    seed("beam-doses", "BM003", "manual", "beam doses of another calculation",
         r"add up to", _beam_dose),
    seed("other-energy", "BM004", "manual", "one beam of another energy",
         r"photon energies", _other_energy),
    seed("other-machine", "BM004", "manual", "one beam on another machine",
         r"several machines", _other_machine),
    seed("falling-weights", "BM005", "fail", "weights of control points fall",
         r"weights", _falling_weights),
    seed("lost-point", "BM005", "fail", "last control point lost",
         r"states \d+ control points", _lost_point),
    seed("forbidden-couch", "BM006", "manual", "couch angle out of reach",
         r"couch at 180", _forbidden_couch),
    seed("absurd-gantry", "BM006", "fail", "gantry angle that does not exist",
         r"outside 0 to 360", _absurd_gantry),
    seed("leaves-crossed", "BM007", "fail", "leaf pair crossed",
         r"is crossed", _crossed),
    seed("jaws-crossed", "BM007", "fail", "pair of jaws crossed",
         r"(ASYM)?[XY] at .* is crossed", _jaws_crossed),
    seed("against-direction", "BM005", "fail", "arc that turns against its direction",
         r"turn against", _against_direction),
    seed("beyond-travel", "BM007", "fail", "leaf or jaw beyond its travel",
         r"reaches beyond", _beyond_travel),
    seed("jaws-closed", "BM008", "manual", "jaws closed over the leaf opening",
         r"jaws of beam .* cover", _jaws_closed),
    seed("second-isocentre", "BM009", "manual", "one beam on a second isocentre",
         r"isocentres lie",
         _second_isocentre),
    seed("no-isocentre", "BM009", "not-evaluated", "beam without an isocentre",
         r"no isocentre is stated", _no_isocentre),
    seed("isocentre-next-level", "BM010", "manual", "isocentre on another level",
         r"isocentre lies (outside the body|\d+ mm beyond)", _isocentre_up),
    seed("too-wide", "BM011", "manual", "patient too wide for the gantry",
         r"clears the contours by", _wide_body),
    seed("wrong-ssd", "BM012", "manual", "distance to the skin of another plan",
         r"the contours give", _wrong_ssd),
    seed("isocentre-deep", "BM012", "manual", "isocentre 2 cm too deep",
         r"the contours give", _isocentre_deep),
    seed("loose-bolus", "BM013", "manual", "bolus that no beam names",
         r"no beam names the bolus", _loose_bolus),
    seed("lost-bolus", "BM013", "manual", "beam with a bolus that is not contoured",
         r"not contoured: ROI \[9999\]", _lost_bolus),
    seed("no-table", "BM014", "manual", "tolerance table that does not exist",
         r"tables that the plan lacks", _no_table),
    seed("armed-setup", "BM014", "manual", "set-up beam with monitor units",
         r"have monitor units", _armed_setup),
    seed("comb", "BM015", "manual", "damaged leaf sequence",
         r"complexity score", _comb),
    seed("isocentre-1cm", "BM016", "manual", "isocentre moved by 1 cm",
         r"centred \d+ mm beside", _isocentre_1cm),
    seed("isocentre-1cm-along", "BM016", "manual", "isocentre moved by 1 cm along the patient",
         r"centred \d+ mm beside", _isocentre_1cm_along),
)  # fmt: skip
