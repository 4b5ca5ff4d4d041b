"""The cover of the PDF: verdict, plan, digests and the lines to sign on."""

from collections.abc import Iterator
from typing import Any

from reportlab.lib.colors import HexColor, white
from reportlab.platypus import Spacer, Table, TableStyle

from planchecker.locale import colon
from planchecker.locale import gettext as _
from planchecker.reports.pdf_style import TONES, markup, said
from planchecker.reports.spoken import told
from planchecker.reports.text import (
    STATUS_SYMBOL,
    clean,
    count_words,
    plan_title,
    prescription_words,
    scheme_words,
    spaced,
    status_word,
    verdict_words,
)
from planchecker.results import Report

__all__ = ["cover"]

_LINE = HexColor("#5d646c")


def cover(report: Report, width: float, *, digest: str) -> Iterator[Any]:
    """Yield the cover of one report.

    Parameters
    ----------
    width
        Of the text, in points.
    digest
        SHA-256 of the report.
    """
    yield said("planchecker", size=10, colour="#5d646c")
    yield Spacer(1, 6)
    yield said(plan_title(report), size=20, bold=True, longest=90)
    yield Spacer(1, 14)
    yield _verdict(report, width)
    yield Spacer(1, 16)
    yield _facts(report, width, digest)
    yield Spacer(1, 24)
    yield from _signatures(width)
    yield Spacer(1, 18)
    yield said(
        _(
            "A pass means that the questions listed here were asked, answered and met. It does "
            "not replace the review of the plan by the persons responsible for it."
        ),
        colour="#5d646c",
    )


def _verdict(report: Report, width: float) -> Any:
    mark = markup(STATUS_SYMBOL[report.status], size=24, colour="#ffffff", bold=True)
    words = [
        said(status_word(report.status), size=20, bold=True, colour="#ffffff"),
        said(verdict_words(report), size=11, colour="#ffffff"),
        Spacer(1, 4),
        said(count_words(report), size=9, colour="#ffffff"),
    ]
    table = Table([[mark, words]], colWidths=[40, width - 40])
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), TONES[report.status]),
                ("TEXTCOLOR", (0, 0), (-1, -1), white),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 10),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 14),
                ("LEFTPADDING", (0, 0), (0, 0), 12),
            ]
        )
    )
    return table


def _facts(report: Report, width: float, digest: str) -> Any:
    plan = report.plan
    rows: list[tuple[str, str]] = []
    if plan is not None:
        patient = spaced((clean(plan.patient_name), clean(plan.patient_id)), ", ")
        scheme = spaced((scheme_words(plan.scheme), told(plan.scheme.why)), colon())
        rows += [
            (_("Patient"), patient or _("no name")),
            (_("Prescription"), prescription_words(plan)),
            (_("Technique"), told(plan.technique) or _("unknown")),
            (_("Scheme"), scheme),
            (_("Plan UID"), plan.sop_instance_uid),
        ]
    planned = [file.sha256 for file in report.inputs if file.modality in ("RTPLAN", "RTIONPLAN")]
    rows += [(_("Plan file, SHA-256"), sha) for sha in planned if sha]
    rows += [
        (_("Report, SHA-256"), digest),
        (_("Protocol"), spaced((report.protocol, report.protocol_sha256))),
        (_("Constraint library"), spaced((report.library_version, report.library_sha256))),
        (_("Site file"), spaced((report.site, report.site_sha256)) or _("none")),
        (_("Program"), f"planchecker {report.program_version}"),
    ]
    table = Table(
        [[said(name, colour="#5d646c"), said(value, longest=300)] for name, value in rows],
        colWidths=[0.22 * width, 0.78 * width],
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _signatures(width: float) -> Iterator[Any]:
    yield said(_("Signatures"), size=11, bold=True)
    yield Spacer(1, 20)
    roles = (_("Planner"), _("Medical physicist"), _("Physician"))
    third, gap = (width - 40) / 3, 20.0
    names = [said(role, bold=True) for role in roles]
    hints = [said(_("Name, date, signature"), size=7, colour="#5d646c") for _role in roles]
    table = Table(
        [[*_parted(names)], [*_parted(hints)]],
        colWidths=[third, gap, third, gap, third],
        spaceBefore=18,
    )
    style: list[Any] = [("LEFTPADDING", (0, 0), (-1, -1), 0)]
    style += [("LINEABOVE", (i, 0), (i, 0), 0.8, _LINE) for i in (0, 2, 4)]
    table.setStyle(TableStyle(style))
    yield table


def _parted(cells: list[Any]) -> Iterator[Any]:
    for index, cell in enumerate(cells):
        if index:
            yield ""
        yield cell
