"""From one frame of reference to another: rigid and affine matrices in both directions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Registration
from planchecker.errors import GeometryError

__all__ = ["Mapping4", "apply", "find_mapping", "inverted"]

_SAME_MM = 1e-3
_RIGID = 1e-3
_MOST_SCALE = 1.2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Mapping4:
    """A matrix between two frames of reference.

    Parameters
    ----------
    matrix
        Takes homogeneous points in mm from the first frame to the second, shape (4, 4).
    how
        What it was made from, in words.
    registered
        False where both frames are the same one and nothing had to be registered.
    rigid
        Whether it keeps distances.
    scale_percent
        By how much it stretches or shrinks along the direction in which it does most.
    """

    matrix: NDArray[np.float64]
    how: str
    registered: bool
    rigid: bool = True
    scale_percent: float = 0.0


def apply(matrix: NDArray[np.float64], points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points by a 4x4 matrix.

    Parameters
    ----------
    points_mm
        Patient coordinates, shape (N, 3).

    Examples
    --------
    >>> shift = np.eye(4)
    >>> shift[:3, 3] = 1.0, 2.0, 3.0
    >>> apply(shift, np.zeros((1, 3)))
    array([[1., 2., 3.]])
    """
    return np.asarray(points_mm @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


def inverted(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the way back.

    Raises
    ------
    GeometryError
        If there is none.
    """
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise GeometryError("the registration matrix cannot be inverted") from None


def find_mapping(
    first_frame: str, second_frame: str, registrations: Iterable[Registration]
) -> Mapping4 | None:
    """Return the way from one frame of reference to another.

    The same frame needs none. Else a registration between the two frames, in its own direction
    or inverted, or one object that registers both to a third frame; what is registered is told
    by the frames of reference alone, never by their order.

    Parameters
    ----------
    first_frame, second_frame
        Frame of Reference UIDs.

    Returns
    -------
    Mapping4 or None
        None where no registration connects the two, or one of them is unknown.

    Raises
    ------
    GeometryError
        If registrations between the two frames contradict each other, or a matrix mirrors the
        patient, scales beyond use or holds what is no number.

    Examples
    --------
    >>> find_mapping("1.2", "1.2", ()).registered
    False
    >>> find_mapping("1.2", "1.3", ()) is None
    True
    """
    if not first_frame or not second_frame:
        return None
    if first_frame == second_frame:
        return Mapping4(matrix=np.eye(4), how="same frame of reference", registered=False)
    known = tuple(registrations)
    found = [*_direct(first_frame, second_frame, known), *_joined(first_frame, second_frame, known)]
    if not found:
        return None
    matrix, how = found[0]
    for other, also in found[1:]:
        if not np.allclose(matrix, other, atol=_SAME_MM):
            raise GeometryError(f"{how} and {also} contradict each other; keep the right one")
    scales = _scales(matrix, how)
    linear = matrix[:3, :3]
    return Mapping4(
        matrix=matrix,
        how=how,
        registered=True,
        rigid=bool(np.allclose(linear @ linear.T, np.eye(3), atol=_RIGID)),
        scale_percent=100 * float(np.abs(scales - 1).max()),
    )


def _direct(
    first: str, second: str, registrations: tuple[Registration, ...]
) -> Iterator[tuple[NDArray[np.float64], str]]:
    for one in registrations:
        ends = (one.source_frame_of_reference_uid, one.target_frame_of_reference_uid)
        if ends == (first, second):
            yield one.matrix, f"registration {one.sop_instance_uid}"
        elif ends == (second, first):
            yield inverted(one.matrix), f"registration {one.sop_instance_uid}, inverted"


def _joined(
    first: str, second: str, registrations: tuple[Registration, ...]
) -> Iterator[tuple[NDArray[np.float64], str]]:
    """Yield ways over the frame of an object that registers both frames to its own."""
    for one in registrations:
        if one.source_frame_of_reference_uid != first:
            continue
        for other in registrations:
            if (
                other.source_frame_of_reference_uid == second
                and other.sop_instance_uid == one.sop_instance_uid
                and other.target_frame_of_reference_uid == one.target_frame_of_reference_uid
            ):
                how = f"registration {one.sop_instance_uid}, by way of its own frame"
                yield inverted(other.matrix) @ one.matrix, how


def _scales(matrix: NDArray[np.float64], how: str) -> NDArray[np.float64]:
    """Return by how much a matrix stretches along its three main directions."""
    linear = matrix[:3, :3]
    if not np.isfinite(matrix).all():
        raise GeometryError(f"{how} holds what is no number")
    scales = np.asarray(np.linalg.svd(linear, compute_uv=False), dtype=np.float64)
    if np.linalg.det(linear) <= 0:
        raise GeometryError(f"{how} mirrors the patient; a registration never does")
    if scales.max() > _MOST_SCALE or scales.min() < 1 / _MOST_SCALE:
        raise GeometryError(
            f"{how} scales by {scales.min():.2f} to {scales.max():.2f}; a patient keeps the size"
        )
    return scales
