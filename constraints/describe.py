"""Every row of a guideline that is no plain limit, in one sentence a person reads."""

from collections.abc import Callable, Iterable
from typing import Any

from constraints.delineation import DelineationRule, MarginRule, SectorRule
from constraints.limits import ConditionalLimit, Limit, PartLimit, RescaledLimit
from constraints.model import Guideline, Row
from constraints.reirradiation import ReirradiationRule, RiskScore
from constraints.rules import (
    GridRule,
    IndexLimit,
    PracticeRange,
    ReportItem,
    RiskCurve,
    RiskFlag,
    VolumeTable,
)

__all__ = ["SECTIONS", "describe", "sections"]

# Field of a guideline: heading, in the order a reader wants them. Limits, schemes, ranges and
# statements have tables of their own.
SECTIONS = {
    "part_limits": "Limits on a part of a structure",
    "conditional_limits": "Limits for a situation a plan does not show: listed, never evaluated",
    "rescaled_limits": "Goals stated for another number of fractions",
    "risk_curves": "Risk curves: several figures, each with its risk; no limit among them",
    "practices": "What experts or trials use: no limit",
    "risk_flags": "Risk flags",
    "reirradiation": "Re-irradiation",
    "scores": "Risk scores",
    "volume_tables": "By target volume",
    "indices": "Plan indices",
    "report_items": "To be reported",
    "grids": "Dose grid and planning image",
    "sectors": "Delineation: sectors",
    "margins": "Delineation: margins",
    "delineation": "Delineation: rules",
}


def sections(guideline: Guideline) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """Return (heading, rows) of every kind of row a guideline has besides the plain ones.

    Examples
    --------
    >>> from constraints.loader import load
    >>> [heading for heading, _ in sections(load("vcf-v15-2021"))]
    ['Risk flags']
    """
    found = ((heading, getattr(guideline, field)) for field, heading in SECTIONS.items())
    return tuple((heading, rows) for heading, rows in found if rows)


def describe(row: Row) -> str:
    """Return a row in one sentence; empty for a row that has a table of its own.

    Examples
    --------
    >>> from constraints.loader import load
    >>> describe(load("vcf-v15-2021").risk_flags[0])
    'PTV V15Gy[cc] > 42 cc: raised, in 1 fraction'
    """
    words = _WORDS.get(type(row))
    return words(row) if words else ""


def _bound(row: Limit) -> str:
    names = _listed(row.structures)
    return f"{names} {row.metric} {row.comparison} {row.value:g} {row.unit}{_in(row.fractions)}"


def _part(row: PartLimit) -> str:
    low, high = row.extent_mm
    reach = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{_bound(row)}, from {reach} mm above to {reach} mm below the target"


def _conditional(row: ConditionalLimit) -> str:
    return f"{_bound(row)}; {row.condition}"


def _rescaled(row: RescaledLimit) -> str:
    return (
        f"{_bound(row)}, stated for {row.reference_fractions:g} fractions, alpha/beta "
        f"{row.alpha_beta_gy:g} Gy"
    )


def _curve(row: RiskCurve) -> str:
    points = "; ".join(f"{figure:g} {row.unit} {risk}" for figure, risk in row.points)
    condition = f" ({row.condition})" if row.condition else ""
    return f"{_listed(row.structures)} {row.metric}{_in(row.fractions)}{condition}: {points}"


def _practice(row: PracticeRange) -> str:
    low, high = row.span
    figures = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    after = f" after {_pairs(row.after)}" if row.after else ""
    condition = f", {row.condition}" if row.condition else ""
    names = _listed(row.structures)
    return f"{names} {row.metric} {figures} {row.unit}{_in(row.fractions)}{after}{condition}"


def _flag(row: RiskFlag) -> str:
    what = {
        "dose_per_fraction": "prescribed dose per fraction",
        "prescription": "prescribed dose",
        "metric": f"{_listed(row.structures)} {row.metric}",
    }[row.measure]
    scale = f" as EQD2({row.alpha_beta_gy:g})" if row.alpha_beta_gy is not None else ""
    more = f"; more so with {_listed(row.modifiers)}" if row.modifiers else ""
    bound = f"{row.comparison} {row.value:g} {row.unit}"
    return f"{what}{scale} {bound}: {row.level}{_comma(_in(row.fractions))}{more}"


