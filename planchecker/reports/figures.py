"""The picture of the dose-volume histograms, drawn as SVG text without a plotting library."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from planchecker.locale import decimal
from planchecker.locale import gettext as _
from planchecker.reports.marks import Mark
from planchecker.reports.text import clean, clip
from planchecker.results import Curve

__all__ = ["COLOURS", "MOST_CURVES", "drawable", "dvh_svg", "label"]

MOST_CURVES: Final = 24
"""Above this a picture is no longer legible; the rest is counted in the caption."""
COLOURS: Final = 8
"""How many hues there are; from the ninth curve on dashes tell them apart."""

_WIDTH = 960
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 52, 20, 600, 350
_LEGEND_X, _LEGEND_STEP = 690, 19
_LONGEST_LABEL = 30
_MARK = 5
# Volumes at which the number of a curve may stand on it.
_LEVELS = (50, *range(46, 2, -4), *range(54, 98, 4))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Axis:
    """Dose axis: its end in Gy, and the distance of its ticks."""

    end_gy: float
    step_gy: float

    def x(self, dose_gy: float) -> float:
        return _LEFT + _PLOT_WIDTH * min(dose_gy / self.end_gy, 1.0)


def drawable(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Return the curves that can be drawn, from the highest mean dose to the lowest.

    Their places are their numbers in every picture of a report.
    """
    return tuple(sorted((c for c in curves if _is_drawable(c)), key=_order))


def dvh_svg(
    curves: Sequence[Curve],
    *,
    names: Mapping[int, str] | None = None,
    prescribed_gy: float | None = None,
    marks: Sequence[Mark] = (),
) -> str:
    """Draw cumulative DVHs with a numbered legend.

    Parameters
    ----------
    curves
        Drawn from the highest mean dose to the lowest, so that legend and picture run alike;
        at most `MOST_CURVES` are drawn.
    names
        TG-263 name by ROI number, written in the legend beside a differing ROI name.
    prescribed_gy
        Prescribed dose, drawn as a vertical line.
    marks
        Limits, drawn as triangles that point to the side that meets them.

    Returns
    -------
    str
        An ``<svg>`` element coloured by the classes ``c0`` to ``c7``; empty without curves.

    Examples
    --------
    >>> curve = Curve(roi_number=1, roi_name="Cord", dose_gy=(0, 10), volume_percent=(100, 0))
    >>> dvh_svg([curve]).startswith("<svg")
    True
    >>> dvh_svg([])
    ''
    """
    drawn = drawable(curves)[:MOST_CURVES]
    if not drawn:
        return ""
    axis = _axis(max(max(c.dose_gy) for c in drawn), prescribed_gy)
    height = max(_TOP + _PLOT_HEIGHT + 46, _TOP + _LEGEND_STEP * len(drawn) + 12)
    names = names or {}
    title = _("Cumulative dose-volume histograms of {count} structures").format(count=len(drawn))
    size = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    # The script redraws the picture and must know where it lies.
    place = (
        f'data-left="{_LEFT}" data-top="{_TOP}" data-width="{_PLOT_WIDTH}" '
        f'data-height="{_PLOT_HEIGHT}" data-end="{axis.end_gy:.6g}"'
    )
    parts = [
        f'<svg class="dvh" {size} {place}>',
        '<g class="axes">',
        *_frame(axis),
        "</g>",
        *_prescription(axis, prescribed_gy),
    ]
    for index, curve in enumerate(drawn):
        parts.extend(_ribbon(index, curve, axis))
    for index, curve in enumerate(drawn):
        parts.extend(_curve(index, curve, axis))
    parts.extend(_marks(drawn, marks, axis))
    parts.extend(_tags(drawn, axis))
    for index, curve in enumerate(drawn):
        parts.extend(_legend(index, curve, names.get(curve.roi_number, "")))
    return "\n".join((*parts, "</svg>"))


def _is_drawable(curve: Curve) -> bool:
    numbers = (*curve.dose_gy, *curve.volume_percent)
    fits = len(curve.dose_gy) == len(curve.volume_percent) > 1
    return fits and all(math.isfinite(number) for number in numbers)


def _order(curve: Curve) -> tuple[float, int]:
    # The area under a cumulative curve is the mean dose.
    points = pairwise(zip(curve.dose_gy, curve.volume_percent, strict=True))
    area = sum((d1 - d0) * (v0 + v1) / 2 for (d0, v0), (d1, v1) in points)
    return -area, curve.roi_number


def _axis(highest_gy: float, prescribed_gy: float | None) -> _Axis:
    reach = max(highest_gy, prescribed_gy or 0.0, 1e-3) * 1.04
    rough = reach / 8
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= rough)
    return _Axis(end_gy=reach, step_gy=step)


def _y(volume_percent: float) -> float:
    return _TOP + _PLOT_HEIGHT * (1 - min(max(volume_percent, 0.0), 100.0) / 100)


