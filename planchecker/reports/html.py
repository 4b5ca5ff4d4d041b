"""Reports as one self-contained HTML page: no script, no request, light and dark."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planchecker.case import InputFile
from planchecker.reports import text
from planchecker.reports.figures import MOST_CURVES, dvh_svg
from planchecker.reports.style import Style
from planchecker.results import Curve, Finding, PlanSummary, Report, Status

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["render"]

_TEMPLATE = "report.html.jinja"
_DOI: Final = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9<>]+")
_MINUS = "\N{MINUS SIGN}"
_IMAGES: Final = ("CT", "MR", "PT")
_LONGEST_NAME = 64
_LONGEST_PROSE = 2000
_GAUGE_WIDTH = 84


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The findings of one status."""

    status: Status
    word: str
    symbol: str
    findings: tuple[Finding, ...]


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write reports as one HTML page.

    Parameters
    ----------
    reports
        One or more; several stand below one another on the page.
    style
        Not used; every renderer takes it.

    Notes
    -----
    Strings of the export are escaped by the template engine, stripped of control and
    bidirectional characters, and shortened, with the longer text in a tooltip. A content
    security policy forbids the browser every request.

    Examples
    --------
    >>> render([Report(findings=())]).splitlines()[0]
    '<!doctype html>'
    """
    del style
    reports = tuple(reports)
    leading = min(reports, key=lambda report: report.status.severity)
    return _environment().get_template(_TEMPLATE).render(reports=reports, leading=leading)


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - html only

    environment = Environment(
        loader=PackageLoader("planchecker.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        name=_name,
        prose=lambda value: text.clip(text.clean(value), _LONGEST_PROSE),
        number=lambda value: text.number(value).replace("-", _MINUS),
        value=text.value_words,
        band=text.band_words,
        margin=text.margin_words,
        limit=_limit,
        location=_location,
        doi=lambda value: value if _DOI.fullmatch(value) else "",
        gauge=_gauge,
        word=text.STATUS_WORD.__getitem__,
        symbol=text.STATUS_SYMBOL.__getitem__,
        groups=_groups,
        verdict=text.verdict_words,
        title=text.plan_title,
        prescription=text.prescription_words,
        per_fraction=_per_fraction,
        figure=_figure,
        left_out=_left_out,
        image_files=lambda report: [file for file in report.inputs if _is_image(file)],
        object_files=lambda report: [file for file in report.inputs if not _is_image(file)],
    )
    return environment


def _name(value: str, longest: int = _LONGEST_NAME) -> "Markup":
    """Return a name of the export, shortened, with the longer form as a tooltip."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    whole = text.clean(value)
    if len(whole) <= longest:
        return escape(whole)
    return Markup('<span title="{}">{}</span>').format(
        text.clip(whole, _LONGEST_PROSE), text.clip(whole, longest)
    )


def _groups(report: Report) -> tuple[Group, ...]:
    return tuple(
        Group(
            status=status,
            word=text.STATUS_WORD[status],
            symbol=text.STATUS_SYMBOL[status],
            findings=tuple(finding for finding in report.findings if finding.status is status),
        )
        for status in Status
        if any(finding.status is status for finding in report.findings)
    )


def _limit(finding: Finding) -> str:
    if finding.limit is None:
        return ""
    sign = {"<=": "≤", ">=": "≥"}.get(finding.comparison, finding.comparison)
    return text.spaced((sign, f"{finding.limit:.10g}", finding.unit))


def _location(finding: Finding) -> str:
    if finding.location_mm is None:
        return ""
    return ", ".join(f"{axis:.1f}" for axis in finding.location_mm).replace("-", _MINUS)


def _per_fraction(plan: PlanSummary) -> str:
    if plan.prescribed_dose_gy is None or not plan.fractions:
        return ""
    return f"{plan.prescribed_dose_gy / plan.fractions:.4g} Gy per fraction"


def _figure(report: Report) -> "Markup":
    from markupsafe import Markup  # noqa: PLC0415

    names = {row.roi_number: row.matched for row in report.structures}
    prescribed = report.plan.prescribed_dose_gy if report.plan else None
    # The figure escapes every label itself; nothing else in it comes from the export.
    return Markup(dvh_svg(report.curves, names=names, prescribed_gy=prescribed))  # noqa: S704


def _is_image(file: InputFile) -> bool:
    return file.modality in _IMAGES


def _left_out(curves: Sequence[Curve]) -> int:
    return max(len(curves) - MOST_CURVES, 0)


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