def _reirradiation(row: ReirradiationRule) -> str:
    what = row.quantity.replace("_", " ")
    on = f" {_listed(row.structures)}" if row.structures and row.quantity != "interval" else ""
    metric = f" {row.metric}" if row.metric is not None else ""
    after = f", after {_pairs(row.after)}" if row.after else ""
    months = f", from {row.after_months:g} months on" if row.after_months is not None else ""
    third = f", course {row.courses}" if row.courses > 2 else ""
    judged = "; a person must judge" if row.decision else ""
    bound = f"{row.comparison} {row.value:g} {row.unit}"
    return f"{what}{on}{metric} {bound}{_in(row.fractions)}{after}{months}{third}{judged}"


def _score(row: RiskScore) -> str:
    groups = "; ".join(
        f"{group.name} from {group.low:g}"
        + (f" to {group.high:g}" if group.high is not None else " on")
        + (f": {group.risk_percent:g} %" if group.risk_percent is not None else "")
        for group in row.groups
    )
    return f"{_listed(row.structures)}, {len(row.items)} items; points {groups}"


def _volumes(row: VolumeTable) -> str:
    unit = "% of the prescription" if row.unit == "%Rx" else ""
    lines = "; ".join(f"{r.volume_cc:g} cc {r.none:g}/{r.minor:g}" for r in row.rows)
    head = f"{row.index} {unit}".strip()
    return f"{head}{_in(row.fractions)}, no deviation / minor up to: {lines}"


def _index(row: IndexLimit) -> str:
    names = _listed(row.structures)
    return f"{names} {row.index} {row.comparison} {row.value:g}{_in(row.fractions)}"


def _report(row: ReportItem) -> str:
    return f"{_listed(row.structures)} {row.metric or row.index}: {row.summary}"


def _grid(row: GridRule) -> str:
    what = {"dose_grid": "voxel edge", "ct": "slice thickness"}[row.subject]
    return f"{what} {row.comparison} {row.value_mm:g} mm, {row.plans}"


def _sectors(row: SectorRule) -> str:
    extra = f", {_listed(row.optional)} optional" if row.optional else ""
    doubt = f", {_listed(row.disputed)} disputed" if row.disputed else ""
    return _plain(f"GTV in {_listed(row.gtv)}: CTV {_listed(row.ctv)}{extra}{doubt}")


def _margin(row: MarginRule) -> str:
    low, high = row.margin_mm
    figures = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    condition = f"; {row.condition}" if row.condition else ""
    return f"{row.inner} to {row.outer}, {row.direction}: {figures} mm{condition}"


def _rule(row: DelineationRule) -> str:
    return row.summary


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _plain(text: str) -> str:
    return text.replace("_", " ")


def _in(fractions: tuple[int, ...]) -> str:
    """Return the numbers of fractions as words, with a space before; empty for any number.

    Examples
    --------
    >>> _in((1,)), _in((1, 3, 5)), _in((3, 4, 5))
    (' in 1 fraction', ' in 1, 3, 5 fractions', ' in 3 to 5 fractions')
    """
    if not fractions:
        return ""
    if len(fractions) > 2 and fractions == tuple(range(fractions[0], fractions[-1] + 1)):
        return f" in {fractions[0]} to {fractions[-1]} fractions"
    word = "fraction" if fractions == (1,) else "fractions"
    return f" in {_listed(map(str, fractions))} {word}"


def _comma(text: str) -> str:
    return f",{text}" if text else ""


def _pairs(pairs: Iterable[tuple[float, int]]) -> str:
    return _listed(f"{dose:g}/{count}" for dose, count in pairs)


_WORDS: dict[type[Any], Callable[[Any], str]] = {
    PartLimit: _part,
    ConditionalLimit: _conditional,
    RescaledLimit: _rescaled,
    RiskCurve: _curve,
    PracticeRange: _practice,
    RiskFlag: _flag,
    ReirradiationRule: _reirradiation,
    RiskScore: _score,
    VolumeTable: _volumes,
    IndexLimit: _index,
    ReportItem: _report,
    GridRule: _grid,
    SectorRule: _sectors,
    MarginRule: _margin,
    DelineationRule: _rule,
}
