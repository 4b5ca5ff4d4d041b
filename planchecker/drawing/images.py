"""The CT behind a window, as grey levels."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planchecker.case import ImageSlice
from planchecker.drawing.png import grey_png
from planchecker.drawing.windows import Window
from planchecker.errors import PlanCheckerError

__all__ = ["LEVEL_HU", "WIDTH_HU", "ImageStack", "SliceReader"]

SliceReader = Callable[[ImageSlice], NDArray[np.float32]]
"""Returns the Hounsfield units of a slice, shape (rows, columns)."""

LEVEL_HU: Final = 100.0
WIDTH_HU: Final = 900.0
"""Centre and width of the grey scale: bone and soft tissue both show."""

_STEP_MM = 0.75
_MOST_SLICES = 400
_AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
Floats = NDArray[np.float64]


class ImageStack:
    """Axial CT slices of one series, read when they are first looked at.

    Parameters
    ----------
    images
        Slices of the case; those of the largest CT series are used.
    reader
        Reads the pixels of one slice; None where pictures are to stay without image.
    frames
        Frames of reference the slices must belong to; empty accepts any.
    """

    def __init__(
        self,
        images: Iterable[ImageSlice],
        reader: SliceReader | None,
        *,
        frames: Collection[str] = (),
    ) -> None:
        self._reader = reader
        self._pixels: dict[str, NDArray[np.float32] | None] = {}
        self.missing = "" if reader is not None else "no image was asked for"
        found = [i for i in images if i.modality == "CT"]
        if not found:
            self.missing = self.missing or "there is no CT"
        placed = [i for i in found if not frames or i.frame_of_reference_uid in {"", *frames}]
        if found and not placed:
            self.missing = "the CT lies in another frame of reference"
        axial = [i for i in placed if _is_axial(i)]
        if placed and not axial:
            self.missing = "the CT is not axial"
        sizes = Counter(image.series_uid for image in axial)
        series = max(sorted(sizes), key=sizes.__getitem__, default="")
        self._slices = sorted((i for i in axial if i.series_uid == series), key=_height)
        self._heights = np.array([_height(one) for one in self._slices])
        steps = np.diff(self._heights)
        usual = float(np.median(steps)) if len(steps) else 0.0
        self._spacing = usual or next((s.thickness_mm or 1.0 for s in self._slices), 1.0)

    def png(self, window: Window) -> tuple[bytes, str]:
        """Return the window as PNG, or no bytes and why."""
        if self.missing or self._reader is None:
            return b"", self.missing
        u, v = window.centres(_STEP_MM)
        values = self._axial(u, v, window) if window.across == 2 else self._across(u, v, window)
        if np.isnan(values).all():
            return b"", "no CT slice lies here"
        grey = (values - LEVEL_HU) / WIDTH_HU + 0.5
        return grey_png(np.asarray(255 * np.clip(np.nan_to_num(grey), 0, 1), dtype=np.uint8)), ""

    def _axial(self, u: Floats, v: Floats, window: Window) -> Floats:
        nearest = int(np.abs(self._heights - window.plane.at_mm).argmin())
        if abs(self._heights[nearest] - window.plane.at_mm) > 0.6 * self._spacing:
            return np.full((len(v), len(u)), np.nan)
        x, y = np.meshgrid(u, v)
        return self._sampled(nearest, x.ravel(), y.ravel()).reshape(len(v), len(u))

    def _across(self, u: Floats, v: Floats, window: Window) -> Floats:
        heights = -v
        values = np.full((len(v), len(u)), np.nan)
        if len(self._slices) < 2:
            return values
        fixed = np.full(len(u), window.plane.at_mm)
        x, y = (u, fixed) if window.u_axis == 0 else (fixed, u)
        wanted = np.flatnonzero(
            np.abs(self._heights - heights.mean()) <= np.ptp(heights) / 2 + self._spacing
        )
        lines = {int(i): self._sampled(int(i), x, y) for i in wanted}
        for row, height in enumerate(heights):
            above = int(np.searchsorted(self._heights, height))
            pair = [i for i in (above - 1, above) if i in lines]
            if len(pair) == 2 and np.diff(self._heights[pair])[0] <= 2.5 * self._spacing:
                low, high = self._heights[pair]
                share = (height - low) / (high - low)
                values[row] = (1 - share) * lines[pair[0]] + share * lines[pair[1]]
        return values

    def _sampled(self, index: int, x: Floats, y: Floats) -> Floats:
        """Hounsfield units at points of one slice, NaN outside, bilinear between pixels."""
        one, pixels = self._slices[index], self._read(self._slices[index])
        if pixels is None or one.position_mm is None or one.spacing_mm is None:
            return np.full(len(x), np.nan)
        column = (x - one.position_mm[0]) * one.orientation[0] / one.spacing_mm[1]
        row = (y - one.position_mm[1]) * one.orientation[4] / one.spacing_mm[0]
        rows, columns = pixels.shape
        inside = (row >= 0) & (row <= rows - 1) & (column >= 0) & (column <= columns - 1)
        r = np.clip(row.astype(int), 0, rows - 2)
        c = np.clip(column.astype(int), 0, columns - 2)
        dr, dc = row - r, column - c
        top = (1 - dc) * pixels[r, c] + dc * pixels[r, c + 1]
        bottom = (1 - dc) * pixels[r + 1, c] + dc * pixels[r + 1, c + 1]
        return np.where(inside, (1 - dr) * top + dr * bottom, np.nan)

    def _read(self, one: ImageSlice) -> NDArray[np.float32] | None:
        if one.path not in self._pixels and len(self._pixels) < _MOST_SLICES and self._reader:
            try:
                pixels: NDArray[np.float32] | None = self._reader(one)
            except PlanCheckerError:
                pixels = None
            if pixels is not None and (pixels.ndim != 2 or min(pixels.shape) < 2):
                pixels = None
            self._pixels[one.path] = pixels
        return self._pixels.get(one.path)


def _height(image: ImageSlice) -> float:
    return image.position_mm[2] if image.position_mm else 0.0


def _is_axial(image: ImageSlice) -> bool:
    if len(image.orientation) != 6 or image.position_mm is None or image.spacing_mm is None:
        return False
    if min(image.spacing_mm) <= 0:
        return False
    axes = np.abs(np.asarray(image.orientation).reshape(2, 3))
    return bool(np.allclose(axes, _AXIAL, atol=1e-3))
