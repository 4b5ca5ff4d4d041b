"""A vertebra of boxes with a round canal, in any pose, with known sectors."""

import math

import numpy as np
from shape_factory import FRAME_UID

from planchecker.dosimetry.structure import Contour, Structure
from planchecker.sectors import Part

# x to the patient's left, y to the back, as in DICOM; low and high corner in mm.
BOXES = {
    Part.BODY: ((-20.0, -36.0), (20.0, -8.5)),
    Part.PEDICLE_LEFT: ((9.0, -8.0), (18.0, -0.5)),
    Part.PEDICLE_RIGHT: ((-18.0, -8.0), (-9.0, -0.5)),
    Part.ARCH_LEFT: ((9.0, 0.0), (30.0, 9.0)),
    Part.ARCH_RIGHT: ((-30.0, 0.0), (-9.0, 9.0)),
    Part.SPINOUS: ((-3.0, 9.5), (3.0, 40.0)),
}
HALF_HEIGHT_MM = 12.0
STEP_MM = 2.0


def volume_cc(part):
    (x0, y0), (x1, y1) = BOXES[part]
    return (x1 - x0) * (y1 - y0) * 2 * HALF_HEIGHT_MM / 1000


def turn(x_deg=0.0, y_deg=0.0, z_deg=0.0):
    matrix = np.eye(3)
    for axis, degrees in enumerate((x_deg, y_deg, z_deg)):
        angle = math.radians(degrees)
        first, second = ((1, 2), (2, 0), (0, 1))[axis]
        step = np.eye(3)
        step[first, first] = step[second, second] = math.cos(angle)
        step[first, second], step[second, first] = -math.sin(angle), math.sin(angle)
        matrix = step @ matrix
    return matrix


def stacked(name, number, loops, *, pose=None, half_mm=HALF_HEIGHT_MM, kind="ORGAN", slant=0.0):
    """Loops of shape (N, 2) on every plane, then posed; `slant` moves them along y with z."""
    matrix = np.eye(3) if pose is None else pose
    contours = []
    for z in np.arange(-half_mm + STEP_MM / 2, half_mm, STEP_MM):
        for loop in loops:
            points = np.column_stack([loop, np.full(len(loop), z)])
            points[:, 1] += slant * z
            contours.append(Contour(points_mm=points @ matrix.T + np.array([15.0, -40.0, 120.0])))
    return Structure(
        roi_number=number,
        name=name,
        interpreted_type=kind,
        contours=tuple(contours),
        frame_of_reference_uid=FRAME_UID,
    )


def rectangle(low, high, grow=0.0):
    (x0, y0), (x1, y1) = low, high
    x0, y0, x1, y1 = x0 - grow, y0 - grow, x1 + grow, y1 + grow
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def circle(radius):
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def vertebra(pose=None, *parts, slant=0.0, name="VB_T10"):
    loops = [rectangle(*BOXES[part]) for part in (parts or Part)]
    return stacked(name, 11, loops, pose=pose, slant=slant)


def canal(pose=None, *, slant=0.0, name="SpinalCanal", half_mm=30.0):
    return stacked(name, 12, [circle(8.0)], pose=pose, half_mm=half_mm, slant=slant)


def target(name, number, *parts, pose=None, grow=0.2):
    loops = [rectangle(*BOXES[part], grow=grow) for part in parts]
    return stacked(name, number, loops, pose=pose, kind=name[:3])
