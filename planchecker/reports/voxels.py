"""Views of a voxel as SVG: image, isodoses, outlines and a cross."""

import base64
import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from planchecker.figures import Isodose, Line, Outline, View
from planchecker.locale import decimal
from planchecker.locale import gettext as _
from planchecker.reports.figures import COLOURS
from planchecker.reports.text import clean, clip

__all__ = ["ISODOSE_NAMES", "plane_words", "view_svg"]

Point = tuple[float, float]
"""Right and down from the corner of a view, in mm."""

_CANDIDATES: Final = 90
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
    standing = [*_taken(view)]
    for outline in view.outlines:
        parts.extend(_outline(outline, view, numbers.get(outline.roi_number), standing))
    for isodose in view.isodoses:
        parts.extend(_percent(isodose, view, standing))
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


def _percent(isodose: Isodose, view: View, standing: list[Point]) -> Iterator[str]:
    """Write the percent on its line, where most room is left."""
    place = _free(isodose.lines, view, standing, edge=(7.0, 8.0))
    if place is not None:
        name = ISODOSE_NAMES.get(round(isodose.percent), "i30")
        x, y = place[0], place[1] + 1.6
        yield f'<text class="percent {name}" x="{x:.1f}" y="{y:.1f}">{isodose.percent:g}</text>'


def _outline(
    outline: Outline, view: View, number: int | None, standing: list[Point]
) -> Iterator[str]:
    hue = f"c{number % COLOURS}" if number is not None else "c6"
    tested = " tested" if outline.tested else ""
    yield f'<path class="outline {hue}{tested}" d="{_path(outline.lines, view)}">'
    yield f"<title>{_safe(outline.roi_name, 200)}</title></path>"
    place = None if number is None else _free(outline.lines, view, standing, edge=(4.0, 6.0))
    if number is not None and place is not None:
        x, y = place[0], place[1] - 1
        yield f'<text class="number {hue}" x="{x:.1f}" y="{y:.1f}">{number + 1}</text>'


def _taken(view: View) -> Iterator[Point]:
    """Yield where something stands already: the cross, the letters of the edges, the scale."""
    width, height = view.u_mm[1] - view.u_mm[0], view.v_mm[1] - view.v_mm[0]
    yield view.cross_mm[0] - view.u_mm[0], view.cross_mm[1] - view.v_mm[0]
    yield from ((3.5, height / 2), (width - 3.5, height / 2), (width / 2, 6.0))
    yield from ((width / 2, height - 2.5), (width - 8, height - 4.5), (width - 22, height - 4.5))


def _free(
    lines: tuple[Line, ...], view: View, standing: list[Point], *, edge: tuple[float, float]
) -> Point | None:
    """Choose the point of some lines farthest from what stands already, and take it."""
    width, height = view.u_mm[1] - view.u_mm[0], view.v_mm[1] - view.v_mm[0]
    points = [(u - view.u_mm[0], v - view.v_mm[0]) for line in lines for u, v in line]
    inside = [
        (x, y)
        for x, y in points[:: max(1, len(points) // _CANDIDATES)]
        if edge[0] < x < width - edge[0] and edge[1] < y < height - edge[1]
    ]
    if not inside:
        return None
    # Crowding counts up to 9 mm; beyond that the left side is as good a place as any.
    best = max(
        inside, key=lambda at: (min(9.0, *(math.dist(at, one) for one in standing)), -at[0], at[1])
    )
    standing.append(best)
    return best


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
