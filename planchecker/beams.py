"""Beams of a plan and their control points, as plain frozen values."""

from dataclasses import dataclass

__all__ = ["Beam", "ControlPoint", "LimitingDevice"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LimitingDevice:
    """A pair of jaws or an MLC: RT Beam Limiting Device Type and leaf boundaries in mm."""

    kind: str
    pairs: int
    boundaries_mm: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ControlPoint:
    """One control point; None where the value does not change from the one before."""

    index: int
    meterset_weight: float | None = None
    gantry_deg: float | None = None
    gantry_direction: str = ""
    collimator_deg: float | None = None
    couch_deg: float | None = None
    energy: float | None = None
    dose_rate: float | None = None
    isocentre_mm: tuple[float, float, float] | None = None
    ssd_mm: float | None = None
    positions_mm: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """(limiting device type, leaf or jaw positions) pairs."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Beam:
    """One beam of the plan with its share in the fraction group."""

    number: int
    name: str
    beam_type: str = ""
    """STATIC or DYNAMIC."""
    radiation: str = ""
    """PHOTON, ELECTRON, PROTON, ..."""
    delivery: str = ""
    """Treatment Delivery Type: TREATMENT, SETUP, ...; empty counts as treatment."""
    machine: str = ""
    scan_mode: str = ""
    """Scan Mode of an ion beam: MODULATED, UNIFORM, ..."""
    high_dose_technique: str = ""
    """High-Dose Technique Type: SRS, TBI, ..."""
    fluence_mode: str = ""
    """Primary Fluence Mode, with its ID: STANDARD, NON_STANDARD FFF."""
    source_axis_mm: float | None = None
    meterset: float | None = None
    dosimeter_unit: str = ""
    """Primary Dosimeter Unit of the meterset: MU, MINUTE, NP; empty counts as MU."""
    dose_gy: float | None = None
    """Beam Dose of one fraction."""
    dose_point_mm: tuple[float, float, float] | None = None
    wedges: int | None = 0
    blocks: int | None = 0
    boli: int | None = 0
    """How many; None where the beam does not state it."""
    bolus_rois: tuple[int, ...] = ()
    tolerance_table: int | None = None
    final_weight: float | None = None
    stated_points: int | None = None
    """Number of Control Points as stated; how many there are is the length below."""
    devices: tuple[LimitingDevice, ...] = ()
    control_points: tuple[ControlPoint, ...] = ()

    @property
    def is_treatment(self) -> bool:
        """Whether the beam delivers treatment dose (set-up and imaging beams do not)."""
        return self.delivery in ("", "TREATMENT", "CONTINUATION")

    @property
    def gantry_deg(self) -> tuple[float, ...]:
        """Gantry angles of all control points that state one."""
        return tuple(p.gantry_deg for p in self.control_points if p.gantry_deg is not None)

    @property
    def is_arc(self) -> bool:
        """Whether the gantry rotates during the beam."""
        turning = any(p.gantry_direction in ("CW", "CC") for p in self.control_points)
        return turning or len({round(angle, 1) for angle in self.gantry_deg}) > 1

    @property
    def has_moving_leaves(self) -> bool:
        """Whether multileaf positions differ between control points."""
        shapes = {
            positions
            for point in self.control_points
            for kind, positions in point.positions_mm
            if kind.startswith("MLC")
        }
        return len(shapes) > 1

    @property
    def isocentres_mm(self) -> tuple[tuple[float, float, float], ...]:
        """Every isocentre the control points state."""
        return tuple(p.isocentre_mm for p in self.control_points if p.isocentre_mm is not None)
