"""Dose of static beams: leaf-shaped fluence with penumbra, depth dose and divergence."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.beams import LEAF_BOUNDARIES_MM, SOURCE_AXIS_MM, Beam, Shape, beam_axes
from sample_dicom.dose_grid import Grid
from sample_dicom.solids import Array

__all__ = ["Quality", "static_dose"]

_EXTENT_MM = 128
"""The fluence map reaches this far from the beam axis in steps of 1 mm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Beam quality.

    Parameters
    ----------
    attenuation_per_mm
        Fall of the tissue-phantom ratio behind the build-up.
    build_up_mm
        Length over which the missing surface dose is made up.
    penumbra_mm
        Standard deviation of the blurred field edge.
    """

    attenuation_per_mm: float
    build_up_mm: float
    penumbra_mm: float = 3.0


def static_dose(
    grid: Grid,
    *,
    beams: tuple[Beam, ...],
    weights_gy: tuple[float, ...],
    isocentre_mm: Array,
    body: tuple[tuple[float, float], tuple[float, float]],
    quality: Quality,
) -> Array:
    """Return the dose in Gy at the nodes, shape (z, y, x).

    Parameters
    ----------
    weights_gy
        Dose of each beam at the isocentre, all fractions.
    body
        Centre and semi-axes of the elliptic cylinder through which the beams pass, in mm.
    """
    total = np.zeros(tuple(len(axis) for axis in (grid.z_mm, grid.y_mm, grid.x_mm)))
    middle = Grid(x_mm=isocentre_mm[:1], y_mm=isocentre_mm[1:2], z_mm=isocentre_mm[2:])
    for beam, weight_gy in zip(beams, weights_gy, strict=True):
        fluence = _fluence(beam.shapes[0], quality.penumbra_mm)
        axes = beam_axes(beam.gantry_deg[0], beam.collimator_deg)
        reference = _beam_dose(middle, isocentre_mm, axes, fluence, body, quality).item()
        total += (weight_gy / reference) * _beam_dose(
            grid, isocentre_mm, axes, fluence, body, quality
        )
    return total


def _beam_dose(
    grid: Grid,
    isocentre_mm: Array,
    axes: tuple[Array, Array, Array],
    fluence: Array,
    body: tuple[tuple[float, float], tuple[float, float]],
    quality: Quality,
) -> Array:
    x, y, z = (node - centre for node, centre in zip(grid.mesh, isocentre_mm, strict=True))
    across = axes[0][0] * x + axes[0][1] * y + axes[0][2] * z
    along = axes[1][0] * x + axes[1][1] * y + axes[1][2] * z
    behind = SOURCE_AXIS_MM - (axes[2][0] * x + axes[2][1] * y)
    scale = SOURCE_AXIS_MM / behind
    opened = _lookup(fluence, across * scale, along * scale)
    depth = _depth(x, y, z, isocentre_mm, axes[2], body)
    ratio = np.exp(-quality.attenuation_per_mm * depth)
    ratio *= 1 - 0.55 * np.exp(-np.maximum(depth, 0) / quality.build_up_mm)
    return np.asarray(np.where(depth >= 0, opened * ratio * scale**2, 0.0))


def _depth(
    x: Array,
    y: Array,
    z: Array,
    isocentre_mm: Array,
    toward: Array,
    body: tuple[tuple[float, float], tuple[float, float]],
) -> Array:
    """Return the path in mm from the skin to the nodes along rays from the source."""
    (centre_x, centre_y), (semi_x, semi_y) = body
    ray_x, ray_y = SOURCE_AXIS_MM * toward[0] - x, SOURCE_AXIS_MM * toward[1] - y
    length = np.sqrt(ray_x**2 + ray_y**2 + z**2)
    at_x, at_y = (
        (x + isocentre_mm[0] - centre_x) / semi_x,
        (y + isocentre_mm[1] - centre_y) / semi_y,
    )
    step_x, step_y = ray_x / semi_x, ray_y / semi_y
    square = step_x**2 + step_y**2
    half = at_x * step_x + at_y * step_y
    inside = at_x**2 + at_y**2 - 1
    root = np.sqrt(np.maximum(half**2 - square * inside, 0.0))
    reach = (root - half) / square * length
    return np.asarray(np.where(inside <= 0, reach, -1.0))


def _fluence(shape: Shape, penumbra_mm: float) -> Array:
    """Return the blurred aperture with scatter and leakage on a 1 mm raster, rows along y."""
    nodes = np.arange(-_EXTENT_MM, _EXTENT_MM) + 0.5
    pair = np.searchsorted(LEAF_BOUNDARIES_MM, nodes, side="right") - 1
    low, high = (shape.leaves_mm[pair, side][:, None] for side in (0, 1))
    low, high = np.maximum(low, shape.jaws_x_mm[0]), np.minimum(high, shape.jaws_x_mm[1])
    covered = (shape.jaws_y_mm[0] <= nodes) & (nodes <= shape.jaws_y_mm[1])
    # Partly covered cells at the leaf ends keep the aperture exact.
    opened = np.clip(np.minimum(high, nodes + 0.5) - np.maximum(low, nodes - 0.5), 0.0, 1.0)
    opened = opened * covered[:, None]
    frequency = np.fft.fftfreq(2 * _EXTENT_MM)
    squared = frequency[:, None] ** 2 + frequency[None, : _EXTENT_MM + 1] ** 2
    kernel = 0.9 * np.exp(-2 * (np.pi * penumbra_mm) ** 2 * squared)
    kernel += 0.1 * np.exp(-2 * (np.pi * 16.0) ** 2 * squared)
    blurred = np.fft.irfft2(np.fft.rfft2(opened) * kernel, s=opened.shape)
    return np.asarray(np.maximum(blurred, 0.0) + 0.004)


def _lookup(fluence: Array, across: Array, along: Array) -> Array:
    """Interpolate the fluence map; beyond it only leakage is left."""
    column = np.clip(across + _EXTENT_MM - 0.5, 0, 2 * _EXTENT_MM - 1.001)
    row = np.clip(along + _EXTENT_MM - 0.5, 0, 2 * _EXTENT_MM - 1.001)
    left, top = column.astype(np.intp), row.astype(np.intp)
    right, bottom = column - left, row - top
    upper = fluence[top, left] * (1 - right) + fluence[top, left + 1] * right
    lower = fluence[top + 1, left] * (1 - right) + fluence[top + 1, left + 1] * right
    return np.asarray(upper * (1 - bottom) + lower * bottom)
