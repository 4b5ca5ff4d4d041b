"""Published rules for a further course at the same place: conditions and risk scores."""

from typing import Literal

from pydantic import Field

from constraints.terms import (
    Comparison,
    Count,
    Evidence,
    Kind,
    MetricField,
    Model,
    Number,
    Technique,
)

__all__ = ["ReirradiationRule", "RiskScore", "ScoreGroup", "ScoreItem"]

Quantity = Literal[
    "cumulative_dose",
    "course_dose",
    "retreatment_dose",
    "retreatment_share",
    "interval",
    "additional_dose",
    "recovery",
]
"""What a rule bounds: the sum over all courses, each single course, the new course, its share of
the sum, the time since the earlier course, what a further course may add, or how much of the
tolerance has come back."""


class ReirradiationRule(Model):
    """One condition on the courses at one place."""

    id: str
    quantity: Quantity
    structures: tuple[str, ...] = ()
    metric: MetricField | None = None
    """For doses, with its scale: ``EQD2(2):Dmax``, ``BED(2):Dmax``."""
    comparison: Comparison
    value: Number
    unit: Literal["Gy", "months", "ratio", "%"]
    kind: Kind
    fractions: tuple[Count, ...] = ()
    """Numbers of fractions of the new course; empty means any."""
    technique: Technique | None = None
    """Technique of the new course; None for both."""
    earlier_technique: Technique | None = None
    after: tuple[tuple[Number, Count], ...] = ()
    """(dose in Gy, fractions) of the earlier course; empty means any."""
    after_months: Number | None = None
    """Holds from this many months after the earlier course on."""
    courses: Count = Field(default=2, ge=2)
    """Which course it is about: 2 for the second at this place."""
    together: str = ""
    """Name of the set of conditions that only count together."""
    decision: Literal["", "manual"] = ""
    """``manual`` where the source gives no rule to follow and a person must judge."""
    endpoint: str
    evidence: Evidence
    where: str
    note: str = ""


class ScoreItem(Model):
    """Points for one finding."""

    quantity: Quantity
    low: Number | None = None
    """Above this figure; None for no lower end."""
    high: Number | None = None
    """Up to and including this figure; None for no upper end."""
    at_least: Number | None = None
    """From this figure on, inclusive."""
    below: Number | None = None
    """Below this figure."""
    unit: Literal["Gy", "months"]
    alpha_beta_gy: Number | None = Field(default=None, gt=0)
    points: Number


class ScoreGroup(Model):
    """Risk of a range of points."""

    name: str
    low: Number
    high: Number | None = None
    """Up to and including; None for the last group."""
    risk_percent: Number | None = Field(default=None, ge=0, le=100)
    """Observed rate, where the source gives one."""


class RiskScore(Model):
    """Points that add up to a risk group."""

    id: str
    structures: tuple[str, ...]
    items: tuple[ScoreItem, ...] = ()
    groups: tuple[ScoreGroup, ...] = Field(min_length=1)
    endpoint: str
    evidence: Evidence
    where: str
    note: str = ""
