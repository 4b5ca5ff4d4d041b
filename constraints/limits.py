"""Bounds on a dose-volume histogram: the published limit and what needs more than a contour."""

from typing import Literal

from pydantic import Field, model_validator

from constraints.terms import (
    Comparison,
    Course,
    Evidence,
    Kind,
    MetricField,
    Model,
    Number,
    Setting,
    Technique,
)

__all__ = ["ConditionalLimit", "Limit", "PartLimit", "RescaledLimit", "Unit"]

Unit = Literal["Gy", "cc", "%", "%Rx"]


class Limit(Model):
    """One published bound on one metric of one structure for one way of treating.

    A table row with one value per fraction number becomes one limit per fraction number.
    """

    id: str
    """Unique in its guideline, permanent."""
    structures: tuple[str, ...]
    """TG-263 names; the limit applies to each of them that is contoured."""
    metric: MetricField
    comparison: Comparison
    value: float
    unit: Unit
    """Unit of `value`; ``%Rx`` is percent of the prescribed dose, for dose metrics."""
    kind: Kind
    fractions: tuple[int, ...] = ()
    """Numbers of fractions the limit was given for; empty means any."""
    schemes: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs the limit was given for; empty means any."""
    dose_per_fraction_gy: tuple[float, float] | None = None
    """Range of prescribed dose per fraction, both ends included."""
    technique: Technique
    course: Course = Course.ANY
    sites: tuple[str, ...] = ()
    """Body sites (cervical, thoracic, lumbar, sacral, ...); empty means any."""
    setting: Setting = Setting.ANY
    """Intact or operated bone."""
    endpoint: str
    figures_from: tuple[str, ...] = ()
    """TG-263 names of the contours the figure was measured on, where the wording of the source
    names another structure; empty where both are the same."""
    evidence: Evidence
    where: str
    """Table, row or place in the publication."""
    note: str = ""
    published: Number | None = None
    """The published value, where a site file changed it; `value` is then the one of the site."""
    derived_from: tuple[str, ...] = ()
    """Ids of the published limits this one was calculated from; empty for a published limit."""
    decided: tuple[str, ...] = ()
    """What a site file decided about the limit, each in a sentence; empty as published."""


class PartLimit(Limit):
    """A limit on the part of a structure that lies near the target, not on its whole contour.

    Ten percent of a cord that is contoured from skull to sacrum says nothing; the part has to
    be cut out first. Such a limit never stands among the plain ones.
    """

    extent_mm: tuple[Number, Number]
    """How far the part reaches above and below the target: the smallest and largest distance
    the source names, in mm."""


class ConditionalLimit(Limit):
    """A limit for a situation that a plan does not show: listed, never evaluated by itself.

    A limit for prostate treatment, for a solitary kidney or for the far lung is no limit of a
    bone plan until a person says that the condition holds.
    """

    condition: str = Field(min_length=1)
    """The situation, in the words of this library."""


class RescaledLimit(Limit):
    """A limit stated for one number of fractions and meant for others.

    `constraints.derived` converts it by the linear-quadratic model; as it stands it is never
    evaluated.
    """

    reference_fractions: Number = Field(gt=0)
    """Number of fractions the value was stated for; a dose over 2 Gy need not be a whole number."""
    alpha_beta_gy: Number = Field(gt=0)

    @model_validator(mode="after")
    def _plain_dose(self) -> "RescaledLimit":
        if self.metric.scale:
            raise ValueError(f"{self.metric} is scaled already; a rescaled limit is physical dose")
        return self
