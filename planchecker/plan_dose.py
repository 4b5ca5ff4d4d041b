"""Which dose of the case is the dose of the whole course (interface; rules follow)."""

from dataclasses import dataclass

from planchecker.dosimetry.dose import DoseGrid

__all__ = ["PlanDose"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlanDose:
    """The physical dose of the whole course, or the reason why there is none.

    Parameters
    ----------
    grid
        Total dose of all fractions in Gy; None where it cannot be established.
    how
        What it was made of: ``"PLAN dose"``, ``"sum of 4 BEAM doses"``, ...
    problem, remedy
        Why there is none, and what to export instead.
    effective
        True where the dose type is EFFECTIVE (RBE-weighted): accepted and named.
    notes
        What was decided on the way, such as how a FRACTION dose was read.
    """

    grid: DoseGrid | None
    how: str = ""
    problem: str = ""
    remedy: str = ""
    effective: bool = False
    notes: tuple[str, ...] = ()
