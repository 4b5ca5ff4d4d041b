"""Beams and control points of RT Plan and RT Ion Plan."""

from dataclasses import dataclass

from planchecker.case import Beam, ControlPoint, LimitingDevice
from planchecker.reading.elements import Elements

__all__ = ["read_beams"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Share:
    """What the fraction group says of one beam."""

    meterset: float | None
    dose_gy: float | None
    dose_point_mm: tuple[float, float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The sequence keywords in which RT Plan and RT Ion Plan differ."""

    beams: str
    points: str
    devices: str


_PLAIN = _Words(
    beams="BeamSequence", points="ControlPointSequence", devices="BeamLimitingDeviceSequence"
)
_ION = _Words(
    beams="IonBeamSequence",
    points="IonControlPointSequence",
    devices="IonBeamLimitingDeviceSequence",
)


def read_beams(plan: Elements) -> tuple[Beam, ...]:
    """Read the beams in the order of the file, each with its share in the fraction group.

    A beam that several fraction groups name has the share of the first; a note says so.
    """
    words = _ION if plan.holds("IonBeamSequence") else _PLAIN
    shares = _shares(plan)
    return tuple(
        _beam(item, position, words, shares)
        for position, item in enumerate(plan.items(words.beams), start=1)
    )


def _shares(plan: Elements) -> dict[int, _Share]:
    shares: dict[int, _Share] = {}
    for group in plan.items("FractionGroupSequence"):
        for item in group.items("ReferencedBeamSequence"):
            number = item.integer("ReferencedBeamNumber")
            if number is None:
                continue
            if number in shares:
                plan.notes.append(f"beam {number} is named twice in the fraction groups")
                continue
            shares[number] = _Share(
                meterset=item.number("BeamMeterset"),
                dose_gy=item.number("BeamDose"),
                dose_point_mm=item.point("BeamDoseSpecificationPoint"),
            )
    return shares


def _beam(item: Elements, position: int, words: _Words, shares: dict[int, _Share]) -> Beam:
    number = item.integer("BeamNumber")
    if number is None:
        item.notes.append(f"the beam at position {position} has no Beam Number")
    share = None if number is None else shares.get(number)
    boli = tuple(
        bolus.integer("ReferencedROINumber") for bolus in item.items("ReferencedBolusSequence")
    )
    return Beam(
        number=-position if number is None else number,
        name=item.text("BeamName"),
        beam_type=item.text("BeamType"),
        radiation=item.text("RadiationType"),
        delivery=item.text("TreatmentDeliveryType"),
        machine=item.text("TreatmentMachineName"),
        scan_mode=item.text("ScanMode"),
        high_dose_technique=item.text("HighDoseTechniqueType"),
        fluence_mode=_fluence_mode(item),
        source_axis_mm=item.number("SourceAxisDistance"),
        meterset=share.meterset if share else None,
        dosimeter_unit=item.text("PrimaryDosimeterUnit").upper(),
        dose_gy=share.dose_gy if share else None,
        dose_point_mm=share.dose_point_mm if share else None,
        wedges=item.integer("NumberOfWedges"),
        blocks=item.integer("NumberOfBlocks"),
        boli=item.integer("NumberOfBoli"),
        bolus_rois=tuple(roi for roi in boli if roi is not None),
        tolerance_table=item.integer("ReferencedToleranceTableNumber"),
        final_weight=item.number("FinalCumulativeMetersetWeight"),
        stated_points=item.integer("NumberOfControlPoints"),
        devices=tuple(_device(device) for device in item.items(words.devices)),
        control_points=tuple(
            _control_point(point, index) for index, point in enumerate(item.items(words.points))
        ),
    )


def _fluence_mode(beam: Elements) -> str:
    modes = (
        f"{item.text('FluenceMode')} {item.text('FluenceModeID')}".strip()
        for item in beam.items("PrimaryFluenceModeSequence")
    )
    return ", ".join(mode for mode in modes if mode)


def _device(item: Elements) -> LimitingDevice:
    return LimitingDevice(
        kind=item.text("RTBeamLimitingDeviceType"),
        pairs=item.integer("NumberOfLeafJawPairs") or 0,
        boundaries_mm=item.numbers("LeafPositionBoundaries"),
    )


def _control_point(item: Elements, position: int) -> ControlPoint:
    index = item.integer("ControlPointIndex")
    return ControlPoint(
        index=position if index is None else index,
        meterset_weight=item.number("CumulativeMetersetWeight"),
        gantry_deg=item.number("GantryAngle"),
        gantry_direction=item.text("GantryRotationDirection"),
        collimator_deg=item.number("BeamLimitingDeviceAngle"),
        couch_deg=item.number("PatientSupportAngle"),
        energy=item.number("NominalBeamEnergy"),
        dose_rate=item.number("DoseRateSet"),
        isocentre_mm=item.point("IsocenterPosition"),
        ssd_mm=item.number("SourceToSurfaceDistance"),
        positions_mm=tuple(
            (device.text("RTBeamLimitingDeviceType"), device.numbers("LeafJawPositions"))
            for device in item.items("BeamLimitingDevicePositionSequence")
        ),
    )
