"""Filters of the HTML templates; each one escapes what it returns as markup."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from planchecker.case import InputFile
from planchecker.figures import View
from planchecker.locale import decimal
from planchecker.locale import gettext as _
from planchecker.reports import sections, text
from planchecker.reports.comparing import difference_words
from planchecker.reports.figures import MOST_CURVES, drawable, dvh_svg
from planchecker.reports.marks import limit_marks
from planchecker.reports.spoken import told, told_marked
from planchecker.reports.voxels import plane_words, view_svg
from planchecker.results import Curve, Finding, PlanSummary, Report

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["FILTERS"]

_DOI: Final = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9<>]+")
_MINUS = "\N{MINUS SIGN}"
_IMAGES: Final = ("CT", "MR", "PT")
_LONGEST_NAME = 64
_LONGEST_PROSE = 2000
_GAUGE_WIDTH = 84


def _name(value: str, longest: int = _LONGEST_NAME) -> "Markup":
    """Return a name of the export, shortened, with the longer form as a tooltip."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    whole = text.clean(value)
    if len(whole) <= longest:
        return escape(whole)
    return Markup('<span title="{}">{}</span>').format(
        text.clip(whole, _LONGEST_PROSE), text.clip(whole, longest)
    )


def _prose(value: str) -> str:
    return text.clip(text.clean(value), _LONGEST_PROSE)


