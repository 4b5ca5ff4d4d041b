"""Reports for the terminal: worst first, one line a finding, words before colour."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from planchecker.locale import colon
from planchecker.locale import gettext as _
from planchecker.reports.spoken import told
from planchecker.reports.style import Style
from planchecker.reports.tables import plain, screen
from planchecker.reports.text import (
    band_words,
    clean,
    clip,
    count_words,
    interval_words,
    limit_words,
    margin_words,
    number,
    numbers_speak,
    plan_title,
    population_words,
    prescription_words,
    scheme_words,
    site_lines,
    spaced,
    status_word,
    value_words,
    verdict_words,
)
from planchecker.results import Finding, PopulationRow, Report, Status

__all__ = ["render"]

_STATUS_STYLE: Final = {
    Status.FAIL: "bold white on red",
    Status.NOT_EVALUATED: "bold black on yellow",
    Status.BORDERLINE: "bold yellow",
    Status.MANUAL: "bold magenta",
    Status.WARN: "bold cyan",
    Status.PASS: "bold green",
}
_LONGEST_SUBJECT = 24
_LONGEST_PROSE = 1000


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write reports for a terminal.

    Parameters
    ----------
    reports
        One or more.
    style
        Width, colour and characters of the terminal; plain text of 120 columns by default.

    Examples
    --------
    >>> finding = Finding(code="ID001", subject="plan", status=Status.PASS, message="same patient")
    >>> print(render([Report(findings=(finding,))], Style(verbose=True)).splitlines()[-1])
    PASS  ID001  plan  same patient
    """
    style = style or Style()
    console, buffer = screen(style)
    for index, report in enumerate(reports):
        if index:
            console.print()
        _print_report(console, report, style)
    if len(reports) > 1:
        _print_overview(console, reports)
    return plain(buffer.getvalue(), style)


def _print_report(console: Console, report: Report, style: Style) -> None:
    _print_head(console, report, style)
    shown = [f for f in report.ranked if style.verbose or f.status is not Status.PASS]
    if shown:
        console.print()
        console.print(_table(shown, style))
    tail = list(_tail(report, style))
    if tail:
        console.print()
    for line in tail:
        console.print(Text(line))
    if report.population:
        console.print()
        console.print(Text(_("Among the plans of its kind in the archive"), style="bold"))
        console.print(Text(_("Information only: no status rests on it.")))
        console.print(_population(report.population))


def _print_head(console: Console, report: Report, style: Style) -> None:
    word = Text(status_word(report.status), style=_STATUS_STYLE[report.status])
    console.print(word + Text(f"{colon()}{verdict_words(report)}", style="bold"))
    plan = report.plan
    if plan is not None:
        patient = spaced((clean(plan.patient_name), clean(plan.patient_id)), ", ")
        console.print(
            Text(spaced((plan_title(report), patient and f"{_('patient')} {patient}"), " · "))
        )
        facts = (prescription_words(plan), told(plan.technique) or _("technique unknown"))
        console.print(Text(spaced(facts, " · ")))
        scheme = spaced((scheme_words(plan.scheme), told(plan.scheme.why)), colon())
        console.print(Text(f"{_('scheme')} {scheme}"))
        if style.verbose and plan.scheme.would_change:
            console.print(Text(f"{_('would change it')}{colon()}{told(plan.scheme.would_change)}"))
    elif report.findings:
        console.print(Text(_("No plan")))
    protocol = report.protocol and f"{_('protocol')} {clean(report.protocol)}"
    if line := spaced((protocol, count_words(report)), " · "):
        console.print(Text(line, style="dim"))


def _table(findings: Iterable[Finding], style: Style) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    findings = tuple(findings)
    cells = {id(finding): _numbers(finding) for finding in findings}
    widths = [max((len(row[i]) for row in cells.values() if row), default=0) for i in range(3)]
    said = ""
    for finding in findings:
        body = _body(finding, cells[id(finding)], widths, style, said)
        said = finding.remedy or said
        table.add_row(*_prefix(finding), body)
    return table


def _prefix(finding: Finding) -> tuple[Text, Text, Text]:
    return (
        Text(status_word(finding.status), style=_STATUS_STYLE[finding.status]),
        Text(clean(finding.code)),
        Text(clip(told(finding.subject), _LONGEST_SUBJECT), style="bold"),
    )


