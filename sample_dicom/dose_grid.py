"""A dose grid around a sample patient and interpolation in it."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.regions import Patient
from sample_dicom.solids import Array

__all__ = ["Grid", "covering_grid"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grid:
    """Node positions in mm and, once calculated, dose in Gy of shape (z, y, x)."""

    x_mm: Array
    y_mm: Array
    z_mm: Array

    @property
    def mesh(self) -> tuple[Array, Array, Array]:
        """Broadcastable x, y and z."""
        return self.x_mm[None, None, :], self.y_mm[None, :, None], self.z_mm[:, None, None]

    def part(self, low_mm: float, high_mm: float) -> tuple[slice, slice, slice]:
        """Return the indices of the nodes between two bounds, the same along all axes."""
        axes = (self.z_mm, self.y_mm, self.x_mm)
        first = [int(np.searchsorted(axis, low_mm)) for axis in axes]
        last = [int(np.searchsorted(axis, high_mm)) for axis in axes]
        return slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])

    def crop(self, part: tuple[slice, slice, slice]) -> "Grid":
        """Return the grid of those nodes."""
        return Grid(x_mm=self.x_mm[part[2]], y_mm=self.y_mm[part[1]], z_mm=self.z_mm[part[0]])


def covering_grid(patient: Patient, *, step_mm: float) -> Grid:
    """Return a grid over the whole body on the planes of the slices."""
    outline = patient.points_mm("External")

    def axis(low: float, high: float) -> Array:
        start = step_mm * np.floor(low / step_mm - 2)
        return np.asarray(np.arange(start, high + 3 * step_mm, step_mm))

    return Grid(
        x_mm=axis(outline[:, 0].min(), outline[:, 0].max()),
        y_mm=axis(outline[:, 1].min(), outline[:, 1].max()),
        z_mm=patient.z_mm,
    )
