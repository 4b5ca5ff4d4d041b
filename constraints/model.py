"""What the library knows, as frozen values: guidelines, limits, schemes, protocols.

Everything is validated when it is built; a wrong key or value is a `pydantic.ValidationError`
that `constraints.loader` turns into a `constraints.LibraryError` with file and key.
"""

from typing import Literal

from pydantic import Field

from constraints.delineation import DelineationRule, MarginRule, SectorRule
from constraints.limits import ConditionalLimit, Limit, PartLimit, RescaledLimit
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
from constraints.terms import (
    Comparison,
    Course,
    Delivery,
    Evidence,
    Kind,
    Model,
    Setting,
    Source,
    Standing,
    Technique,
)

__all__ = [
    "Comparison",
    "ConditionalLimit",
    "Course",
    "Criterion",
    "DelineationRule",
    "Delivery",
    "Evidence",
    "Governing",
    "GridRule",
    "Guideline",
    "IndexLimit",
    "Indication",
    "Keyword",
    "Kind",
    "Limit",
    "MarginRule",
    "Model",
    "PartLimit",
    "PracticeRange",
    "Protocol",
    "ReirradiationRule",
    "ReportItem",
    "RescaledLimit",
    "RiskCurve",
    "RiskFlag",
    "RiskScore",
    "Row",
    "Scheme",
    "SchemeRange",
    "SectorRule",
    "Setting",
    "Source",
    "Standing",
    "Statement",
    "Technique",
    "VolumeTable",
]


class Scheme(Model):
    """A named pair of total dose and fractions for an indication."""

    id: str
    indication: str
    dose_gy: float = Field(gt=0)
    fractions: int = Field(gt=0)
    standing: Standing
    technique: Technique | None = None
    """None where the source names no technique for the pair."""
    delivery: tuple[Delivery, ...] = ()
    """The techniques of the source's cell for this indication; empty where it names none."""
    course: Course = Course.FIRST
    evidence: Evidence
    where: str
    note: str = ""


class SchemeRange(Model):
    """A range of doses and fractions; never a rectangle that passes, only a place to look.

    Pairs inside a range that no scheme names are judged by their full-dose cord EQD2.
    """

    id: str
    indication: str
    dose_gy: tuple[float, float]
    fractions: tuple[int, int]
    standing: Standing
    technique: Technique | None = None
    """None where the source names no technique for the range."""
    delivery: tuple[Delivery, ...] = ()
    course: Course = Course.FIRST
    evidence: Evidence
    where: str
    note: str = ""


class Statement(Model):
    """A row of a publication that no single bound can hold: listed, never evaluated.

    Rows without a figure, risk points of a model, figures given as a range of practice, and
    figures for a part of an organ that plain contours do not delimit.
    """

    id: str
    """Unique in its guideline, permanent."""
    summary: str
    """The figures of the row in the words of this library, never a sentence of the source."""
    indications: tuple[str, ...] = ()
    """Indications the row speaks of; empty where it is not about a prescription."""
    delivery: tuple[Delivery, ...] = ()
    """The techniques of the source's cell; empty where it names none."""
    evidence: Evidence
    where: str
    note: str = ""