def _numbers(finding: Finding) -> tuple[str, ...]:
    if not finding.metric:
        return ()
    band = band_words(finding)
    measured = spaced((told(finding.metric), value_words(finding), band and f"({band})"))
    if finding.limit is None:
        return measured, "", ""
    # A terminal without symbols gets them spelt at the end.
    return measured, limit_words(finding), margin_words(finding)


def _body(
    finding: Finding, numbers: Sequence[str], widths: Sequence[int], style: Style, said: str
) -> Text:
    body = Text()
    prose = clip(told(finding.message), _LONGEST_PROSE)
    if numbers:
        padded = (cell.ljust(width) for cell, width in zip(numbers, widths, strict=True))
        body.append("  ".join((*padded, _source(finding))).rstrip())
        if style.verbose or not numbers_speak(finding):
            body.append(f"\n{prose}", style="dim")
    else:
        body.append(spaced((prose, _source(finding)), "  "))
    if style.verbose and (place := spaced((clean(finding.source), clean(finding.doi)), ", ")):
        body.append(f"\n{place}", style="dim")
    if finding.remedy and finding.remedy != said:
        body.append(f"\n→ {clip(told(finding.remedy), _LONGEST_PROSE)}", style="italic")
    return body


def _source(finding: Finding) -> str:
    origin = clean(finding.guideline or finding.source)
    strength = finding.evidence and f"[{clean(finding.evidence)}]"
    return spaced((origin, strength, "" if finding.governs else _("(beside)"))) if origin else ""


def _tail(report: Report, style: Style) -> Iterable[str]:
    passes = sum(finding.status is Status.PASS for finding in report.findings)
    if passes and not style.verbose:
        yield _("{count} pass, not listed here; --verbose lists them.").format(count=passes)
    if report.structures:
        matched = sum(bool(row.matched) for row in report.structures)
        yield _("{count} of {total} structures matched to a TG-263 name.").format(
            count=matched, total=len(report.structures)
        )
    if report.not_applicable and style.verbose:
        for entry in report.not_applicable:
            place = spaced((clean(entry.code), told(entry.subject)))
            yield f"{_('not applicable')}{colon()}{place}{colon()}{told(entry.reason)}"
    elif report.not_applicable:
        yield _("{count} not applicable; --verbose lists them.").format(
            count=len(report.not_applicable)
        )
    if report.appendix and style.verbose:
        yield from (
            f"{_('not judged')}{colon()}{clip(told(line), _LONGEST_PROSE)}"
            for line in report.appendix
        )
    elif report.appendix:
        yield _("{count} questions an export cannot answer; --verbose lists them.").format(
            count=len(report.appendix)
        )
    yield from site_lines(report)
    for one in report.attestations:
        void = one.void and f"{_('Acceptance no longer valid')}{colon()}{told(one.void)}"
        words = _("Accepted by {who} on {when}: {why}").format(
            who=clean(one.by), when=clean(one.at), why=clip(clean(one.reason), _LONGEST_PROSE)
        )
        yield spaced((clean(one.finding), void, words, _("The status stays as it is.")))
    for note in report.notes:
        yield f"{_('note')}{colon()}{clip(told(note), _LONGEST_PROSE)}"


def _population(rows: Sequence[PopulationRow]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        told = ""
        if row.median is not None and row.lowest is not None and row.highest is not None:
            told = _("median {median}, {low} to {high}").format(
                median=number(row.median), low=number(row.lowest), high=number(row.highest)
            )
        value = "–" if row.value is None else f"{number(row.value)} {row.unit}"
        if row.band is not None:
            value = f"{value} ({interval_words(row.band)})"
        cells = (clip(clean(row.roi_name), _LONGEST_SUBJECT), row.metric, value)
        place = (population_words(row), _("{count} plans").format(count=row.cases), told)
        table.add_row(*(Text(cell) for cell in (*cells, *place)))
    return table


def _print_overview(console: Console, reports: Sequence[Report]) -> None:
    console.print()
    console.print(Text(_("{count} plans").format(count=len(reports)), style="bold"))
    for report in sorted(reports, key=lambda one: one.status.severity):
        word = Text(status_word(report.status).ljust(15), style=_STATUS_STYLE[report.status])
        console.print(word + Text(plan_title(report)))
