"""Views of a voxel as SVG: image, isodoses, outlines and a cross."""

import base64
import math
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Final

from planchecker.figures import Isodose, Line, Outline, View
from planchecker.locale import decimal
from planchecker.locale import gettext as _
from planchecker.reports.figures import COLOURS
from planchecker.reports.text import clean, clip

__all__ = ["ISODOSE_NAMES", "plane_words", "view_svg"]

ISODOSE_NAMES: Final = {30: "i30", 50: "i50", 80: "i80", 95: "i95", 100: "i100", 107: "i107"}
"""Class of each isodose by percent."""


def plane_words(view: View) -> str:
    """Name the plane with its place, ``axial, z = 12.5 mm``."""
    axis = {"axial": "z", "sagittal": "x", "coronal": "y"}[view.plane.name]
    names = {"axial": _("axial"), "sagittal": _("sagittal"), "coronal": _("coronal")}
    place = decimal(f"{view.plane.at_mm:.1f}").replace("-", "\N{MINUS SIGN}")
    return f"{names[view.plane.name]}, {axis} = {place} mm"


def view_svg(view: View, numbers: Mapping[int, int]) -> str:
    """Draw one view, 1 unit a mm.

    Parameters
    ----------
    numbers
        Number of each structure in the pictures of the report, from 0, by ROI number.
    """
    (left, right), (top, bottom) = view.u_mm, view.v_mm
    width, height = right - left, bottom - top
    shown = ", ".join(_safe(outline.roi_name, 40) for outline in view.outlines[:6])
    title = escape(plane_words(view))
    size = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg class="view" {size} role="img" aria-label="{title}: {shown}">',
        f'<rect class="back" width="{width:.0f}" height="{height:.0f}"/>',
    ]
    if view.image_png:
        data = base64.b64encode(view.image_png).decode()
        parts.append(
            f'<image width="{width:.0f}" height="{height:.0f}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{data}"/>'
        )
    for isodose in view.isodoses:
        parts.extend(_isodose(isodose, view))
    for outline in view.outlines:
        parts.extend(_outline(outline, view, numbers.get(outline.roi_number)))
    for place, isodose in enumerate(view.isodoses):
        parts.extend(_percent(isodose, view, place))
    parts.extend(_cross(view))
    parts.extend(_edges(view, width, height))
    return "".join((*parts, "</svg>"))


def _safe(name: str, longest: int) -> str:
    return escape(clip(clean(name), longest))


def _path(lines: tuple[Line, ...], view: View) -> str:
    left, top = view.u_mm[0], view.v_mm[0]
    return "".join(
        "M" + "L".join(f"{u - left:.1f} {v - top:.1f}" for u, v in line) for line in lines
    )


def _isodose(isodose: Isodose, view: View) -> Iterator[str]:
    name = ISODOSE_NAMES.get(round(isodose.percent), "i30")
    yield f'<path class="iso {name}" d="{_path(isodose.lines, view)}"/>'


def _percent(isodose: Isodose, view: View, place: int) -> Iterator[str]:
    """Write the percent on its line, every level in another direction from the voxel."""
    inside = [
        point
        for line in isodose.lines
        for point in line
        if view.u_mm[0] + 6 < point[0] < view.u_mm[1] - 6
        and view.v_mm[0] + 8 < point[1] < view.v_mm[1] - 8
    ]
    if inside:
        u, v = max(inside, key=_toward(150.0 - 24.0 * place))
        name = ISODOSE_NAMES.get(round(isodose.percent), "i30")
        x, y = u - view.u_mm[0], v - view.v_mm[0] + 1.6
        yield f'<text class="percent {name}" x="{x:.1f}" y="{y:.1f}">{isodose.percent:g}</text>'


def _outline(outline: Outline, view: View, number: int | None) -> Iterator[str]:
    hue = f"c{number % COLOURS}" if number is not None else "c6"
    tested = " tested" if outline.tested else ""
    yield f'<path class="outline {hue}{tested}" d="{_path(outline.lines, view)}">'
    yield f"<title>{_safe(outline.roi_name, 200)}</title></path>"
    inside = [
        point
        for line in outline.lines
        for point in line
        if view.u_mm[0] + 3 < point[0] < view.u_mm[1] - 3
        and view.v_mm[0] + 6 < point[1] < view.v_mm[1] - 3
    ]
    if number is not None and inside:
        u, v = max(inside, key=_toward(200.0 + 37.0 * (number % 5)))
        x, y = u - view.u_mm[0], v - view.v_mm[0] - 1
        yield f'<text class="number {hue}" x="{x:.1f}" y="{y:.1f}">{number + 1}</text>'


def _toward(degrees: float) -> Callable[[tuple[float, float]], float]:
    """Return how far a point (u, v) lies in a direction: 0 right, 90 down, 270 up."""
    right, down = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return lambda point: right * point[0] + down * point[1]


def _cross(view: View) -> Iterator[str]:
    x, y = view.cross_mm[0] - view.u_mm[0], view.cross_mm[1] - view.v_mm[0]
    arms = f"M{x - 7:.1f} {y:.1f}h5m4 0h5M{x:.1f} {y - 7:.1f}v5m0 4v5"
    yield f'<path class="cross under" d="{arms}"/><path class="cross" d="{arms}"/>'


def _edges(view: View, width: float, height: float) -> Iterator[str]:
    plane = view.plane
    for letter, x, y in (
        (plane.left, 3.5, height / 2),
        (plane.right, width - 3.5, height / 2),
        (plane.top, width / 2, 6),
        (plane.bottom, width / 2, height - 2.5),
    ):
        yield f'<text class="edge" x="{x:.1f}" y="{y:.1f}">{letter}</text>'
    yield f'<path class="scale" d="M{width - 25:.1f} {height - 3:.1f}h20"/>'
    yield f'<text class="edge" x="{width - 15:.1f}" y="{height - 4.5:.1f}">20 mm</text>'