class Guideline(Model):
    """One publication, one file."""

    id: str
    """As the file name; permanent."""
    source: Source
    summary: str = ""
    limits: tuple[Limit, ...] = ()
    """The only rows that are tested on every contour they name."""
    part_limits: tuple[PartLimit, ...] = ()
    conditional_limits: tuple[ConditionalLimit, ...] = ()
    rescaled_limits: tuple[RescaledLimit, ...] = ()
    schemes: tuple[Scheme, ...] = ()
    ranges: tuple[SchemeRange, ...] = ()
    practices: tuple[PracticeRange, ...] = ()
    risk_curves: tuple[RiskCurve, ...] = ()
    risk_flags: tuple[RiskFlag, ...] = ()
    volume_tables: tuple[VolumeTable, ...] = ()
    indices: tuple[IndexLimit, ...] = ()
    report_items: tuple[ReportItem, ...] = ()
    grids: tuple[GridRule, ...] = ()
    reirradiation: tuple[ReirradiationRule, ...] = ()
    scores: tuple[RiskScore, ...] = ()
    sectors: tuple[SectorRule, ...] = ()
    margins: tuple[MarginRule, ...] = ()
    delineation: tuple[DelineationRule, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def rows(self) -> tuple["Row", ...]:
        """Every row, in the order of the fields."""
        return (
            *self.limits,
            *self.part_limits,
            *self.conditional_limits,
            *self.rescaled_limits,
            *self.schemes,
            *self.ranges,
            *self.practices,
            *self.risk_curves,
            *self.risk_flags,
            *self.volume_tables,
            *self.indices,
            *self.report_items,
            *self.grids,
            *self.reirradiation,
            *self.scores,
            *self.sectors,
            *self.margins,
            *self.delineation,
            *self.statements,
        )


Row = (
    Limit
    | Scheme
    | SchemeRange
    | PracticeRange
    | RiskCurve
    | RiskFlag
    | VolumeTable
    | IndexLimit
    | ReportItem
    | GridRule
    | ReirradiationRule
    | RiskScore
    | SectorRule
    | MarginRule
    | DelineationRule
    | Statement
)
"""Any row of a guideline: each has an id, a strength, the place it was read and a note."""


class Criterion(Model):
    """One number a check compares with, and how much authority it has."""

    value: float
    unit: str
    mark: Literal["standard", "tool", "paper", "local"]
    """DICOM or AAPM meaning, value of a published tool, a paper, or a local choice."""
    source: str
    """Publication, tool or reason; a local choice says so."""


class Governing(Model):
    """Which guideline decides for some structures when several speak."""

    structures: tuple[str, ...]
    """TG-263 names; an empty tuple stands for every structure not named elsewhere."""
    technique: Technique
    course: Course = Course.FIRST
    guidelines: tuple[str, ...]
    """In order of precedence: the first that has a limit for the plan's fractions governs."""


class Indication(Model):
    """A row of the guideline table as the checker understands it."""

    id: str
    title: str
    spine: bool
    """Whether the cord, sac or cauda must be judged."""
    site_known: bool = True
    """False where the row does not say whether the bone is a vertebra."""
    course: Course = Course.FIRST
    """Whether the row is about a first course or about re-irradiation."""


class Keyword(Model):
    """Words in names and labels that point to indications or to a site; hints, never proof.

    A word counts where it stands alone between characters that are neither letter nor digit,
    in any case; a trailing ``*`` stands for any ending.
    """

    words: tuple[str, ...] = Field(min_length=1)
    places: tuple[Literal["plan", "target", "structure"], ...] = Field(min_length=1)
    """Where they are looked for: plan label, name and description; names of targets; of all."""
    indications: tuple[str, ...] = ()
    """Ids of the indications they point to."""
    spine: bool | None = None
    """What they say about the site; None where nothing."""


class Protocol(Model):
    """Which guidelines apply and which one governs where they disagree."""

    id: str
    title: str
    guidelines: tuple[str, ...]
    """Ids of every guideline whose limits are evaluated."""
    beside: tuple[str, ...] = ()
    """Those of them that are shown beside and never govern, not even where no other speaks."""
    scheme_tables: tuple[str, ...]
    """Ids of the guidelines whose schemes are recognised; the first is the house table."""
    indications: tuple[Indication, ...]
    governing: tuple[Governing, ...]
    nested: tuple[tuple[str, ...], ...]
    """Chains of TG-263 names from the inside outward: cord, PRV, thecal sac, canal."""
    criteria: dict[str, Criterion]
    """Numbers of the checks by dotted name, such as ``coverage.ptv_d50_percent``."""
    alpha_beta_gy: dict[str, float]
    """Per TG-263 structure, with ``default``."""
    keywords: tuple[Keyword, ...] = ()
    spine_structures: tuple[str, ...] = ()
    """TG-263 names whose contours in the high dose show that the target is spine."""
    ambiguous_pairs: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs that either technique delivers: with arcs or intensity
    modulation both sets of limits are evaluated; local choice."""
    grid_exempt_pairs: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs whose static conformal plans are asked for no dose grid
    spacing; local choice."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Words in names by what they stand for, such as ``left``, ``implants`` or ``thoracic``."""
    treated_bones: tuple[str, ...] = ()
    """TG-263 names of organs that may themselves be the treated bone: where one overlaps a
    target, its limits are advisory."""
