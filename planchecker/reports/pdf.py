"""Reports as a PDF to be printed, signed and filed."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
)

from planchecker.errors import PlanCheckerError
from planchecker.locale import gettext as _
from planchecker.reports import pdf_cover, pdf_sections
from planchecker.reports.document import to_document
from planchecker.reports.pdf_style import REGULAR, use_fonts
from planchecker.reports.style import Style
from planchecker.reports.text import clip, plan_title
from planchecker.results import Report

__all__ = ["render", "report_digest"]

PAPERS: Final[Mapping[str, tuple[float, float]]] = {"A4": A4, "Letter": LETTER}
_MARGIN = 15 * mm
_FOOT = 9 * mm


def render(reports: Sequence[Report], style: Style) -> bytes:
    """Write reports as PDF: a cover page to sign, then what the HTML page holds.

    Parameters
    ----------
    reports
        One or more, each with its own cover.
    style
        Language and paper.

    Raises
    ------
    PlanCheckerError
        If the paper is unknown.

    Notes
    -----
    The same reports give the same bytes: no date is written into the file.
    """
    if style.paper not in PAPERS:
        raise PlanCheckerError(f"unknown paper {style.paper!r}; known are {', '.join(PAPERS)}")
    use_fonts()
    width, height = PAPERS[style.paper]
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=(width, height),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 4 * mm,
        title=f"planchecker: {plan_title(reports[0])}",
        author="planchecker",
        lang=style.lang,
        invariant=1,
    )
    frame = Frame(
        document.leftMargin, document.bottomMargin, document.width, document.height, 0, 0, 0, 0
    )
    feet = [
        f"{plan_title(report)} · {_('report')} {report_digest(report)[:16]}" for report in reports
    ]
    document.addPageTemplates(
        [
            PageTemplate(id=str(i), frames=[frame], onPage=_stamp(foot))
            for i, foot in enumerate(feet)
        ]
    )
    story = [part for i, report in enumerate(reports) for part in _story(i, report, document.width)]
    document.build(story, canvasmaker=_Numbered)
    return buffer.getvalue()


def report_digest(report: Report) -> str:
    """Return the SHA-256 of the report's JSON document, as printed on every page."""
    written = json.dumps(asdict(to_document(report)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _story(index: int, report: Report, width: float) -> Iterator[Any]:
    yield NextPageTemplate(str(index))
    if index:
        yield PageBreak()
    yield from pdf_cover.cover(report, width, digest=report_digest(report))
    yield PageBreak()
    for section in pdf_sections.SECTIONS:
        parts = list(section(report, width))
        yield from parts
        if parts:
            yield Spacer(1, 10)


def _stamp(foot: str) -> Any:
    def on_page(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7)
        canvas.drawString(document.leftMargin, _FOOT, clip(foot, 100))
        canvas.restoreState()

    return on_page


class _Numbered(Canvas):  # type: ignore[misc]
    """Writes "page 2 of 7", which is known only once all pages are there."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the name reportlab calls
        """Keep the page until the last one is done."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its number."""
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(REGULAR, 7)
            words = _("page {number} of {count}").format(number=number, count=len(self._pages))
            self.drawRightString(self._pagesize[0] - _MARGIN, _FOOT, words)
            super().showPage()
        super().save()