def _frame(axis: _Axis) -> Iterator[str]:
    right, bottom = _LEFT + _PLOT_WIDTH, _TOP + _PLOT_HEIGHT
    for volume in range(0, 101, 20):
        y = _y(volume)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{volume}</text>'
    for tick in range(int(axis.end_gy / axis.step_gy) + 1):
        dose = decimal(f"{tick * axis.step_gy:g}")
        x = axis.x(tick * axis.step_gy)
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{dose}</text>'
    yield f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>'
    middle = _LEFT + _PLOT_WIDTH // 2
    dose_title, volume_title = escape(_("Dose (Gy)")), escape(_("Volume (%)"))
    yield f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{dose_title}</text>'
    half = _TOP + _PLOT_HEIGHT // 2
    yield (
        f'<text x="13" y="{half}" text-anchor="middle" transform="rotate(-90 13 {half})">'
        f"{volume_title}</text>"
    )


def _prescription(axis: _Axis, prescribed_gy: float | None) -> Iterator[str]:
    if not prescribed_gy or not math.isfinite(prescribed_gy):
        return
    x, dose = axis.x(prescribed_gy), decimal(f"{prescribed_gy:g}")
    yield f'<path class="rx" d="M{x:.1f} {_TOP}V{_TOP + _PLOT_HEIGHT}"/>'
    yield f'<text class="rx" x="{x:.1f}" y="13" text-anchor="middle">{dose} Gy</text>'


def _classes(index: int) -> str:
    return f"c{index % COLOURS} d{index // COLOURS}"


def _path(curve: Curve, volumes: Sequence[float], axis: _Axis) -> Iterator[str]:
    last = ""
    for dose, volume in zip(curve.dose_gy, volumes, strict=True):
        point = f"{axis.x(dose):.1f} {_y(volume):.1f}"
        if point != last:
            yield point
        last = point


def _ribbon(index: int, curve: Curve, axis: _Axis) -> Iterator[str]:
    low, high = curve.low_percent, curve.high_percent
    if not len(low) == len(high) == len(curve.dose_gy):
        return
    points = (*_path(curve, high, axis), *reversed(tuple(_path(curve, low, axis))))
    yield f'<path class="ribbon {_classes(index)}" data-i="{index}" d="M{"L".join(points)}Z"/>'


def _curve(index: int, curve: Curve, axis: _Axis) -> Iterator[str]:
    points = _path(curve, curve.volume_percent, axis)
    yield f'<path class="curve {_classes(index)}" data-i="{index}" d="M{"L".join(points)}">'
    yield f"<title>{label(curve, '')}</title></path>"


def _marks(curves: Sequence[Curve], marks: Sequence[Mark], axis: _Axis) -> Iterator[str]:
    places = {curve.roi_number: index for index, curve in enumerate(curves)}
    for number, mark in enumerate(marks):
        index = places.get(mark.roi_number)
        if index is None or mark.dose_gy > axis.end_gy:
            continue
        x, y = axis.x(mark.dose_gy), _y(mark.volume_percent)
        back = _MARK if mark.upper else -_MARK
        yield (
            f'<path class="limit c{index % COLOURS}" data-i="{index}" data-mark="{number}" '
            f'd="M{x:.1f} {y:.1f}l{2 * back} {-_MARK}v{2 * _MARK}Z">'
            f"<title>{escape(clip(clean(mark.words), 200))}</title></path>"
        )


def _tags(curves: Sequence[Curve], axis: _Axis) -> Iterator[str]:
    """Write the number of each curve where it is farthest from those that stand already."""
    placed: list[tuple[float, float]] = []
    for index, curve in enumerate(curves):
        free = [(axis.x(_dose_at(curve, level)), _y(level)) for level in _LEVELS]
        # Crowding is judged up to 40 px: beyond that the first, central place is the best.
        x, y = max(
            free,
            key=lambda at: min([40.0, at[0] - _LEFT, *(math.dist(at, other) for other in placed)]),
        )
        placed.append((x, y))
        yield (
            f'<text class="tag c{index % COLOURS}" data-i="{index}" x="{x:.1f}" y="{y + 4:.1f}" '
            f'text-anchor="middle">{index + 1}</text>'
        )


def _dose_at(curve: Curve, volume_percent: float) -> float:
    points = pairwise(zip(curve.dose_gy, curve.volume_percent, strict=True))
    for (d0, v0), (d1, v1) in points:
        if v0 >= volume_percent >= v1:
            share = 0.5 if v0 == v1 else (v0 - volume_percent) / (v0 - v1)
            return d0 + share * (d1 - d0)
    return curve.dose_gy[-1]


def _legend(index: int, curve: Curve, name: str) -> Iterator[str]:
    y = _TOP + 8 + index * _LEGEND_STEP
    x = _LEGEND_X
    yield f'<g class="key" data-key="{index}">'
    yield f'<rect x="{x - 22}" y="{y - 9}" width="{_WIDTH - x + 20}" height="18"/>'
    yield (
        f'<text class="tag c{index % COLOURS}" x="{x}" y="{y + 4}" text-anchor="end">'
        f"{index + 1}</text>"
    )
    yield f'<path class="curve {_classes(index)}" d="M{x + 8} {y}h24"/>'
    yield f'<text x="{x + 40}" y="{y + 4}">{label(curve, name, longest=_LONGEST_LABEL)}</text></g>'


def label(curve: Curve, name: str, *, longest: int = 200) -> str:
    """Name a curve by its ROI name, with the TG-263 name where that differs; escaped."""
    own = clean(curve.roi_name) or f"ROI {curve.roi_number}"
    both = f"{own} ({name})" if name and name != own else own
    return escape(clip(both, longest))
