"""Words and numbers as every renderer writes them, and strings made safe to show."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from planchecker.locale import decimal, ngettext
from planchecker.locale import gettext as _
from planchecker.results import (
    Finding,
    PlanSummary,
    PopulationRow,
    Report,
    SchemeMatch,
    Status,
)

__all__ = [
    "FAMILY",
    "STATUS_SYMBOL",
    "STATUS_WORD",
    "band_words",
    "clean",
    "clip",
    "count_words",
    "interval_words",
    "limit_words",
    "margin_percent",
    "margin_words",
    "number",
    "numbers_speak",
    "plan_title",
    "population_words",
    "prescription_words",
    "scheme_words",
    "significant",
    "site_lines",
    "spaced",
    "status_name",
    "status_word",
    "value_words",
    "verdict_words",
]

STATUS_WORD: Final = {
    Status.FAIL: "FAIL",
    Status.NOT_EVALUATED: "NOT EVALUATED",
    Status.BORDERLINE: "BORDERLINE",
    Status.MANUAL: "MANUAL",
    Status.WARN: "WARN",
    Status.PASS: "PASS",
}
STATUS_SYMBOL: Final = {
    Status.FAIL: "✕",
    Status.NOT_EVALUATED: "?",
    Status.BORDERLINE: "≈",
    Status.MANUAL: "◆",
    Status.WARN: "!",
    Status.PASS: "✓",
}
_VERDICT: Final = {
    Status.FAIL: "a mandatory limit is exceeded, or the plan contradicts itself.",
    Status.NOT_EVALUATED: "not every question could be answered, and that is not a pass.",
    Status.BORDERLINE: "a limit lies inside the uncertainty of the value.",
    Status.MANUAL: "a person must judge before this plan is accepted.",
    Status.WARN: "no mandatory limit is exceeded; read the warnings.",
    Status.PASS: "every question that applies was asked, answered and met.",
}
FAMILY: Final = {
    "ID": "Identity and object chain",
    "IM": "Image",
    "ST": "Structures",
    "RX": "Prescription and scheme",
    "BM": "Beams",
    "DG": "Dose grid",
    "DL": "Dose limits",
    "TC": "Target coverage",
    "SO": "Second opinion",
    "RI": "Re-irradiation",
    "DE": "Delineation",
}
"""Check families by the first letters of their codes, in the order of a report."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNSAFE: Final = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
_MOST_DECIMALS: Final = 6


def clean(text: str) -> str:
    r"""Make one line of a string from an export safe to show.

    Line breaks and tabs become a blank. Control, bidirectional and zero-width characters and
    lone surrogates become U+FFFD: they could move the cursor, reorder a line or hide in it.

    Examples
    --------
    >>> clean("Cord\nleft")
    'Cord left'
    >>> clean("PTV\x1b[2J") == "PTV\N{REPLACEMENT CHARACTER}[2J"
    True
    """
    if text.isascii() and text.isprintable():
        return text
    single = " ".join(text.splitlines()).replace("\t", " ")
    return "".join(
        _REPLACEMENT if unicodedata.category(character) in _UNSAFE else character
        for character in single
    )


