"""Everything one sample export is written from."""

from dataclasses import dataclass

from sample_dicom.beams import Beam
from sample_dicom.dose_grid import Grid
from sample_dicom.regions import Patient
from sample_dicom.solids import Array
from sample_dicom.wording import Wording

__all__ = ["Course"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Course:
    """A calculated plan.

    Parameters
    ----------
    dose_gy
        Dose of all fractions at the nodes of `grid`, shape (z, y, x).
    dose_scaling
        Gy per stored count.
    dose_bits
        16 or 32.
    isocentre_mm
        In the coordinates of the patient.
    dose_point_mm
        Where the beams state their dose; None where they state no point.
    table_mm
        What the writers add to every coordinate.
    stored_dvhs
        Names of the regions whose DVH goes into the dose object.
    foreign_plan
        Whether the dose names another plan than the one at hand.
    """

    wording: Wording
    patient: Patient
    grid: Grid
    dose_gy: Array
    dose_scaling: float
    dose_bits: int
    beams: tuple[Beam, ...]
    isocentre_mm: Array
    dose_point_mm: Array | None
    table_mm: Array
    stored_dvhs: tuple[str, ...] = ()
    foreign_plan: bool = False
