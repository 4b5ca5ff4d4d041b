"""A contoured region of a sample patient and how its outlines are made."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sample_dicom.outlines import section
from sample_dicom.solids import Array, Solid

__all__ = ["Patient", "Region", "on_slices", "region_of_loops", "region_of_solid"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Region:
    """One contoured region.

    Parameters
    ----------
    name, kind
        ROI Name and RT ROI Interpreted Type.
    outlines
        (slice index, loop of shape (N, 2) in mm) pairs; nested loops are holes.
    density
        Relative mass density override, where one is stated.
    """

    name: str
    kind: str
    outlines: tuple[tuple[int, Array], ...]
    density: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Patient:
    """A synthetic patient: slices, contoured regions and CT numbers.

    Coordinates are patient coordinates (x to the left, y to the back, z to the head, in mm)
    around a point in the target; the writers add the position of the table.

    Parameters
    ----------
    z_mm
        Slice positions, rising evenly.
    body_centre_mm, body_semi_axes_mm
        The trunk or limb through which beams pass: an elliptic cylinder along z.
    hounsfield
        CT number at points given as broadcastable arrays x, y, z in mm.
    """

    z_mm: Array
    regions: tuple[Region, ...]
    body_centre_mm: tuple[float, float]
    body_semi_axes_mm: tuple[float, float]
    hounsfield: Callable[[Array, Array, Array], Array]

    def region(self, name: str) -> Region:
        """Return the region of that name."""
        return next(region for region in self.regions if region.name == name)

    def points_mm(self, name: str) -> Array:
        """Return all contour points of a region, shape (N, 3)."""
        return np.concatenate(
            [
                np.column_stack([loop, np.full(len(loop), self.z_mm[index])])
                for index, loop in self.region(name).outlines
            ]
        )


def on_slices(
    z_mm: Array, first: int, last: int, loops: Callable[[float], list[Array]]
) -> tuple[tuple[int, Array], ...]:
    """Return the outlines that `loops` gives on the slices from `first` to `last` inclusive."""
    return tuple(
        (index, loop.round(2))
        for index in range(first, last + 1)
        for loop in loops(float(z_mm[index]))
    )


def region_of_loops(
    name: str, kind: str, z_mm: Array, loops: Callable[[float], list[Array]], *, spare: int = 0
) -> Region:
    """Return a region that runs through the scan, `spare` slices left free at either end."""
    return Region(
        name=name, kind=kind, outlines=on_slices(z_mm, spare, len(z_mm) - 1 - spare, loops)
    )


def region_of_solid(
    name: str,
    kind: str,
    z_mm: Array,
    solid: Solid,
    *,
    box_mm: tuple[float, float, float, float],
    step_mm: float = 0.5,
    reach_mm: float = np.inf,
    density: float | None = None,
) -> Region:
    """Return the region that a solid occupies on the slices within `reach_mm` of z = 0."""
    near = np.flatnonzero(np.abs(z_mm) <= reach_mm)

    def loops(z: float) -> list[Array]:
        return section(solid, z_mm=z, box_mm=box_mm, step_mm=step_mm, spacing_mm=1.2)

    outlines = on_slices(z_mm, int(near[0]), int(near[-1]), loops)
    return Region(name=name, kind=kind, outlines=outlines, density=density)
