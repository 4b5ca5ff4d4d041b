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
    >>> dose = DoseGrid.regular(
    ...     np.ones((9, 9, 9)), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0)
    ... )
    >>> empty = Structure(roi_number=7, name="Empty", contours=())
    >>> (error,) = compute_dvhs([empty], dose)
    >>> print(error)
    'Empty' has no closed planar contour (found: none), so it is no volume
    """
    answers = side_by_side(
        partial(_answer, dose, spacing_mm),
        structures,
        cost=cost_of,
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
