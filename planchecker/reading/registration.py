"""Spatial Registration to `Registration`: rigid and affine matrices only."""

import numpy as np
from numpy.typing import NDArray

from planchecker.case import Registration
from planchecker.reading.elements import Elements

__all__ = ["read_registrations"]


def read_registrations(elements: Elements) -> tuple[Registration, ...]:
    """Read the matrices that lead from another frame of reference to that of the object.

    Frame of Reference Transformation Matrix (3006,00C6) takes points of the item's frame of
    reference to the Registered frame of reference, which is that of the object (PS3.3
    C.20.2.1). An item for the frame of reference of the object itself adds nothing.
    """
    target = elements.text("FrameOfReferenceUID")
    registrations = []
    for position, item in enumerate(elements.items("RegistrationSequence"), start=1):
        source = item.text("FrameOfReferenceUID")
        if source and source == target:
            continue
        try:
            matrix = _matrix(item, named=bool(source and target))
        except ValueError as error:
            elements.notes.append(f"registration {position} is left out: {error}")
            continue
        registrations.append(
            Registration(
                sop_instance_uid=elements.text("SOPInstanceUID"),
                patient=elements.patient(),
                source_frame_of_reference_uid=source,
                target_frame_of_reference_uid=target,
                matrix=matrix,
            )
        )
    return tuple(registrations)


def _matrix(item: Elements, *, named: bool) -> NDArray[np.float64]:
    """Return the one matrix of a registration; identities beside it change nothing."""
    if not named:
        raise ValueError("it does not name both frames of reference")
    stated = [
        step.numbers("FrameOfReferenceTransformationMatrix")
        for matrix in item.items("MatrixRegistrationSequence")
        for step in matrix.items("MatrixSequence")
    ]
    matrices = []
    for values in stated:
        matrix = np.array(values).reshape(4, 4) if len(values) == 16 else None
        if matrix is None or not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
            raise ValueError(f"{values!r} is not a transformation matrix of 4 x 4 numbers")
        matrices.append(matrix)
    moving = [matrix for matrix in matrices if not np.array_equal(matrix, np.eye(4))]
    if not matrices or len(moving) > 1:
        raise ValueError(f"it holds {len(matrices)} matrices; one is read")
    result = moving[0] if moving else matrices[0]
    result.flags.writeable = False
    return result
