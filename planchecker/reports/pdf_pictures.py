"""Voxel views and histograms as drawings of the PDF."""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

from planchecker.figures import Line, Scene, View
from planchecker.locale import decimal
from planchecker.locale import gettext as _
from planchecker.reports.figures import MOST_CURVES, drawable
from planchecker.reports.marks import Mark
from planchecker.reports.pdf_style import BOLD, HUES, REGULAR
from planchecker.reports.text import clean, clip
from planchecker.reports.voxels import plane_words
from planchecker.results import Curve

__all__ = ["Histograms", "Voxels", "isodose_key"]

_ISODOSES: Final = {
    30: ("#56a8ff", (1, 2)),
    50: ("#2fd3c3", (3, 2)),
    80: ("#74e065", (5, 2)),
    95: ("#ffe24d", (5, 2, 1, 2)),
    100: ("#ffa640", ()),
    107: ("#ff5f57", ()),
}
_DARK: Final = {
    30: "#1f6fc0",
    50: "#0e8f84",
    80: "#2f8f22",
    95: "#8a7400",
    100: "#b06000",
    107: "#c22a22",
}
"""The same hues, dark enough to read on paper."""
_BRIGHT: Final = ("7cc7ff", "ffb27d", "6ff0c0", "ff9ed8", "f3d06a", "b9e4ff", "ffffff", "e0b898")
_BACK = HexColor("#16191d")
_GAP = 6.0


def isodose_key(scene: Scene) -> str:
    """Return the isodoses of a scene in words, as markup in their colours."""
    found = {round(one.percent): one.dose_gy for view in scene.views for one in view.isodoses}
    parts = [
        f'<font color="{_DARK[percent]}"><b>{percent} %</b></font> ({decimal(f"{dose:.4g}")} Gy)'
        for percent, dose in sorted(found.items())
    ]
    words = _("The cross marks the voxel that drives the finding. Isodoses in % of {dose} Gy:")
    return f"{words.format(dose=decimal(f'{scene.reference_gy:g}'))} {', '.join(parts)}"


