"""The pictures of the dashboard: stacked bars and distributions, as SVG of numbers."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from planchecker.batch.dashboard.cord import METRIC, Bound, Spread
from planchecker.batch.dashboard.counting import COLUMNS, Share
from planchecker.reports.text import clean, clip

__all__ = ["MOST_SCHEMES", "bar_svg", "by_scheme", "spread_svg"]

MOST_SCHEMES: Final = 12
"""How many schemes are drawn; the others are counted."""

_BAR = 200
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 900, 170, 24, 24, 46
_BINS = 60
_TALL = 30
_LONGEST = 22


def bar_svg(share: Share) -> str:
    """Draw one stacked bar; the numbers stand in the table beside it.

    Examples
    --------
    >>> bar_svg(Share(name="x", counts=(1, 0, 0, 0, 0, 1, 0))).count("<rect")
    2
    """
    parts = [f'<svg class="bar" viewBox="0 0 {_BAR} 12" preserveAspectRatio="none" ']
    parts.append('aria-hidden="true">')
    at = 0.0
    for name, count in zip(COLUMNS, share.counts, strict=True):
        width = _BAR * count / share.total if share.total else 0.0
        if count:
            parts.append(f'<rect class="{name}" x="{at:.2f}" width="{width:.2f}" height="12"/>')
        at += width
    return "".join((*parts, "</svg>"))


def by_scheme(spreads: Sequence[Spread]) -> list[tuple[str, list[Spread]]]:
    """Group distributions by scheme, in their order."""
    return [(name, list(group)) for name, group in groupby(spreads, key=lambda one: one.scheme)]


def spread_svg(scheme: str, spreads: Sequence[Spread]) -> str:
    """Draw how often which dose occurs in the structures of one scheme, with governing limits.

    Bars are counts in equal steps of dose, each row by its own highest; the thin line runs from
    lowest to highest, the thick one over the middle half, the mark is the median. A solid line
    is a limit on the metric that is shown, a dashed one a limit on the maximum.
    """
    drawn = [one for one in spreads if one.values_gy]
    if not drawn:
        return ""
    highest = max(max(one.values_gy[-1], *_limits(one), 0.0) for one in drawn)
    end, step = _axis(highest)
    height = _TOP + _ROW * len(drawn) + 44
    title = f"{METRIC} by structure, scheme {clean(scheme) or 'unknown'}"
    size = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    parts = [f'<svg class="spread" {size}>']
    bottom = _TOP + _ROW * len(drawn)
    for tick in range(round(end / step) + 1):
        x = _x(tick * step, end)
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick * step:g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{bottom + 36}" text-anchor="middle">{METRIC} (Gy)</text>'
    )
    for number, one in enumerate(drawn):
        parts.extend(_row(one, _TOP + _ROW * (number + 1) - 8, end))
    return "\n".join((*parts, "</svg>"))


def _limits(one: Spread) -> Iterator[float]:
    yield from (bound.value for bound in one.bounds if bound.drawable)


def _axis(highest_gy: float) -> tuple[float, float]:
    """Return the end of the axis and the distance of its ticks, in Gy."""
    rough = max(highest_gy, 1e-3) * 1.02 / 10
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10) if scale * factor >= rough)
    return step * math.ceil(max(highest_gy, 1e-3) * 1.02 / step), step


def _x(dose_gy: float, end_gy: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(dose_gy / end_gy, 0.0), 1.0)


def _row(one: Spread, base: float, end: float) -> Iterator[str]:
    name = escape(clip(clean(one.structure), _LONGEST))
    yield f'<text x="{_LEFT - 10}" y="{base - 12}" text-anchor="end">{name}</text>'
    yield (
        f'<text class="quiet" x="{_LEFT - 10}" y="{base + 2}" text-anchor="end">'
        f"n = {len(one.values_gy)}</text>"
    )
    counts = [0] * _BINS
    for value in one.values_gy:
        counts[min(int(_BINS * max(value, 0.0) / end), _BINS - 1)] += 1
    width = _x(end / _BINS, end) - _x(0, end)
    for place, count in enumerate(counts):
        if count:
            tall = max(_TALL * count / max(counts), 1.0)
            x = _x(place * end / _BINS, end)
            yield (
                f'<rect class="count" x="{x + 0.4:.1f}" y="{base - tall:.1f}" '
                f'width="{width - 0.8:.1f}" height="{tall:.1f}"><title>{count}</title></rect>'
            )
    last = len(one.values_gy) - 1
    low, lower, mid, upper, high = (
        _x(one.values_gy[round(last * part)], end) for part in (0, 0.25, 0.5, 0.75, 1)
    )
    yield f'<path class="reach" d="M{low:.1f} {base + 3}H{high:.1f}"/>'
    yield f'<path class="half" d="M{lower:.1f} {base + 3}H{max(upper, lower + 0.5):.1f}"/>'
    yield f'<circle class="median" cx="{mid:.1f}" cy="{base + 3}" r="3.4"/>'
    for bound in one.bounds:
        if bound.drawable:
            yield from _limit(bound, base, end)


def _limit(bound: Bound, base: float, end: float) -> Iterator[str]:
    x, kind = _x(bound.value, end), "" if bound.metric == METRIC else " other"
    told = f"{bound.metric} {bound.sign} {bound.value:g} Gy, {bound.guideline}"
    words = escape(clip(clean(told), 200))
    yield f'<path class="bound{kind}" d="M{x:.1f} {base - _TALL - 4}V{base + 7}">'
    yield f"<title>{words}</title></path>"
    yield (
        f'<text class="boundword" x="{x + 4:.1f}" y="{base - _TALL + 4}">'
        f"{escape(clean(bound.metric)) + ' ' if kind else ''}{bound.value:g}</text>"
    )
