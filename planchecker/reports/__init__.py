"""Renderers: a report in, text out. They show; they never decide."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from planchecker.locale import speaking
from planchecker.reports.spoken import names_in
from planchecker.reports.style import Style
from planchecker.results import Report

__all__ = ["DOCUMENTS", "RENDERERS", "Renderer", "Style", "render", "render_document"]


class Renderer(Protocol):
    """What every renderer is."""

    def __call__(self, reports: Sequence[Report], style: Style | None = None) -> str:
        """Write one or more reports."""


def _from(module: str) -> Renderer:
    """Return the renderer of a module, which is loaded only when it is asked."""

    def render(reports: Sequence[Report], style: Style | None = None) -> str:
        renderer: Renderer = import_module(f"planchecker.reports.{module}").render
        return renderer(reports, style)

    return render


RENDERERS: Mapping[str, Renderer] = {
    "terminal": _from("terminal"),
    "json": _from("json_"),
    "html": _from("html"),
    "csv": _from("csv_"),
    "junit": _from("junit"),
}


def _pdf(reports: Sequence[Report], style: Style) -> bytes:
    from planchecker.reports import pdf  # noqa: PLC0415 - brings reportlab along

    return pdf.render(reports, style)


def _dicom(reports: Sequence[Report], style: Style) -> bytes:
    from planchecker.reports import dicom_pdf  # noqa: PLC0415 - brings pydicom along

    return dicom_pdf.render(reports, style)


def _dicom_sr(reports: Sequence[Report], style: Style) -> bytes:
    from planchecker.reports import dicom_sr  # noqa: PLC0415 - brings highdicom along

    return dicom_sr.render(reports, style)


DOCUMENTS: Mapping[str, Callable[[Sequence[Report], Style], bytes]] = {
    "pdf": _pdf,
    "dicom": _dicom,
    "dicom-sr": _dicom_sr,
}
"""Formats that are bytes, not text; see `render_document`."""


def render(
    report: Report | Sequence[Report],
    format: str,  # noqa: A002 - the word users know
    *,
    style: Style | None = None,
) -> str:
    """Write one or several reports in one of the formats of `RENDERERS`.

    Parameters
    ----------
    report
        A report, or several (one plan each).
    format
        ``"terminal"``, ``"json"``, ``"html"``, ``"csv"`` or ``"junit"``.
    style
        Language, and properties of the terminal.

    Raises
    ------
    ValueError
        If the format is unknown or there is no report.

    Examples
    --------
    >>> render(Report(findings=()), "terminal").splitlines()[0]
    'NOT EVALUATED: nothing was evaluated, and that is not a pass.'
    """
    if format not in RENDERERS:
        raise ValueError(f"unknown format {format!r}; known are {', '.join(RENDERERS)}")
    reports = _several(report)
    with speaking(style.lang if style else "en", naming=names_in(reports)):
        return RENDERERS[format](reports, style)


def render_document(
    report: Report | Sequence[Report],
    format: str,  # noqa: A002 - the word users know
    *,
    style: Style | None = None,
) -> bytes:
    """Write one or several reports in one of the formats of `DOCUMENTS`.

    Parameters
    ----------
    report
        A report, or several (one plan each); the DICOM formats take one.
    format
        ``"pdf"``, ``"dicom"`` (encapsulated PDF) or ``"dicom-sr"``.
    style
        Language and paper.

    Raises
    ------
    ValueError
        If the format is unknown or there is no report.
    PlanCheckerError
        If the report cannot be written in this format.

    Examples
    --------
    >>> render_document(Report(findings=()), "pdf")[:5]
    b'%PDF-'
    """
    if format not in DOCUMENTS:
        raise ValueError(f"unknown format {format!r}; known are {', '.join(DOCUMENTS)}")
    style = style or Style()
    reports = _several(report)
    with speaking(style.lang, naming=names_in(reports)):
        return DOCUMENTS[format](reports, style)


def _several(report: Report | Sequence[Report]) -> tuple[Report, ...]:
    reports = (report,) if isinstance(report, Report) else tuple(report)
    if not reports:
        raise ValueError("there is no report to render; give at least one")
    return reports
