"""Published rules that no single bound on a contour can hold: ranges, curves, tables, grids."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from constraints.limits import Unit
from constraints.terms import (
    Comparison,
    Count,
    Course,
    Evidence,
    Kind,
    MetricField,
    Model,
    Number,
    Setting,
    Technique,
)

__all__ = [
    "GridRule",
    "Index",
    "IndexLimit",
    "PracticeRange",
    "ReportItem",
    "RiskCurve",
    "RiskFlag",
    "VolumeRow",
    "VolumeTable",
]

Index = Literal["CI_RTOG", "CI_Paddick", "HI_RTOG", "GI", "R50", "R100", "D2cm"]
"""Plan indices by their usual names.

CI_RTOG = prescription isodose volume / target volume; CI_Paddick = overlap squared / (target
volume x prescription isodose volume); HI_RTOG = maximum dose / prescription; GI = volume at half
the prescription / volume at the prescription; R50 = volume at half the prescription / target
volume; R100 = CI_RTOG under its trial name; D2cm = highest dose 2 cm or more from the target.
"""


class PracticeRange(Model):
    """What experts or trials use: shown beside a plan, never a limit."""

    id: str
    structures: tuple[str, ...]
    metric: MetricField
    span: tuple[Number, Number]
    """Lowest and highest figure in use; equal where only one is."""
    unit: Unit
    fractions: tuple[Count, ...] = ()
    technique: Technique
    course: Course = Course.FIRST
    after: tuple[tuple[Number, Count], ...] = ()
    """(dose in Gy, fractions) of the earlier course, for re-irradiation."""
    condition: str = ""
    """Situation the figures are for, such as a compressed cord."""
    evidence: Evidence
    where: str
    note: str = ""


class RiskCurve(Model):
    """Several figures for one metric, each with the risk that goes with it: no limit among them.

    A centre that wants one of the points as a limit says so in its site file.
    """

    id: str
    structures: tuple[str, ...]
    metric: MetricField
    comparison: Comparison = Comparison.BELOW
    unit: Unit
    points: tuple[tuple[Number, str], ...] = Field(min_length=1)
    """(figure, risk below it), rising."""
    fractions: tuple[Count, ...] = ()
    dose_per_fraction_gy: tuple[Number, Number] | None = None
    technique: Technique
    condition: str = ""
    evidence: Evidence
    where: str
    note: str = ""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        figures = [figure for figure, _ in self.points]
        if any(a > b for a, b in pairwise(figures)):
            raise ValueError(f"points {figures!r} must rise")
        return self


class RiskFlag(Model):
    """A figure above which a side effect of the target itself was seen more often."""

    id: str
    measure: Literal["dose_per_fraction", "prescription", "metric"]
    """What is compared: prescribed dose per fraction, prescribed dose, or a metric."""
    structures: tuple[str, ...] = ()
    """For a metric: the contour it is read on."""
    metric: MetricField | None = None
    alpha_beta_gy: Number | None = Field(default=None, gt=0)
    """The prescription is compared as EQD2 with this value; None for physical dose."""
    comparison: Comparison
    """The relation that raises the flag."""
    value: Number
    unit: Unit
    level: str
    """What a figure beyond it means, in one or two words."""
    fractions: tuple[Count, ...] = ()
    technique: Technique
    endpoint: str
    modifiers: tuple[str, ...] = ()
    """Findings that raise the risk further and that a plan does not show."""
    evidence: Evidence
    where: str
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.measure == "metric") != (self.metric is not None and bool(self.structures)):
            raise ValueError(f"measure {self.measure!r}: a metric needs structures, no other does")
        return self


class VolumeRow(Model):
    """One line of a table by target volume."""

    volume_cc: Number = Field(gt=0)
    none: Number
    """Up to here no deviation."""
    minor: Number
    """Up to here a minor deviation, beyond a major one."""
    evidence: Evidence | None = None
    """Where it differs from the strength of the table."""


class VolumeTable(Model):
    """An index whose bound depends on the volume of the target."""

    id: str
    index: Index
    unit: Literal["ratio", "%Rx"]
    structures: tuple[str, ...]
    fractions: tuple[Count, ...] = ()
    technique: Technique
    kind: Kind = Kind.OPTIMAL
    rows: tuple[VolumeRow, ...] = Field(min_length=2)
    evidence: Evidence
    where: str
    note: str = ""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        volumes = [row.volume_cc for row in self.rows]
        if any(a >= b for a, b in pairwise(volumes)):
            raise ValueError(f"volumes {volumes!r} must rise from row to row")
        if any(row.none > row.minor for row in self.rows):
            raise ValueError("a minor deviation must begin above no deviation")
        return self

    def bounds(self, volume_cc: float) -> tuple[float, float] | None:
        """Return (no deviation up to, minor deviation up to) for a target volume.

        Between two rows the figures are interpolated linearly, as the trials ask; outside the
        table there is no answer.

        Examples
        --------
        >>> from constraints.loader import load
        >>> table = load("rtog-0915-0813").volume_tables[0]
        >>> table.bounds(22), table.bounds(1)
        ((4.5, 5.5), None)
        """
        for low, high in pairwise(self.rows):
            if low.volume_cc <= volume_cc <= high.volume_cc:
                share = (volume_cc - low.volume_cc) / (high.volume_cc - low.volume_cc)
                return (
                    low.none + share * (high.none - low.none),
                    low.minor + share * (high.minor - low.minor),
                )
        return None


class IndexLimit(Model):
    """A bound on a plan index that does not depend on the volume of the target."""

    id: str
    index: Index
    structures: tuple[str, ...]
    comparison: Comparison
    value: Number
    kind: Kind
    fractions: tuple[Count, ...] = ()
    technique: Technique
    endpoint: str
    evidence: Evidence
    where: str
    note: str = ""


class ReportItem(Model):
    """A figure that a report of the treatment should state; there is nothing to keep."""

    id: str
    structures: tuple[str, ...]
    metric: MetricField | None = None
    index: Index | None = None
    above_cc: Number | None = None
    """Only for a structure of this volume or more."""
    below_cc: Number | None = None
    """Only for a structure below this volume."""
    technique: Technique | None = None
    """None for every technique."""
    summary: str
    evidence: Evidence
    where: str
    note: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.metric is None) == (self.index is None):
            raise ValueError("give either a metric or an index")
        return self


class GridRule(Model):
    """How fine the dose grid or the planning image must be."""

    id: str
    subject: Literal["dose_grid", "ct"]
    """Edge of a dose voxel, or slice thickness of the image."""
    plans: str
    """Which plans, in the words of the source."""
    technique: Technique | None = None
    """None where the words of the source do not settle it."""
    setting: Setting = Setting.ANY
    sites: tuple[str, ...] = ()
    comparison: Comparison
    value_mm: Number = Field(gt=0)
    kind: Kind
    evidence: Evidence
    where: str
    note: str = ""
