"""A thoracic vertebra with its canal, and the gentle curve of the spine."""

import numpy as np

from sample_dicom.solids import Array, Solid, bar, rounded_box, union

__all__ = [
    "CANAL_CENTRE_MM",
    "CORD_SEMI_AXES_MM",
    "PITCH_MM",
    "SAC_SEMI_AXES_MM",
    "canal_distance",
    "spine_offset_mm",
    "vertebra",
    "vertebral_body",
]

PITCH_MM = 27.0
"""Distance between neighbouring vertebrae."""
CANAL_CENTRE_MM = (0.0, 23.2)
CORD_SEMI_AXES_MM = (5.0, 4.0)
SAC_SEMI_AXES_MM = (8.0, 7.0)


def spine_offset_mm(z_mm: Array) -> tuple[Array, Array]:
    """Return how far the spine lies to the left and to the back at a height, in mm.

    A thoracic kyphosis of 800 mm radius and a slight lateral bend.
    """
    return 1.2 * np.sin(np.asarray(z_mm) / 45.0), -np.square(z_mm) / 1600.0


def vertebral_body(z_mm: float = 0.0) -> Solid:
    """Return the body of the vertebra whose centre lies at height `z_mm`."""
    left, back = spine_offset_mm(np.array(z_mm))
    return rounded_box(
        centre_mm=(float(left), float(back), z_mm),
        half_mm=(16.0, 14.0, 12.4),
        corner_mm=10.0,
        edge_mm=1.5,
    )


def vertebra() -> Solid:
    """Return the vertebra at z = 0: body, pedicles, transverse processes, laminae and spine."""
    sides = (-1.0, 1.0)
    pedicles = [
        bar(start_mm=(15.2 * s, 11, 3), end_mm=(15.2 * s, 29, 3), radius_mm=4.6, rise_mm=4)
        for s in sides
    ]
    transverse = [
        bar(start_mm=(16 * s, 29, 1), end_mm=(27 * s, 36, 1), radius_mm=4.0, rise_mm=2)
        for s in sides
    ]
    laminae = [
        bar(start_mm=(14.5 * s, 31, 0), end_mm=(0, 38.6, -1), radius_mm=4.2, rise_mm=6)
        for s in sides
    ]
    spine = bar(start_mm=(0, 39, -2), end_mm=(0, 52, -8), radius_mm=3.8, rise_mm=4)
    return union(vertebral_body(), *pedicles, *transverse, *laminae, spine)


def canal_distance(x: Array, y: Array, z: Array, semi_axes_mm: tuple[float, float]) -> Array:
    """Return the distance in mm from an elliptic tube along the canal, negative inside.

    Measured along the ray from its centre line: exact on the surface, close beside it.
    """
    left, back = spine_offset_mm(z)
    across = x - CANAL_CENTRE_MM[0] - left
    deep = y - CANAL_CENTRE_MM[1] - back
    radius = np.hypot(across, deep)
    relative = np.hypot(across / semi_axes_mm[0], deep / semi_axes_mm[1])
    safe = np.maximum(relative, 1e-3)
    return np.asarray(np.where(relative < 1e-3, -min(semi_axes_mm), radius * (1 - 1 / safe)))
