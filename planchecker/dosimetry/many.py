"""Dose-volume histograms of many structures in one dose."""

from collections.abc import Callable, Sequence
from functools import partial

from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import DVH, compute_dvh
from planchecker.dosimetry.structure import Structure
from planchecker.errors import PlanCheckerError
from planchecker.side_by_side import side_by_side

__all__ = ["Histograms", "compute_dvhs", "cost_of"]

Histograms = Callable[..., Sequence[DVH | PlanCheckerError]]
"""Computes many histograms as `compute_dvhs` does; takes all it does."""


def compute_dvhs(
    structures: Sequence[Structure],
    dose: DoseGrid,
    *,
    spacing_mm: float | None = None,
    processes: int = 1,
) -> tuple[DVH | PlanCheckerError, ...]:
    """Compute the dose-volume histograms of several structures.

    Parameters
    ----------
    structures
        Any number, each as `planchecker.compute_dvh` takes it.
    dose
        Dose grid of any orientation.
    spacing_mm
        Slice spacing of the image, needed only for structures drawn on a single plane.
    processes
        How many processes of this machine may share the work (Linux only, and only where this
        one has no other threads; elsewhere it does all). It changes no digit.

    Returns
    -------
    tuple of DVH or PlanCheckerError
        One a structure, in their order; an error where the contours enclose no volume.

    Examples
    --------
    >>> import numpy as np
    >>> from planchecker.dosimetry.structure import Contour
    >>> square = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])
    >>> planes = [np.column_stack([square, np.full(4, z)]) for z in np.arange(1.0, 20.0, 2.0)]
    >>> box = Structure(
    ...     roi_number=1, name="Box", contours=tuple(Contour(points_mm=p) for p in planes)
    ... )
    >>> ramp = np.broadcast_to(np.arange(30.0), (30, 30, 30))
    >>> dose = DoseGrid.regular(ramp, spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-5.0, -5.0, -5.0))
    >>> [round(dvh.volume_cc, 2) for dvh in compute_dvhs([box, box], dose)]
    [8.0, 8.0]
    """
    answers = side_by_side(
        partial(_answer, dose, spacing_mm),
        structures,
        costs=[cost_of(structure) for structure in structures],
        processes=processes,
    )
    return tuple(answers)


def _answer(
    dose: DoseGrid, spacing_mm: float | None, structure: Structure
) -> DVH | PlanCheckerError:
    try:
        return compute_dvh(structure, dose, spacing_mm=spacing_mm)
    except PlanCheckerError as error:
        return error


def cost_of(structure: Structure) -> int:
    """Return about how dear the histogram of a structure is beside others: its points."""
    return sum(len(contour.points_mm) for contour in structure.contours)
