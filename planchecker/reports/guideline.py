"""One guideline as a page to hang on the wall: limits with fractions as columns, schemes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from constraints.model import Evidence, Guideline, Limit, Scheme, SchemeRange, Statement
from planchecker.reports.guideline_rules import rule_tables
from planchecker.reports.style import Style
from planchecker.reports.tables import prose, table
from planchecker.reports.text import spaced

__all__ = ["render_guideline"]

_SIGN: Final = {"<=": "≤", ">=": "≥"}
_STRENGTHS: Final = (
    "Strength: A the publication's own page, B two independent transcriptions, "
    "C one transcription or derived (never a fail), D memory (switched off)."
)
_Key = tuple[str, ...]


def render_guideline(guideline: Guideline, style: Style | None = None) -> str:
    """Write a guideline as plain text.

    Parameters
    ----------
    guideline
        Rows of strength D are listed apart, as switched off.
    style
        Width, colour and characters of the terminal.
    """
    style = style or Style()
    live = [limit for limit in guideline.limits if limit.evidence is not Evidence.D]
    off = [limit for limit in guideline.limits if limit.evidence is Evidence.D]
    parts = [
        prose(_head(guideline), style),
        *_limit_tables(live, style),
        *_scheme_tables(guideline, style),
        *rule_tables(guideline, style),
        *_statement_table(guideline.statements, style),
    ]
    if off:
        parts.append(_limits(off, "Switched off: strength D, from memory, no status", style))
    named: tuple[Scheme | SchemeRange, ...] = (*guideline.schemes, *guideline.ranges)
    dropped = [row for row in named if row.evidence is Evidence.D]
    if dropped:
        parts.append(_schemes(dropped, "Switched off schemes: strength D, from memory", style))
    if notes := tuple(_notes(guideline)):
        parts.append(table(("Rows", "Note"), notes, style=style, title="Notes"))
    parts.append(prose((_STRENGTHS,), style))
    return "\n".join(parts)


def _head(guideline: Guideline) -> tuple[str, ...]:
    source = guideline.source
    place = f"https://doi.org/{source.doi}" if source.doi else source.locator
    unread = source.unread and (
        f"Not compared with the publication: {', '.join(source.unread)} of this entry."
    )
    lines = (
        guideline.id,
        "=" * len(guideline.id),
        source.title,
        spaced((source.authors, str(source.year or "undated")), ", "),
        place,
        unread,
        guideline.summary,
    )
    return tuple(line for line in lines if line)


def _limit_tables(limits: Sequence[Limit], style: Style) -> Iterator[str]:
    scopes = dict.fromkeys((limit.technique, limit.course) for limit in limits)
    for technique, course in scopes:
        rows = [one for one in limits if (one.technique, one.course) == (technique, course)]
        course_words = {"first": "first course", "reirradiation": "re-irradiation"}
        scope = course_words.get(course.value, "any course")
        yield _limits(rows, f"Limits: {technique.value}, {scope}", style)


def _limits(limits: Sequence[Limit], title: str, style: Style) -> str:
    fractions = sorted({number for limit in limits for number in limit.fractions})
    any_number = any(not limit.fractions for limit in limits)
    columns: list[int | None] = [*fractions, *([None] if any_number else [])]
    rows: dict[_Key, list[Limit]] = {}
    for limit in limits:
        rows.setdefault(_key(limit, style), []).append(limit)
    head = ("Structure", "Metric", "Unit", *map(_column_title, columns), "Kind", "Scope", "Where")
    body = [_line(key, row, columns) for key, row in rows.items()]
    numbers = range(3, 3 + len(columns))
    return table(head, body, style=style, title=title, right=numbers)


def _key(limit: Limit, style: Style) -> _Key:
    sign = limit.comparison.value
    scope = (
        ", ".join(f"{dose:g}/{number}" for dose, number in limit.schemes),
        _dose_per_fraction(limit),
        ", ".join(limit.sites),
        limit.endpoint,
    )
    return (
        ", ".join(limit.structures),
        f"{limit.metric} {_SIGN.get(sign, sign) if style.symbols else sign}",
        "% of Rx" if limit.unit == "%Rx" else limit.unit,
        limit.kind.value,
        spaced(scope, "; "),
        limit.where,
    )


def _dose_per_fraction(limit: Limit) -> str:
    if limit.dose_per_fraction_gy is None:
        return ""
    low, high = limit.dose_per_fraction_gy
    return f"{low:g} to {high:g} Gy per fraction"


def _column_title(fractions: int | None) -> str:
    return "any fx" if fractions is None else f"{fractions} fx"


def _line(key: _Key, limits: Sequence[Limit], columns: Sequence[int | None]) -> tuple[str, ...]:
    structures, metric, unit, kind, scope, where = key
    cells = []
    for column in columns:
        here = [
            one
            for one in limits
            if (column in one.fractions or (not one.fractions and column is None))
        ]
        cells.append(" / ".join(f"{one.value:.10g} {one.evidence.value}" for one in here))
    return (structures, metric, unit, *cells, kind, scope, where)


def _scheme_tables(guideline: Guideline, style: Style) -> Iterator[str]:
    schemes = [row for row in guideline.schemes if row.evidence is not Evidence.D]
    ranges = [row for row in guideline.ranges if row.evidence is not Evidence.D]
    if schemes:
        yield _schemes(schemes, "Schemes", style)
    if ranges:
        yield _schemes(ranges, "Ranges: never a pass by themselves", style)


def _schemes(rows: Iterable[Scheme | SchemeRange], title: str, style: Style) -> str:
    head = ("Indication", "Gy / fractions", "Standing", "Technique", "Course", "Strength", "Where")
    body = [
        (
            row.indication,
            f"{_span(row.dose_gy)} / {_span(row.fractions)}",
            row.standing.value,
            _delivery(row),
            row.course.value,
            row.evidence.value,
            row.where,
        )
        for row in rows
    ]
    return table(head, body, style=style, title=title, whole=(0, 1))


def _delivery(row: Scheme | SchemeRange) -> str:
    technique = row.technique.value if row.technique is not None else ""
    return spaced((technique, ", ".join(row.delivery)), ": ") or "not named"


def _span(value: float | tuple[float, float]) -> str:
    low, high = value if isinstance(value, tuple) else (value, value)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _statement_table(statements: Sequence[Statement], style: Style) -> Iterator[str]:
    if statements:
        body = [(row.id, row.summary, row.evidence.value, row.where) for row in statements]
        head = ("Row", "What it says", "Strength", "Where")
        yield table(
            head, body, style=style, title="Statements: listed, never evaluated", whole=(0,)
        )


def _notes(guideline: Guideline) -> Iterator[tuple[str, str]]:
    gathered: dict[str, list[str]] = {}
    for row in guideline.rows:
        if row.note:
            # One row of a table becomes one limit per number of fractions: name it once.
            gathered.setdefault(row.note, []).append(row.id.partition("/")[0])
    return ((", ".join(dict.fromkeys(ids)), note) for note, ids in gathered.items())
