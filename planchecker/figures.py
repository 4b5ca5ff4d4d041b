"""Pictures as values: what lies round one voxel in three planes, before anybody draws it."""

from dataclasses import dataclass

__all__ = ["Isodose", "Line", "Outline", "Plane", "Scene", "View"]

Line = tuple[tuple[float, float], ...]
"""Points (u, v) in mm in the plane of a view: u to the right, v downwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """A plane of the patient and how a view looks at it.

    Parameters
    ----------
    name
        ``"axial"``, ``"sagittal"`` or ``"coronal"``.
    at_mm
        Where it cuts the third patient axis.
    left, right, top, bottom
        Directions in the patient at the edges of the view: R, L, A, P, H or F.
    """

    name: str
    at_mm: float
    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Isodose:
    """Lines of one dose."""

    percent: float
    dose_gy: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """One structure where the plane cuts it; `tested` marks that of the finding."""

    roi_number: int
    roi_name: str
    lines: tuple[Line, ...]
    tested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One plane through a voxel.

    Parameters
    ----------
    u_mm, v_mm
        Edges of the view along both axes, rising.
    cross_mm
        The voxel.
    image_png
        Grey picture that fills the view, as PNG; empty where there is no image.
    missing
        Why there is no image.
    """

    plane: Plane
    u_mm: tuple[float, float]
    v_mm: tuple[float, float]
    cross_mm: tuple[float, float]
    isodoses: tuple[Isodose, ...] = ()
    outlines: tuple[Outline, ...] = ()
    image_png: bytes = b""
    missing: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The surroundings of the voxel that drives one finding.

    Parameters
    ----------
    finding
        `planchecker.results.Finding.id`.
    location_mm, dose_gy
        The voxel in patient coordinates and the dose there; None outside the grid.
    reference_gy
        What 100 % of the isodoses means.
    """

    finding: str
    location_mm: tuple[float, float, float]
    dose_gy: float | None
    reference_gy: float
    views: tuple[View, ...]