def clip(text: str, longest: int) -> str:
    """Shorten `text` to at most `longest` characters, the last one an ellipsis.

    Examples
    --------
    >>> clip("SpinalCord", 6)
    'Spina…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def significant(value: float) -> float | None:
    """Round to 6 significant digits; None where the value is not a finite number.

    Examples
    --------
    >>> significant(16.98765432)
    16.9877
    >>> significant(float("inf")) is None
    True
    """
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.6g}")
    return 0.0 if rounded == 0 else rounded


def number(value: float, *, apart_from: float | None = None) -> str:
    """Write a number with two decimals, or with more where two would hide a difference.

    Parameters
    ----------
    value
        The number.
    apart_from
        A bound that a different number must not be mistaken for, such as the limit.

    Examples
    --------
    >>> number(16.987)
    '16.99'
    >>> number(17.0004, apart_from=17.0)
    '17.0004'
    >>> number(0.0)
    '0.00'
    """
    if not math.isfinite(value):
        return _("not a number") if math.isnan(value) else _("unbounded")
    for decimals in range(2, _MOST_DECIMALS + 1):
        text = f"{value:.{decimals}f}"
        if apart_from is None or value == apart_from or float(text) != apart_from:
            break
    else:
        text = repr(value)
    return decimal(text.removeprefix("-") if float(text) == 0 else text)


def value_words(finding: Finding) -> str:
    """Write the value of a finding with its unit; empty where the finding has no metric."""
    if finding.value is None:
        return _("no answer") if finding.metric else ""
    return f"{number(finding.value, apart_from=finding.limit)} {finding.unit}".rstrip()


def interval_words(band: tuple[float, float], *, apart_from: float | None = None) -> str:
    """Write an interval; an end that is open is left out.

    Examples
    --------
    >>> interval_words((16.9, 17.08))
    '16.90 to 17.08'
    >>> interval_words((3.0, float("inf")))
    'at least 3.00'
    """
    low, high = (number(end, apart_from=apart_from) for end in band)
    if not math.isfinite(band[1]):
        return _("at least {low}").format(low=low)
    if not math.isfinite(band[0]):
        return _("at most {high}").format(high=high)
    return _("{low} to {high}").format(low=low, high=high)


def band_words(finding: Finding) -> str:
    """Write the band of a finding; empty where there is none."""
    if finding.band is None:
        return ""
    return interval_words(finding.band, apart_from=finding.limit)


def margin_words(finding: Finding) -> str:
    """Write the distance to the limit: how much is left, or how far the value misses it."""
    if finding.margin is None:
        return ""
    distance = f"{number(abs(finding.margin), apart_from=0.0)} {finding.unit}".rstrip()
    if finding.margin >= 0:
        return _("{distance} left").format(distance=distance)
    if finding.comparison.startswith("<"):
        return _("{distance} over").format(distance=distance)
    return _("{distance} short").format(distance=distance)


def margin_percent(finding: Finding) -> str:
    """Write the margin in percent of the limit, with its sign; empty where that says nothing.

    Examples
    --------
    >>> over = Finding(
    ...     code="DL001", subject="Cord", status=Status.FAIL, message="", limit=17.0, margin=-1.7
    ... )
    >>> margin_percent(over)
    '−10.0 %'
    """
    if finding.margin is None or not finding.limit or not math.isfinite(finding.margin):
        return ""
    share = 100 * finding.margin / abs(finding.limit)
    return decimal(f"{share:+.1f} %").replace("-", "\N{MINUS SIGN}")


def _sensible(limit: float) -> float:
    """Return a limit without digits that only its calculation brought in."""
    rounded = round(limit, 3)
    return rounded if abs(rounded - limit) < 1e-3 * abs(limit) else limit


def limit_words(finding: Finding) -> str:
    """Write the limit with its comparison and unit; empty where there is none."""
    if finding.limit is None:
        return ""
    sign = {"<=": "≤", ">=": "≥"}.get(finding.comparison, finding.comparison)
    return spaced((sign, decimal(f"{_sensible(finding.limit):.10g}"), finding.unit))


def numbers_speak(finding: Finding) -> bool:
    """Whether value, limit and margin alone explain the status, without the message."""
    if finding.value is None or finding.limit is None or finding.margin is None:
        return False
    if finding.decided:
        return False
    if finding.status is Status.PASS:
        return finding.margin >= 0
    return finding.status in (Status.FAIL, Status.WARN) and finding.margin < 0


def count_words(report: Report) -> str:
    """Count the findings by status, worst first.

    Examples
    --------
    >>> finding = Finding(code="ID001", subject="plan", status=Status.PASS, message="ok")
    >>> count_words(Report(findings=(finding, finding)))
    '2 pass'
    """
    present = [finding.status for finding in report.findings]
    return ", ".join(
        f"{present.count(status)} {status_name(status)}" for status in Status if status in present
    )


def verdict_words(report: Report) -> str:
    """Say in one sentence what the status of the report means."""
    if not report.findings:
        return _("nothing was evaluated, and that is not a pass.")
    return _(_VERDICT[report.status])


def status_word(status: Status) -> str:
    """Write a status as a badge shows it."""
    return _(STATUS_WORD[status])


def status_name(status: Status) -> str:
    """Write a status within a sentence."""
    return _(status.value)


def plan_title(report: Report) -> str:
    """Name the plan of a report by its label."""
    if report.plan is None:
        return _("No plan")
    label = clean(report.plan.label) or _("without label")
    return _("Plan {label}").format(label=label)


def population_words(row: PopulationRow) -> str:
    """Write the place of a plan among those of its kind, or why none is told.

    Examples
    --------
    >>> few = PopulationRow(
    ...     roi_number=1, roi_name="Cord", matched="SpinalCord", metric="Dmax", value=9.0,
    ...     unit="Gy", cases=3, reason="too few to compare",
    ... )
    >>> population_words(few)
    'too few to compare'
    """
    if row.percentile is not None:
        return _("percentile {number}").format(number=decimal(f"{row.percentile:.0f}"))
    known = {
        "no answer": _("no answer"),
        "scheme or technique unknown": _("scheme or technique unknown"),
        "there is no plan": _("there is no plan"),
        "too few to compare": _("too few to compare"),
        "the archive is without plan UIDs": _("the archive is without plan UIDs"),
        "the protocol does not say how many plans are enough": _(
            "the protocol does not say how many plans are enough"
        ),
    }
    return known.get(row.reason, clean(row.reason))


def prescription_words(plan: PlanSummary) -> str:
    """Write the prescription, ``24 Gy in 2 fractions``, with where it was read."""
    dose = _("unknown dose")
    if plan.prescribed_dose_gy is not None:
        dose = decimal(f"{plan.prescribed_dose_gy:g}") + " Gy"
    if plan.fractions is None:
        words = _("{dose} in an unknown number of fractions").format(dose=dose)
    else:
        words = ngettext(
            "{dose} in {count} fraction", "{dose} in {count} fractions", plan.fractions
        ).format(dose=dose, count=plan.fractions)
    source = clean(plan.prescription_source)
    return f"{words} ({_(source)})" if source else words


def scheme_words(scheme: SchemeMatch) -> str:
    """Write the recognised scheme with its confidence, or that it is unknown."""
    if not scheme.id:
        return _("unknown")
    parts = [clean(scheme.id)]
    if scheme.indication:
        parts.append(clean(scheme.indication))
    return f"{', '.join(parts)} ({_(clean(scheme.confidence))})"


def site_lines(report: Report) -> Iterator[str]:
    """Yield what the site file changed, loosened limits first; nothing without a site file.

    Examples
    --------
    >>> list(site_lines(Report(findings=(), site="hospital")))
    ['site file hospital: nothing changed']
    """
    if not report.site:
        return
    head = f"{_('site file')} {clean(report.site)}"
    if not report.site_changes:
        yield f"{head}: {_('nothing changed')}"
    for one in sorted(report.site_changes, key=lambda change: change.direction != "loosened"):
        figures = f"{clean(one.before)} \N{RIGHTWARDS ARROW} {clean(one.after)}"
        who = spaced((clean(one.approver), clean(one.date)), ", ")
        why = spaced((clean(one.direction), clean(one.reason), who), "; ")
        yield f"{head}: {clean(one.where)}: {figures} ({why})"


def spaced(parts: Sequence[str], separator: str = " ") -> str:
    """Join the parts that are not empty."""
    return separator.join(part for part in parts if part)
