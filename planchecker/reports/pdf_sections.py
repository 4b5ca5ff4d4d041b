"""What stands behind the cover of the PDF, section by section."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.platypus import CondPageBreak, KeepTogether, Spacer

from planchecker.locale import colon, decimal
from planchecker.locale import gettext as _
from planchecker.reports import sections
from planchecker.reports.figures import drawable
from planchecker.reports.marks import limit_marks
from planchecker.reports.pdf_pictures import Histograms, Voxels, isodose_key
from planchecker.reports.pdf_style import TONES, grid, markup, said
from planchecker.reports.spoken import told
from planchecker.reports.text import (
    STATUS_SYMBOL,
    band_words,
    clean,
    clip,
    interval_words,
    limit_words,
    margin_percent,
    margin_words,
    number,
    population_words,
    site_lines,
    spaced,
    status_word,
    value_words,
)
from planchecker.results import Finding, Relief, Report, Status

__all__ = ["SECTIONS"]

Section = Callable[[Report, float], Iterator[Any]]


def attention(report: Report, width: float) -> Iterator[Any]:
    """Yield the findings that need a person, at most seven, with pictures."""
    del width
    yield _heading(_("What needs a person"))
    numbers = {curve.roi_number: i for i, curve in enumerate(drawable(report.curves))}
    if not report.findings:
        yield said(_("Nothing was evaluated."))
    elif not report.attention:
        yield said(
            _("Nothing: every question was answered and met. The tables below say what was asked.")
        )
    elif pictured := sections.pictured(report):
        yield markup(isodose_key(pictured[0]), size=7.5)
        yield Spacer(1, 5)
    for finding in report.attention[: sections.MOST_LINES]:
        parts = list(_card(report, finding))
        scene = sections.scene_of(report, finding)
        if scene is not None:
            parts.append(Voxels(scene, numbers))
        yield KeepTogether([*parts, Spacer(1, 9)])
    left = len(report.attention) - sections.MOST_LINES
    if left > 0:
        yield said(
            _("{count} further findings that need a person stand in the tables below.").format(
                count=left
            ),
            bold=True,
        )


def _card(report: Report, finding: Finding) -> Iterator[Any]:
    subject = escape(clip(told(finding.subject), 64))
    title = escape(spaced((clean(finding.code), sections.check_title(finding.code))))
    yield markup(f"{_badge(finding.status)} <b>{subject}</b>  {title}", size=9.5)
    if finding.metric:
        numbers = (value_words(finding), band_words(finding) and f"({band_words(finding)})")
        margin = spaced((margin_words(finding), margin_percent(finding)), ", ")
        limit = limit_words(finding) and f"{_('Limit')} {limit_words(finding)}"
        parts = (spaced((told(finding.metric), *numbers)), limit, margin)
        yield said(spaced(parts, "   ·   "), bold=True)
    yield said(told(finding.message))
    if finding.remedy:
        yield said(f"→ {told(finding.remedy)}")
    relief = sections.relief_of(report, finding)
    if relief is not None:
        yield said(_relief(relief))
    for one in sections.accepted(report, finding):
        words = _("Accepted by {who} on {when}: {why}").format(
            who=one.by, when=one.at, why=one.reason
        )
        void = one.void and f"{_('Acceptance no longer valid')}{colon()}{told(one.void)}"
        yield said(spaced((void, words, _("The status stays as it is."))), bold=True)
    yield said(_source(finding), size=7, colour="#5d646c")


def _relief(relief: Relief) -> str:
    parts = [
        _("What would make it pass: {reduction} Gy less there, or all dose times {factor}.").format(
            reduction=number(relief.reduction_gy), factor=decimal(f"{relief.factor:.3f}")
        )
    ]
    for target in relief.targets:
        before, after = (_answer(value) for value in target.d95_gy)
        now, then = (_answer(value) for value in target.v100_percent)
        parts.append(
            _("{target}: D95% {before} to {after} Gy, V100% {now} to {then} %.").format(
                target=clip(clean(target.roi_name), 30),
                before=before,
                after=after,
                now=now,
                then=then,
            )
        )
    return " ".join(parts)


def _answer(value: float | None) -> str:
    return "–" if value is None else number(value)


def histograms(report: Report, width: float) -> Iterator[Any]:
    """Yield the dose-volume histograms."""
    del width
    if drawable(report.curves):
        prescribed = report.plan.prescribed_dose_gy if report.plan else None
        marks = limit_marks(report.ranked, report.curves, prescribed_gy=prescribed)
        picture = Histograms(report.curves, marks=marks, prescribed_gy=prescribed)
        caption = _("Curves are thinned for drawing; no verdict rests on this picture.")
        yield KeepTogether(
            [_heading(_("Dose-volume histograms")), picture, said(caption, colour="#5d646c")]
        )


def findings(report: Report, width: float) -> Iterator[Any]:
    """Yield every finding, by family."""
    yield _heading(_("All findings"))
    widths = [width * share for share in (0.36, 0.12, 0.14, 0.1, 0.12, 0.16)]
    head = [_("Finding"), _("Metric"), _("Value"), _("Limit"), _("Margin"), _("Source")]
    for family in sections.families(report):
        rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
        rows += [_row(finding) for finding in family.findings]
        # A title at the foot of a page would lose its table.
        yield CondPageBreak(70)
        yield markup(f"<b>{escape(family.title)}</b>  {escape(family.counts)}", size=9)
        yield Spacer(1, 3)
        # Without a metric the sentence takes the room of the numbers.
        bare = [i for i, one in enumerate(family.findings, start=1) if not one.metric]
        yield grid(rows, widths, extra=[("SPAN", (0, i), (4, i)) for i in bare])
        yield Spacer(1, 8)


def _row(finding: Finding) -> list[Any]:
    subject = escape(clip(told(finding.subject), 64))
    beside = "" if finding.governs else f" ({escape(_('shown beside, does not govern'))})"
    remedy = f"<br/>→ {escape(clip(told(finding.remedy), 400))}" if finding.remedy else ""
    message = escape(clip(told(finding.message), 700))
    first = f"{_badge(finding.status)} <b>{subject}</b> {escape(clean(finding.code))}{beside}"
    return [
        markup(f"{first}<br/>{message}{remedy}", size=7),
        said(told(finding.metric), size=7),
        said(spaced((value_words(finding), band_words(finding)), "  "), size=7),
        said(limit_words(finding), size=7),
        said(spaced((margin_words(finding), margin_percent(finding)), "  "), size=7),
        said(_source(finding), size=6, longest=160),
    ]


def opinions(report: Report, width: float) -> Iterator[Any]:
    """Yield the limits of each contour that several guidelines limit, the governing ones first."""
    groups = sections.disagreeing(report)
    if not groups:
        return
    yield _heading(_("Where guidelines disagree"))
    head = [_("Structure"), _("Metric"), _("Value"), _("Guideline"), _("Limit"), _("Status")]
    rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
    for group in groups:
        for finding in group:
            governs = spaced((finding.guideline, _("governs") if finding.governs else ""), ", ")
            cells = (finding.subject, told(finding.metric), value_words(finding), governs)
            rows.append(
                [
                    *(said(cell, size=7, longest=64) for cell in cells),
                    said(limit_words(finding), size=7),
                    markup(_badge(finding.status), size=7),
                ]
            )
    yield grid(rows, [width * share for share in (0.2, 0.14, 0.14, 0.24, 0.12, 0.16)])


def coverage(report: Report, width: float) -> Iterator[Any]:
    """Yield what is said about target coverage, met or not."""
    found = sections.coverage(report)
    if found or report.missed:
        yield _heading(_("Target coverage and the cord"))
        for finding in found:
            yield markup(
                f"{_badge(finding.status)} {escape(finding.code)} "
                f"{escape(clip(told(finding.message), 700))}"
            )
        if report.missed:
            yield from _missed(report, width)


def _missed(report: Report, width: float) -> Iterator[Any]:
    """Yield how much of what the targets miss lies near the cord."""
    first = report.missed[0]
    words = _("How much of what the targets miss lies within {margin} mm of {contour}:")
    margin = decimal(f"{first.margin_mm:g}")
    yield said(words.format(margin=margin, contour=clip(clean(first.contour), 64)))
    head = [_("Target"), _("Gets less than"), _("Volume (cc)")]
    head += [_("of it near the cord (cc)"), _("Share")]
    rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
    for one in report.missed:
        level = decimal(f"{one.level_percent:.6g} %, {one.dose_gy:.6g} Gy")
        share = decimal(f"{one.near_percent:.1f} %")
        cells = (one.roi_name, level, number(one.missed_cc), number(one.near_cc), share)
        rows.append([said(cell, size=7, longest=64) for cell in cells])
    yield grid(rows, [width * part for part in (0.3, 0.22, 0.16, 0.2, 0.12)])


def population(report: Report, width: float) -> Iterator[Any]:
    """Yield the plan among those of its kind in an archive; nothing without one."""
    if not report.population:
        return
    yield _heading(_("Among the plans of its kind in the archive"))
    yield said(_("Information only: no status rests on it."))
    head = [_("Structure"), _("Metric"), _("Value"), _("Plans"), _("Place"), _("Median")]
    head += [_("Lowest"), _("Highest")]
    rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
    for one in report.population:
        band = one.band and f"({interval_words(one.band)})"
        value = spaced((_answer(one.value), one.unit if one.value is not None else "", band or ""))
        cells = (one.roi_name, one.metric, value, str(one.cases), population_words(one))
        spread = (_answer(one.median), _answer(one.lowest), _answer(one.highest))
        rows.append([said(cell, size=7, longest=64) for cell in (*cells, *spread)])
    yield grid(rows, [width * part for part in (0.2, 0.1, 0.12, 0.08, 0.2, 0.1, 0.1, 0.1)])


def structures(report: Report, width: float) -> Iterator[Any]:
    """Yield how each ROI was matched."""
    if not report.structures:
        return
    yield _heading(_("Structures"))
    head = ["ROI", _("Name in the export"), _("Taken for"), _("How"), _("Volume (cc)")]
    rows: list[list[Any]] = [[said(t, bold=True, size=7) for t in (*head, _("Outside grid (cc)"))]]
    for row in report.structures:
        matched = row.matched or _("not matched")
        cells = (str(row.roi_number), row.roi_name, matched, told(row.how))
        rows.append(
            [
                *(said(cell, size=7, longest=80) for cell in cells),
                said(_answer(row.volume_cc), size=7, right=True),
                said(_answer(row.outside_grid_cc), size=7, right=True),
            ]
        )
    yield grid(rows, [width * share for share in (0.07, 0.25, 0.2, 0.24, 0.12, 0.12)])


def not_applicable(report: Report, width: float) -> Iterator[Any]:
    """Yield the questions that do not arise."""
    if not report.not_applicable:
        return
    yield _heading(_("Not applicable"))
    head = (_("Check"), _("Subject"), _("Reason"))
    rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
    for one in report.not_applicable:
        cells = ((one.code, 12), (told(one.subject), 64), (told(one.reason), 400))
        rows.append([said(cell, size=7, longest=longest) for cell, longest in cells])
    yield grid(rows, [width * share for share in (0.1, 0.25, 0.65)])


def site(report: Report, width: float) -> Iterator[Any]:
    """Yield what the site file changed; nothing without one."""
    del width
    if not report.site:
        return
    yield _heading(_("What the site file changed"))
    yield from (said(f"• {line}", size=8) for line in site_lines(report))


def remarks(report: Report, width: float) -> Iterator[Any]:
    """Yield what an export cannot answer, and what the reader assumed."""
    del width
    if report.appendix:
        yield _heading(_("What an export cannot answer"))
        yield from (said(f"• {told(line)}", size=7) for line in report.appendix)
    if report.notes:
        yield _heading(_("Notes"))
        yield from (said(f"• {told(line)}", size=7) for line in report.notes)


def inputs(report: Report, width: float) -> Iterator[Any]:
    """Yield the files with their hashes."""
    yield _heading(_("Inputs"))
    if not report.inputs:
        yield said(_("No files are listed."))
        return
    head = (_("File"), _("Modality"), "SHA-256")
    rows: list[list[Any]] = [[said(title, bold=True, size=7) for title in head]]
    for file in report.inputs:
        cells = (file.path, file.modality, file.sha256)
        rows.append([said(cell, size=6, longest=120) for cell in cells])
    yield grid(rows, [width * share for share in (0.42, 0.1, 0.48)])


def _heading(text: str) -> Any:
    return said(text, size=13, bold=True)


def _badge(status: Status) -> str:
    hue = TONES[status].hexval().replace("0x", "#")
    return (
        f'<font color="{hue}"><b>{STATUS_SYMBOL[status]} {escape(status_word(status))}</b></font>'
    )


def _source(finding: Finding) -> str:
    strength = finding.evidence and f"[{finding.evidence}]"
    return spaced((finding.guideline, finding.source, finding.doi, strength), "  ")


SECTIONS: Final[tuple[Section, ...]] = (
    attention,
    site,
    histograms,
    findings,
    opinions,
    coverage,
    population,
    structures,
    not_applicable,
    remarks,
    inputs,
)
"""In the order of the HTML page."""
