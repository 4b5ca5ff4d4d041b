"""A beam as its source sees it: directions, jaws, leaves, and points projected."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Beam, ControlPoint

__all__ = ["axes_of", "field_corners", "jaws_of", "leaves_of", "states"]

_CACHED = 64
_JAWS = {"X": ("X", "ASYMX"), "Y": ("Y", "ASYMY")}
_POSITIONS = {
    "HFS": np.diag([1.0, 1.0, 1.0]),
    "HFP": np.diag([-1.0, -1.0, 1.0]),
    "FFS": np.diag([-1.0, 1.0, -1.0]),
    "FFP": np.diag([1.0, -1.0, -1.0]),
}


@lru_cache(maxsize=_CACHED)
def states(beam: Beam) -> tuple[ControlPoint, ...]:
    """Return the control points with every value carried over from the one before.

    Examples
    --------
    >>> first = ControlPoint(index=0, gantry_deg=10.0, positions_mm=(("X", (-5.0, 5.0)),))
    >>> beam = Beam(number=1, name="A", control_points=(first, ControlPoint(index=1)))
    >>> [point.gantry_deg for point in states(beam)]
    [10.0, 10.0]
    """
    carried: dict[str, float | str | tuple[float, float, float] | None] = {}
    positions: dict[str, tuple[float, ...]] = {}
    found = []
    for point in beam.control_points:
        positions = positions | {kind: values for kind, values in point.positions_mm if values}
        for name in ("gantry_deg", "collimator_deg", "couch_deg", "isocentre_mm", "energy"):
            value = getattr(point, name)
            if value is not None:
                carried[name] = value
        found.append(
            ControlPoint(
                index=point.index,
                meterset_weight=point.meterset_weight,
                gantry_direction=point.gantry_direction,
                ssd_mm=point.ssd_mm,
                dose_rate=point.dose_rate,
                positions_mm=tuple(positions.items()),
                **carried,  # type: ignore[arg-type]
            )
        )
    return tuple(found)


def jaws_of(point: ControlPoint, axis: str) -> tuple[float, float] | None:
    """Return both jaws of an axis (``"X"`` or ``"Y"``) in mm; None where they are not stated."""
    for kind, values in point.positions_mm:
        if kind in _JAWS[axis] and len(values) == 2:
            return values[0], values[1]
    return None


def leaves_of(point: ControlPoint) -> tuple[str, NDArray[np.float64]] | None:
    """Return the kind of the leaves and their positions, shape (pairs, 2); None without any."""
    for kind, values in point.positions_mm:
        if kind.startswith("MLC") and values and len(values) % 2 == 0:
            return kind, np.array(values).reshape(2, -1).T
    return None


def field_corners(beam: Beam) -> NDArray[np.float64]:
    """Return the corners of every jaw setting, across and along the patient, shape (N, 2).

    In mm at the isocentre, for gantry and couch at 0; empty where jaws are not stated.
    """
    corners = []
    for point in states(beam):
        x, y = jaws_of(point, "X"), jaws_of(point, "Y")
        if x is None or y is None:
            continue
        angle = np.radians(point.collimator_deg or 0.0)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners.append(np.array([[a, b] for a in x for b in y]) @ turn)
    return np.concatenate(corners) if corners else np.empty((0, 2))


def axes_of(
    gantry_deg: float, couch_deg: float = 0.0, position: str = "HFS"
) -> NDArray[np.float64] | None:
    """Return the direction from isocentre to source in patient coordinates.

    For a patient on the back, head first: gantry 0 comes from the front, gantry 90 from the
    patient's left. IEC 61217; a couch angle turns the patient, so the beam turns the other way.

    Returns
    -------
    ndarray of shape (3,)
        Unit vector; None for a position of the patient that is not known.

    Examples
    --------
    >>> (axes_of(90.0).round(6) + 0.0).tolist()
    [1.0, 0.0, 0.0]
    """
    turn = _POSITIONS.get(position.upper())
    if turn is None:
        return None
    gantry, couch = np.radians(gantry_deg), np.radians(couch_deg)
    # Fixed axes: x to the left of a supine patient, y to the head, z up. The couch turns about z.
    across, up = np.sin(gantry), np.cos(gantry)
    x, y = across * np.cos(couch), -across * np.sin(couch)
    return np.asarray(turn @ np.array([x, -up, y]))