class Voxels(Flowable):  # type: ignore[misc]
    """Three views of one voxel side by side.

    Parameters
    ----------
    numbers
        Number of each structure in the pictures of the report, from 0, by ROI number.
    """

    def __init__(self, scene: Scene, numbers: Mapping[int, int]) -> None:
        super().__init__()
        self._scene, self._numbers = scene, numbers

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take the width there is, at most 124 points a view: three cards fit a page."""
        del height
        views = len(self._scene.views)
        self._side = min((width - _GAP * (views - 1)) / views, 124.0)
        return width, self._side + 12

    def draw(self) -> None:
        """Draw the views."""
        for index, view in enumerate(self._scene.views):
            self.canv.saveState()
            self.canv.translate(index * (self._side + _GAP), 12)
            self._view(view)
            self.canv.restoreState()

    def _view(self, view: View) -> None:
        canvas, side = self.canv, self._side
        canvas.setFont(REGULAR, 6.5)
        words = plane_words(view)
        canvas.drawString(0, -8, f"{words} ({_('without image:')} …)" if view.missing else words)
        clip_path = canvas.beginPath()
        clip_path.rect(0, 0, side, side)
        canvas.clipPath(clip_path, stroke=0, fill=0)
        canvas.setFillColor(_BACK)
        canvas.rect(0, 0, side, side, stroke=0, fill=1)
        if view.image_png:
            canvas.drawImage(ImageReader(io.BytesIO(view.image_png)), 0, 0, side, side)
        for isodose in view.isodoses:
            hue, dash = _ISODOSES[round(isodose.percent)]
            self._lines(isodose.lines, view, hue, width=0.7, dash=dash)
        for outline in view.outlines:
            number = self._numbers.get(outline.roi_number)
            hue = f"#{_BRIGHT[6 if number is None else number % len(_BRIGHT)]}"
            self._lines(outline.lines, view, hue, width=1.4 if outline.tested else 0.6)
        self._cross(view)
        self._letters(view)

    def _at(self, view: View, point: tuple[float, float]) -> tuple[float, float]:
        scale = self._side / (view.u_mm[1] - view.u_mm[0])
        return (point[0] - view.u_mm[0]) * scale, self._side - (point[1] - view.v_mm[0]) * scale

    def _lines(
        self,
        lines: Iterable[Line],
        view: View,
        hue: str,
        *,
        width: float,
        dash: tuple[int, ...] = (),
    ) -> None:
        canvas = self.canv
        canvas.setStrokeColor(HexColor(hue))
        canvas.setLineWidth(width)
        canvas.setDash(list(dash))
        for line in lines:
            path = canvas.beginPath()
            path.moveTo(*self._at(view, line[0]))
            for point in line[1:]:
                path.lineTo(*self._at(view, point))
            canvas.drawPath(path, stroke=1, fill=0)

    def _cross(self, view: View) -> None:
        x, y = self._at(view, view.cross_mm)
        self.canv.setDash([])
        for colour, width in ((black, 2.6), (white, 1.0)):
            self.canv.setStrokeColor(colour)
            self.canv.setLineWidth(width)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                self.canv.line(x + 3 * dx, y + 3 * dy, x + 9 * dx, y + 9 * dy)

    def _letters(self, view: View) -> None:
        side, plane = self._side, view.plane
        self.canv.setFillColor(white)
        self.canv.setFont(BOLD, 6.5)
        self.canv.drawCentredString(4, side / 2, plane.left)
        self.canv.drawCentredString(side - 4, side / 2, plane.right)
        self.canv.drawCentredString(side / 2, side - 7, plane.top)
        self.canv.drawCentredString(side / 2, 3, plane.bottom)


class Histograms(Flowable):  # type: ignore[misc]
    """Cumulative DVHs with a numbered legend, bands and limits."""

    def __init__(
        self,
        curves: Sequence[Curve],
        *,
        marks: Sequence[Mark] = (),
        prescribed_gy: float | None = None,
    ) -> None:
        super().__init__()
        self._curves = drawable(curves)[:MOST_CURVES]
        self._marks, self._prescribed = marks, prescribed_gy
        highest = max((max(c.dose_gy) for c in self._curves), default=1.0)
        self._end = max(highest, prescribed_gy or 0.0, 1e-3) * 1.04

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Take the width there is; 240 points high."""
        del height
        self._width, self._plot = width - 175, 200.0
        return width, 240

    def draw(self) -> None:
        """Draw axes, bands, curves, limits and legend."""
        canvas = self.canv
        canvas.translate(30, 30)
        self._axes()
        for index, curve in enumerate(self._curves):
            self._ribbon(index, curve)
        for index, curve in enumerate(self._curves):
            self._curve(index, curve)
        places = {curve.roi_number: index for index, curve in enumerate(self._curves)}
        for mark in self._marks:
            if mark.roi_number in places and mark.dose_gy <= self._end:
                self._mark(mark, places[mark.roi_number])
        self._legend()

    def _x(self, dose_gy: float) -> float:
        return (self._width - 30) * min(dose_gy / self._end, 1.0)

    def _y(self, percent: float) -> float:
        return self._plot * min(max(percent, 0.0), 100.0) / 100

    def _axes(self) -> None:
        canvas, right = self.canv, self._width - 30
        canvas.setLineWidth(0.4)
        canvas.setFont(REGULAR, 7)
        canvas.setStrokeColor(HexColor("#d5d8db"))
        for percent in range(0, 101, 20):
            canvas.line(0, self._y(percent), right, self._y(percent))
            canvas.drawRightString(-4, self._y(percent) - 2.5, str(percent))
        rough = self._end / 8
        scale = 10.0 ** math.floor(math.log10(rough))
        step = next(scale * f for f in (1, 2, 2.5, 5, 10) if scale * f >= rough)
        for tick in range(int(self._end / step) + 1):
            x = self._x(tick * step)
            canvas.line(x, 0, x, self._plot)
            canvas.drawCentredString(x, -10, decimal(f"{tick * step:g}"))
        canvas.setStrokeColor(black)
        canvas.line(0, 0, right, 0)
        canvas.line(0, 0, 0, self._plot)
        canvas.drawCentredString(right / 2, -22, _("Dose (Gy)"))
        canvas.saveState()
        canvas.rotate(90)
        canvas.drawCentredString(self._plot / 2, 22, _("Volume (%)"))
        canvas.restoreState()
        if self._prescribed:
            canvas.setDash([2, 2])
            canvas.line(self._x(self._prescribed), 0, self._x(self._prescribed), self._plot)
            canvas.setDash([])

    def _path(self, points: Iterable[tuple[float, float]]) -> Any:
        path = self.canv.beginPath()
        for index, (dose, percent) in enumerate(points):
            (path.moveTo if index == 0 else path.lineTo)(self._x(dose), self._y(percent))
        return path

    def _ribbon(self, index: int, curve: Curve) -> None:
        if not len(curve.low_percent) == len(curve.high_percent) == len(curve.dose_gy):
            return
        upper = list(zip(curve.dose_gy, curve.high_percent, strict=True))
        lower = list(zip(curve.dose_gy, curve.low_percent, strict=True))
        path = self._path((*upper, *reversed(lower)))
        path.close()
        self.canv.setFillColor(HUES[index % len(HUES)], alpha=0.18)
        self.canv.drawPath(path, stroke=0, fill=1)
        self.canv.setFillColor(black, alpha=1)

    def _stroke(self, index: int) -> None:
        self.canv.setStrokeColor(HUES[index % len(HUES)])
        self.canv.setLineWidth(1.1)
        self.canv.setDash([[], [5, 3], [1.5, 2]][index // len(HUES)])

    def _curve(self, index: int, curve: Curve) -> None:
        self._stroke(index)
        points = zip(curve.dose_gy, curve.volume_percent, strict=True)
        self.canv.drawPath(self._path(points), stroke=1, fill=0)
        self.canv.setDash([])

    def _mark(self, mark: Mark, index: int) -> None:
        x, y = self._x(mark.dose_gy), self._y(mark.volume_percent)
        back = 6 if mark.upper else -6
        path = self.canv.beginPath()
        path.moveTo(x, y)
        path.lineTo(x + back, y + 3)
        path.lineTo(x + back, y - 3)
        path.close()
        self.canv.setFillColor(HUES[index % len(HUES)])
        self.canv.setStrokeColor(black)
        self.canv.setLineWidth(0.3)
        self.canv.drawPath(path, stroke=1, fill=1)

    def _legend(self) -> None:
        canvas, x = self.canv, self._width - 12
        step = min(10.0, 205 / max(len(self._curves), 1))
        for index, curve in enumerate(self._curves):
            y = self._plot - 4 - index * step
            self._stroke(index)
            canvas.line(x + 12, y + 2, x + 30, y + 2)
            canvas.setDash([])
            canvas.setFillColor(HUES[index % len(HUES)])
            canvas.setFont(BOLD, 6.5)
            canvas.drawRightString(x + 8, y, str(index + 1))
            canvas.setFillColor(black)
            canvas.setFont(REGULAR, 6.5)
            canvas.drawString(x + 35, y, clip(clean(curve.roi_name), 26))
