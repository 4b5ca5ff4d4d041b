"""Beams of the samples: directions, leaf apertures and delivery over control points."""

from dataclasses import dataclass

import numpy as np

from sample_dicom.solids import Array

__all__ = [
    "LEAF_BOUNDARIES_MM",
    "LEAST_GAP_MM",
    "SOURCE_AXIS_MM",
    "Beam",
    "Shape",
    "beam_axes",
    "fit_leaves",
    "project",
    "surface_distance",
]

SOURCE_AXIS_MM = 1000.0
LEAF_BOUNDARIES_MM: Array = np.concatenate(
    [np.arange(-200.0, -100.0, 10), np.arange(-100.0, 100.0, 5), np.arange(100.0, 200.5, 10)]
)
"""Edges of the 60 leaf pairs: ten of 10 mm, forty of 5 mm, ten of 10 mm."""

LEAST_GAP_MM = 5.0
"""Smallest opening of a leaf pair that takes part."""

_DIRECTIONS = np.arange(12) * np.pi / 6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shape:
    """Jaws and leaves at the isocentre plane in mm.

    Parameters
    ----------
    jaws_x_mm, jaws_y_mm
        Lower and upper jaw.
    leaves_mm
        Both leaves of every pair, shape (60, 2).
    """

    jaws_x_mm: tuple[float, float]
    jaws_y_mm: tuple[float, float]
    leaves_mm: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Beam:
    """One treatment beam.

    Parameters
    ----------
    gantry_deg
        One angle of a static beam, one per control point of an arc.
    direction
        ``""`` for a static beam, ``"CW"`` or ``"CC"`` for an arc.
    shapes
        One shape per gantry angle.
    weights
        Cumulative meterset weight at every control point, from 0 to 1.
    """

    number: int
    name: str
    gantry_deg: tuple[float, ...]
    direction: str
    collimator_deg: float
    shapes: tuple[Shape, ...]
    weights: tuple[float, ...]
    meterset: float
    dose_gy: float
    energy_mv: float
    filter_free: bool
    ssd_mm: float


def beam_axes(gantry_deg: float, collimator_deg: float = 0.0) -> tuple[Array, Array, Array]:
    """Return the unit vectors of a beam in patient coordinates, for a patient on the back.

    Returns
    -------
    x, y
        Directions of the jaws at the isocentre plane.
    source
        From the isocentre to the source. At gantry 0 it points to the front of the patient, at
        90 to the patient's left.

    Examples
    --------
    >>> x, y, source = beam_axes(90.0)
    >>> (source.round(6) + 0.0).tolist()
    [1.0, 0.0, 0.0]
    """
    gantry, collimator = np.radians(gantry_deg), np.radians(collimator_deg)
    source = np.array([np.sin(gantry), -np.cos(gantry), 0.0])
    lateral = np.array([np.cos(gantry), np.sin(gantry), 0.0])
    cranial = np.array([0.0, 0.0, 1.0])
    x = lateral * np.cos(collimator) + cranial * np.sin(collimator)
    y = -lateral * np.sin(collimator) + cranial * np.cos(collimator)
    return x, y, source


def project(
    points_mm: Array, isocentre_mm: Array, axes: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    """Return where rays from the source through the points cross the isocentre plane, in mm."""
    relative = points_mm - isocentre_mm
    scale = SOURCE_AXIS_MM / (SOURCE_AXIS_MM - relative @ axes[2])
    return (relative @ axes[0]) * scale, (relative @ axes[1]) * scale


def fit_leaves(across_mm: Array, along_mm: Array, *, margin_mm: float) -> Array:
    """Return leaf pairs that leave the projected points open with a margin.

    Returns
    -------
    ndarray of shape (60, 2)
        Leaf positions in mm; NaN for pairs that nothing opens.
    """
    across = (across_mm[:, None] + margin_mm * np.cos(_DIRECTIONS)).ravel()
    along = (along_mm[:, None] + margin_mm * np.sin(_DIRECTIONS)).ravel()
    pair = np.searchsorted(LEAF_BOUNDARIES_MM, along, side="right") - 1
    low, high = np.full(60, np.inf), np.full(60, -np.inf)
    np.minimum.at(low, pair, across)
    np.maximum.at(high, pair, across)
    leaves = np.column_stack([low, high])
    leaves[~np.isfinite(low)] = np.nan
    missing = np.maximum(LEAST_GAP_MM - (leaves[:, 1] - leaves[:, 0]), 0.0)
    return np.asarray(leaves + missing[:, None] * np.array([-0.5, 0.5]))


def surface_distance(
    *,
    centre_mm: tuple[float, float],
    semi_axes_mm: tuple[float, float],
    isocentre_mm: Array,
    gantry_deg: float,
) -> float:
    """Return the distance in mm from the source to an elliptic cylinder along the beam axis.

    Examples
    --------
    >>> surface_distance(
    ...     centre_mm=(0, 0), semi_axes_mm=(100, 60), isocentre_mm=np.zeros(3), gantry_deg=0
    ... )
    940.0
    """
    _, _, toward = beam_axes(gantry_deg)
    start = (isocentre_mm[:2] - centre_mm) / semi_axes_mm
    step = toward[:2] / semi_axes_mm
    half = float(start @ step)
    reach = (-half + np.sqrt(half**2 - (step @ step) * (start @ start - 1))) / (step @ step)
    return float(SOURCE_AXIS_MM - reach)
