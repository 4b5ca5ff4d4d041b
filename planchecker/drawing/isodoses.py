"""Lines of equal dose in a window."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planchecker.dosimetry.dose import DoseGrid
from planchecker.drawing.windows import Window, thinned
from planchecker.figures import Isodose, Line

__all__ = ["LEVELS", "isodoses", "traced"]

LEVELS: Final = (30.0, 50.0, 80.0, 95.0, 100.0, 107.0)
"""In percent of the prescribed dose."""

_STEP_MM = 1.0


def isodoses(window: Window, dose: DoseGrid, *, reference_gy: float) -> tuple[Isodose, ...]:
    """Trace the lines of `LEVELS`; a level without a line in the window is left out.

    Parameters
    ----------
    reference_gy
        What 100 % means.
    """
    u, v = window.centres(_STEP_MM)
    values = dose.at(window.points(u, v)).reshape(len(v), len(u))
    found = []
    for percent in LEVELS:
        level = percent / 100 * reference_gy
        lines = tuple(traced(values, level, u=u, v=v))
        if lines:
            found.append(Isodose(percent=percent, dose_gy=level, lines=lines))
    return tuple(found)


def traced(
    values: NDArray[np.float64],
    level: float,
    *,
    u: NDArray[np.float64],
    v: NDArray[np.float64],
) -> Iterable[Line]:
    """Yield the lines on which `values`, of shape (len(v), len(u)), equal `level`."""
    from skimage.measure import find_contours  # noqa: PLC0415 - heavy

    step = float(u[1] - u[0])
    trace: Any = find_contours  # its library has no types
    for line in trace(values, level):
        yield thinned(np.column_stack([u[0] + line[:, 1] * step, v[0] + line[:, 0] * step]))
