"""Two plans on one page: their findings that differ, and their histograms overlaid."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from planchecker.locale import decimal, language
from planchecker.locale import gettext as _
from planchecker.reports.comparing import ChangeKind, changes
from planchecker.reports.figures import COLOURS, drawable, label
from planchecker.results import Curve, Report

__all__ = ["as_html", "overlay_svg"]

_LEFT, _TOP, _WIDTH, _HEIGHT = 52, 14, 600, 350
_MOST: Final = 16
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_html(before: Report, after: Report) -> str:
    """Write a comparison as one HTML page without script."""
    from planchecker.reports.html import environment  # noqa: PLC0415 - html only

    names = {
        ChangeKind.APPEARED: _("Appeared"),
        ChangeKind.VANISHED: _("Vanished"),
        ChangeKind.MOVED: _("Moved to another status"),
        ChangeKind.CHANGED: _("Same status, other value"),
    }
    found = changes(before, after)
    groups = [(title, [c for c in found if c.kind is kind]) for kind, title in names.items()]
    return (
        environment()
        .get_template("compare.html.jinja")
        .render(
            before=before,
            after=after,
            groups=groups,
            figure=overlay_svg(before.curves, after.curves),
            policy=_POLICY,
            lang=language(),
        )
    )


def overlay_svg(before: Sequence[Curve], after: Sequence[Curve]) -> str:
    """Draw the structures both plans have: A solid, B dashed, one hue a structure.

    Returns
    -------
    str
        An ``<svg>`` element; empty where no structure name is in both.

    Examples
    --------
    >>> curve = Curve(roi_number=1, roi_name="Cord", dose_gy=(0, 10), volume_percent=(100, 0))
    >>> overlay_svg([curve], [curve]).count('class="curve')
    3
    """
    old = {curve.roi_name: curve for curve in drawable(before)}
    new = {curve.roi_name: curve for curve in drawable(after)}
    pairs = [(curve, new[name]) for name, curve in old.items() if name in new][:_MOST]
    if not pairs:
        return ""
    end = 1.04 * max(max(curve.dose_gy) for pair in pairs for curve in pair) or 1.0
    title = escape(_("Dose-volume histograms of A (solid) and B (dashed)"))
    height = _TOP + _HEIGHT + 46
    return "\n".join(
        (
            f'<svg class="dvh" viewBox="0 0 960 {height}" role="img" aria-label="{title}">',
            *_frame(end),
            *(part for i, pair in enumerate(pairs) for part in _pair(i, pair, end)),
            "</svg>",
        )
    )


def _frame(end_gy: float) -> Iterator[str]:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    for fifth in range(6):
        y, x = bottom - _HEIGHT * fifth / 5, _LEFT + _WIDTH * fifth / 5
        dose = decimal(f"{end_gy * fifth / 5:.3g}")
        yield f'<path class="grid" d="M{_LEFT} {y:.0f}H{right}M{x:.0f} {_TOP}V{bottom}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{20 * fifth}</text>'
        yield f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{dose}</text>'
    yield f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>'
    middle, half = _LEFT + _WIDTH // 2, _TOP + _HEIGHT // 2
    dose_title, volume_title = escape(_("Dose (Gy)")), escape(_("Volume (%)"))
    yield f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">{dose_title}</text>'
    turn = f'transform="rotate(-90 13 {half})"'
    yield f'<text x="13" y="{half}" text-anchor="middle" {turn}>{volume_title}</text>'


def _pair(index: int, pair: tuple[Curve, Curve], end_gy: float) -> Iterator[str]:
    hue, y = f"c{index % COLOURS}", _TOP + 8 + 19 * index
    for curve, dashes in zip(pair, ("d0", "d1"), strict=True):
        points = "L".join(
            f"{_LEFT + _WIDTH * dose / end_gy:.1f} {_TOP + _HEIGHT * (1 - volume / 100):.1f}"
            for dose, volume in zip(curve.dose_gy, curve.volume_percent, strict=True)
        )
        yield f'<path class="curve {hue} {dashes}" d="M{points}"/>'
    yield f'<path class="curve {hue}" d="M690 {y}h24"/>'
    yield f'<text x="722" y="{y + 4}">{label(pair[0], "", longest=30)}</text>'