def _told(value: str, longest: int = _LONGEST_PROSE) -> "Markup":
    """Return a sentence in the language of the page; one that stays English says so."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    words, english = told_marked(value)
    shown = text.clip(words, longest)
    return Markup('<span lang="en">{}</span>').format(shown) if english else escape(shown)


def _number(value: float | None) -> str:
    return "–" if value is None else text.number(value).replace("-", _MINUS)


def _location(finding: Finding) -> str:
    if finding.location_mm is None:
        return ""
    places = (decimal(f"{axis:.1f}") for axis in finding.location_mm)
    return "; ".join(places).replace("-", _MINUS)


def _per_fraction(plan: PlanSummary) -> str:
    if plan.prescribed_dose_gy is None or not plan.fractions:
        return ""
    dose = decimal(f"{plan.prescribed_dose_gy / plan.fractions:.4g}")
    return _("{dose} Gy per fraction").format(dose=dose)


def _prescribed(report: Report) -> float | None:
    return report.plan.prescribed_dose_gy if report.plan else None


def _figure(report: Report) -> "Markup":
    from markupsafe import Markup  # noqa: PLC0415

    names = {row.roi_number: row.matched for row in report.structures}
    marks = limit_marks(report.ranked, report.curves, prescribed_gy=_prescribed(report))
    # The figure escapes every label itself; nothing else in it comes from the export.
    return Markup(  # noqa: S704
        dvh_svg(report.curves, names=names, prescribed_gy=_prescribed(report), marks=marks)
    )


def _figure_data(report: Report) -> "Markup":
    """Write what the script needs to redraw the diagram, safe inside a script element."""
    from markupsafe import Markup  # noqa: PLC0415

    marks = limit_marks(report.ranked, report.curves, prescribed_gy=_prescribed(report))
    data = {
        "prescribed": _prescribed(report),
        "comma": decimal("."),
        "curves": [_curve_data(c) for c in drawable(report.curves)[:MOST_CURVES]],
        "marks": [[mark.dose_gy, mark.volume_percent, mark.upper] for mark in marks],
        "words": {
            "dose": [_("Dose (Gy)"), _("Dose (% of prescription)")],
            "volume": [_("Volume (%)"), _("Volume (cc)")],
            "band": _("band"),
        },
    }
    written = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Markup(written)  # noqa: S704 - no character that could end the element is left


def _curve_data(curve: Curve) -> dict[str, Any]:
    banded = len(curve.low_percent) == len(curve.high_percent) == len(curve.dose_gy)
    return {
        "name": text.clip(text.clean(curve.roi_name), _LONGEST_NAME),
        "cc": curve.volume_cc,
        "dose": [round(value, 3) for value in curve.dose_gy],
        "volume": [round(value, 2) for value in curve.volume_percent],
        "low": [round(value, 2) for value in curve.low_percent] if banded else [],
        "high": [round(value, 2) for value in curve.high_percent] if banded else [],
    }


def _view(view: View, report: Report) -> "Markup":
    from markupsafe import Markup  # noqa: PLC0415

    # The picture escapes every name itself.
    return Markup(view_svg(view, _numbering(report)))  # noqa: S704


def _numbering(report: Report) -> Mapping[int, int]:
    return {curve.roi_number: i for i, curve in enumerate(drawable(report.curves))}


def _isodose_levels(report: Report) -> Sequence[tuple[int, str]]:
    levels = {
        round(isodose.percent): decimal(f"{isodose.dose_gy:.4g}")
        for scene in sections.pictured(report)
        for view in scene.views
        for isodose in view.isodoses
    }
    return sorted(levels.items())


def _is_image(file: InputFile) -> bool:
    return file.modality in _IMAGES


def _gauge(finding: Finding) -> "Markup":
    """Draw value and band against the limit; decoration, for the numbers stand beside it."""
    from markupsafe import Markup  # noqa: PLC0415

    value, limit = finding.value, finding.limit
    if value is None or limit is None or not limit > 0 or not math.isfinite(value):
        return Markup("")
    full = 1.5 * limit

    def x(number: float) -> float:
        return 2 + (_GAUGE_WIDTH - 4) * min(max(number / full, 0.0), 1.0)

    low, high = finding.band or (value, value)
    parts = [
        f'<svg class="gauge" viewBox="0 0 {_GAUGE_WIDTH} 10" aria-hidden="true">',
        f'<path class="rail" d="M2 5H{_GAUGE_WIDTH - 2}"/>',
        f'<path class="reach" d="M{x(min(low, value)):.1f} 5H{x(max(high, value)):.1f}"/>',
        f'<path class="bound" d="M{x(limit):.1f} 0V10"/>',
        f'<circle cx="{x(value):.1f}" cy="5" r="3"/></svg>',
    ]
    return Markup("".join(parts))  # noqa: S704 - numbers only


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "accepted": lambda finding, report: sections.accepted(report, finding),
    "band": text.band_words,
    "check_title": sections.check_title,
    "coverage": sections.coverage,
    "difference": difference_words,
    "disagreeing": sections.disagreeing,
    "doi": lambda value: value if _DOI.fullmatch(value) else "",
    "factor": lambda value: decimal(f"{value:.3f}"),
    "families": sections.families,
    "figure": _figure,
    "figure_data": _figure_data,
    "gauge": _gauge,
    "image_files": lambda report: [file for file in report.inputs if _is_image(file)],
    "interval": text.interval_words,
    "isodose_levels": _isodose_levels,
    "left_out": lambda curves: max(len(curves) - MOST_CURVES, 0),
    "limit": text.limit_words,
    "location": _location,
    "margin": text.margin_words,
    "margin_percent": text.margin_percent,
    "name": _name,
    "number": _number,
    "object_files": lambda report: [file for file in report.inputs if not _is_image(file)],
    "per_fraction": _per_fraction,
    "pictured": sections.pictured,
    "place": text.population_words,
    "plain": lambda value: decimal(f"{value:.6g}"),
    "plane": plane_words,
    "prescription": text.prescription_words,
    "prose": _prose,
    "relief": lambda finding, report: sections.relief_of(report, finding),
    "scene": lambda finding, report: sections.scene_of(report, finding),
    "counts": text.count_words,
    "share": lambda value: "–" if value is None else decimal(f"{value:.1f}"),
    "statuses": lambda report: [
        (status, sum(one.status is status for one in report.findings))
        for status in sorted({f.status for f in report.findings}, key=lambda s: s.severity)
    ],
    "symbol": text.STATUS_SYMBOL.__getitem__,
    "value": text.value_words,
    "view": _view,
    "told": _told,
    "told_name": lambda value: _name(told(value)),
    "word": text.status_word,
}
