"""One course of radiotherapy beside the plan that is checked."""

from dataclasses import dataclass
from datetime import date

from constraints.model import Technique
from planchecker.case import InputFile, Patient, Registration
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match

__all__ = ["Course", "StatedDose"]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedDose:
    """Highest physical dose of the whole course to a structure, as somebody typed it.

    Parameters
    ----------
    structure
        TG-263 name.
    dmax_gy
        Point maximum in Gy.
    """

    structure: str
    dmax_gy: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Course:
    """An earlier or parallel course; what is not known is None or empty.

    Parameters
    ----------
    label
        How findings name it.
    source
        Where it comes from: a typed summary, a list, an export.
    prescribed_gy, fractions
        Total dose in Gy and number of fractions.
    planned_on, started_on, ended_on
        Date of the plan, of the first and of the last fraction.
    technique
        None where nothing tells.
    doses
        Typed doses of structures.
    hot_spot
        Highest dose over prescription; None takes the default of the protocol.
    same_place
        True where somebody states that the course went to the same place as the plan, so that
        its highest dose lies in the same tissue.
    concurrent
        True for a plan that is treated together with the one that is checked.
    patient
        None for a typed course, which does not name one.
    stated_patient
        Patient that a list states beside an export; None where it states none.
    plan_uid
        SOP Instance UID of its plan.
    grid
        Physical dose of the whole course; None where there is none, and `dose_problem` says why.
    frame_of_reference_uid, structures, matches
        Frame of the dose, and the structures in that frame with their names.
    registrations
        Registrations that came with it.
    deformable
        Whether a deformable registration came with it, which is not used.
    files
        The files it was read from.
    """

    label: str
    source: str
    prescribed_gy: float | None = None
    fractions: int | None = None
    planned_on: date | None = None
    started_on: date | None = None
    ended_on: date | None = None
    technique: Technique | None = None
    doses: tuple[StatedDose, ...] = ()
    hot_spot: float | None = None
    same_place: bool = False
    concurrent: bool = False
    patient: Patient | None = None
    stated_patient: Patient | None = None
    plan_uid: str = ""
    grid: DoseGrid | None = None
    dose_problem: str = ""
    frame_of_reference_uid: str = ""
    structures: tuple[Structure, ...] = ()
    matches: tuple[Match, ...] = ()
    registrations: tuple[Registration, ...] = ()
    deformable: bool = False
    files: tuple[InputFile, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def dose_per_fraction_gy(self) -> float | None:
        """Prescribed dose over fractions; None where either is unknown."""
        if self.prescribed_gy is None or not self.fractions:
            return None
        return self.prescribed_gy / self.fractions

    @property
    def scheme(self) -> str:
        """Dose and fractions in words.

        Examples
        --------
        >>> Course(label="T10", source="typed", prescribed_gy=30, fractions=10).scheme
        '30 Gy in 10 fractions'
        """
        dose = "an unknown dose" if self.prescribed_gy is None else f"{self.prescribed_gy:g} Gy"
        if self.fractions is None:
            return f"{dose} in an unknown number of fractions"
        return f"{dose} in {self.fractions} fraction{'' if self.fractions == 1 else 's'}"
